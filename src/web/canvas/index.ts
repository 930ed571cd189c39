/**
 * Pictures, canvases and videos of a browser through a generator, and onto a canvas, without a copy through the host where WebGPU allows.
 *
 * @module shadegrad/canvas
 */
import '../../autograd/methods.js';

export { fromPixels, toCanvas, toImageBitmap, toImageData, type FromPixelsOptions, type ToPixelsOptions } from './pixels.js';
export { CanvasTranslator, type CanvasTranslatorOptions, type Drawn, type DrawOptions } from './translator.js';
export { LatestWins, type Outcome } from './latest.js';
export type { CanvasFit } from './fit.js';
export type { PixelPath } from './intake.js';
export type { AnyCanvas } from './outlet.js';
export type { ImageSource } from './source.js';
