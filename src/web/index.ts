export * from '../index.js';
export { blobSource } from './blob-source.js';
export { loadModule, moduleBlob } from './module-file.js';
export { requestGpu } from './adapter.js';
export { addToTuningCache, readTuningCache } from './tuning-cache.js';
