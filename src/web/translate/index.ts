/**
 * Translating images with one trained network, and nothing else: the same code as in `shadegrad`, without what training and other
 * programs' files need, for pages that are to load quickly. It is a copy of its own: what it makes and what `shadegrad` makes do not mix.
 *
 * @module shadegrad/translate
 */
export { ShadegradError, type ErrorCode, type ErrorDetails } from '../../errors.js';
export type { RgbImage } from '../../data/image.js';
export type { Gpu } from '../../gpu/gpu.js';
export type { GpuRequest } from '../../gpu/request.js';
export type { NetworkKind } from '../../models/kind.js';
export type { FittedImage, TranslatorOptions } from '../../training/translator.js';
export { Translator } from '../../training/translator.js';
export { openTranslator, type OpenedTranslator, type OpenTranslatorOptions } from '../open-translator.js';
export { requestGpu } from '../adapter.js';
export { ENCODER_DECODER as encoderDecoder } from '../../models/encoder-decoder.js';
export { RESNET as resNet } from '../../models/resnet.js';
export { STARGAN_GENERATOR as starGan } from '../../models/stargan-generator.js';
export { UNET as uNet } from '../../models/unet.js';
