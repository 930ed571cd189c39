export { ShadegradError, type ErrorCode, type ErrorDetails } from './gpu/errors.js';
export { createImage, crop, imageGrid, joinPair, mirror, splitPair, type GridOptions, type ImagePair, type RgbImage } from './data/image.js';
export { resizeBicubic } from './data/resize.js';
export type { PairedDataset, ProgressCallback } from './data/dataset.js';
export { epochPermutation, jitterDraw, type JitterDraw, type JitterOptions } from './data/shuffle.js';
export { averageMetrics, compareImages, constantBaseline, imageL1, imagePsnr, imageSsim, meanImage, type ImageMetrics } from './training/metrics.js';
export { syntheticFacades, type SyntheticFacadesOptions } from './data/synthetic-facades.js';
export { FACADE_CLASSES, type FacadeClass } from './data/facades/classes.js';
