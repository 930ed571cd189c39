export * from '../index.js';
export { requestGpu } from './adapter.js';
export { addToTuningCache, readTuningCache } from './tuning-cache.js';
