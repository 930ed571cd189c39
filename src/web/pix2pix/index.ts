/**
 * Training pix2pix and translating with what it trains, and nothing else: the same code as in `shadegrad`, for pages that are to load
 * quickly. It is a copy of its own: what it makes and what `shadegrad` makes do not mix.
 *
 * @module shadegrad/pix2pix
 */
export { ShadegradError, type ErrorCode, type ErrorDetails } from '../../errors.js';
export type { PairedDataset } from '../../data/dataset.js';
export type { ImagePair, RgbImage } from '../../data/image.js';
export type { Gpu } from '../../gpu/gpu.js';
export type { GpuRequest } from '../../gpu/request.js';
export { pix2pix, type Pix2PixNetworks, type Pix2PixOptions } from '../../schemes/pix2pix.js';
export { Trainer } from '../../training/trainer.js';
export type { TrainerOptions } from '../../training/trainer-options.js';
export { Translator, type FittedImage, type TranslatorOptions } from '../../training/translator.js';
export { requestGpu } from '../adapter.js';
export { networkBlob, type NetworkBlobOptions } from '../network-blob.js';
