import { elementCount, type Shape } from '../src/tensor/shape.js';

export { formatShape as format } from '../src/tensor/shape.js';

/** Shapes of pix2pix at 256 x 256, ngf 64, batch 1, at which kernels other than convolutions are timed. */
export const SKIP_128: Shape = [1, 128, 128, 128];
export const FEATURES_64: Shape = [1, 64, 64, 128];
export const FEATURES_32: Shape = [1, 32, 32, 256];
export const FEATURES_8: Shape = [1, 8, 8, 512];
export const IMAGE: Shape = [1, 256, 256, 3];
export const LOGITS: Shape = [1, 30, 30, 1];

/** Bytes of float tensors of these shapes together. */
export const bytesOf = (...shapes: readonly Shape[]): number => shapes.reduce((sum, shape) => sum + 4 * elementCount(shape), 0);
