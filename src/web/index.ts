/**
 * What a program in a browser may import beside everything in shadegrad: the device, and files that the user chose.
 *
 * @module shadegrad in browsers
 */
export * from '../index.js';
export { blobSource } from './blob-source.js';
export { loadModule, moduleBlob } from './module-file.js';
export { networkBlob, type NetworkBlobOptions } from './network-blob.js';
export { openTranslator, type OpenedTranslator, type OpenTranslatorOptions } from './open-translator.js';
export { openWeightFiles } from './weight-files.js';
export { requestGpu } from './adapter.js';
export { addToTuningCache, readTuningCache } from './tuning-cache.js';
