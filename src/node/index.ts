export * from '../index.js';
export { atomicWriter, writeFileAtomic, type AtomicWriter } from './files.js';
export { decodeImage, encodePng, readImage, writePng } from './images.js';
