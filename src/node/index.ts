export * from '../index.js';
export { atomicWriter, writeFileAtomic, type AtomicWriter } from './files.js';
export { decodeImage, encodePng, readImage, writePng } from './images.js';
export { listImages, openPairedFolder, type PairedFolderOptions, type Split } from './dataset.js';
