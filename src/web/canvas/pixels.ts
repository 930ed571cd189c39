import { expectOptions } from '../../checks.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { expectTensor } from '../../kernels/elements.js';
import { imageToFloat } from '../../kernels/image.js';
import { expectPicture, imageToPixels } from '../../kernels/pixels.js';
import { Tensor } from '../../tensor/tensor.js';
import { expectChoice, expectGpu, expectPath, framingOf } from './checks.js';
import type { CanvasFit } from './fit.js';
import { Intake, type PixelPath } from './intake.js';
import { defaultOutput, Outlet, type AnyCanvas } from './outlet.js';
import type { ImageSource } from './source.js';

/** Options of fromPixels(): the sides of the image, and how the source becomes one. */
export interface FromPixelsOptions {
  /** Sides of the image in pixels, one of a square or width and height. Default: those of the source. */
  size?: number | readonly [width: number, height: number];
  /** Channels of the image: 3 for colours, 1 for luminance (ITU-R BT.601). Default 3. */
  channels?: 1 | 3;
  /** How a source of other proportions becomes the image. Default 'cover'. */
  fit?: CanvasFit;
  /** Whether left and right are exchanged. Default false. */
  mirror?: boolean;
  /** What shows through clear pixels, and beside a source that is contained: red, green, blue from 0 to 255. Default white. */
  background?: readonly [red: number, green: number, blue: number];
  /** How pixels come in. Default 'device', where the browser can do so for a source; of videos 'host' on an adapter that is a CPU. */
  path?: PixelPath;
}

/**
 * Makes a tensor of what a source shows now, in [-1, 1] as networks of images take it: pixels stay on the device where the browser can copy
 * the source there. What is half clear is laid on the background; sides are changed as Pillow does, bicubic and antialiased;
 * tf.browser.fromPixels.
 *
 * ```ts
 * const x = fromPixels(gpu, video, { size: 256, mirror: true });          // [1, 256, 256, 3]
 * ```
 *
 * @param source is read during the call: a frame may be closed after it
 * @returns [1, height, width, channels]
 * @throws IMAGE_NOT_READY, IMAGE_SIZE, IMAGE_TAINTED, LIMIT_EXCEEDED and INVALID_ARGUMENT for a source or options that cannot be;
 *   RECORDING inside record(); DEVICE_LOST
 */
export function fromPixels(gpu: Gpu, source: ImageSource, options: FromPixelsOptions = {}): Tensor {
  const names = ['size', 'channels', 'fit', 'mirror', 'background', 'path'] as const;
  const { size, channels = 3, path } = expectOptions('fromPixels', options, names);
  expectChoice('channels of fromPixels', channels, [1, 3]);
  const wanted = { ...framingOf('fromPixels', options, ['path', path]), size: size === undefined ? null : sidesOf(size), channels };
  expectGpu('fromPixels', gpu);
  expectEager(gpu, 'fromPixels');
  const intake = new Intake(gpu);
  try {
    const { bytes } = intake.take(source, { ...wanted, isResized: true });
    const image = imageToFloat(bytes);
    bytes.dispose();
    return image;
  } finally {
    intake.dispose();
  }
}

/** Options of toCanvas() and toImageBitmap(). */
export interface ToPixelsOptions {
  /** How pixels go out. Default 'device' on a GPU, 'host' on an adapter that is a CPU. */
  path?: PixelPath;
}

/**
 * Shows a tensor on a canvas, which gets its sides: on the device by a WebGPU context of the canvas, or, where it has a 2D context, through
 * the memory of the program; tf.browser.draw.
 *
 * ```ts
 * await toCanvas(network.forward(x), canvas);
 * ```
 *
 * @param image [1, height, width, 3], or 1 channel (grey), from -1 to 1; what lies beyond is clamped
 * @param canvas without a context, or with one of "webgpu" or "2d"
 * @returns the way that the pixels went
 * @throws SHAPE_MISMATCH for another shape; INVALID_ARGUMENT for what is no tensor, no canvas, or a canvas with another context;
 *   LIMIT_EXCEEDED, USE_AFTER_FREE, RECORDING, DEVICE_LOST; the canvas is as it was then
 */
export async function toCanvas(image: Tensor, canvas: AnyCanvas, options: ToPixelsOptions = {}): Promise<PixelPath> {
  const { path } = expectOptions('toCanvas', options, ['path']);
  const outlet = outletFor(image, canvas, 'toCanvas', path);
  try {
    await outlet.show(image);
    return outlet.path;
  } finally {
    outlet.dispose();
  }
}

/**
 * Reads a tensor back as pixels; tf.browser.toPixels.
 *
 * @param image [1, height, width, 3], or 1 channel (grey), from -1 to 1; what lies beyond is clamped
 * @returns opaque pixels
 * @throws SHAPE_MISMATCH for another shape; INVALID_ARGUMENT for what is no tensor; USE_AFTER_FREE, RECORDING, DEVICE_LOST
 */
export async function toImageData(image: Tensor): Promise<ImageData> {
  const [height, width] = expectImage(image, 'toImageData');
  const pixels = Tensor.empty(image.gpu, [height, width, 4], 'pixels of an image', 'u8').keep();
  try {
    imageToPixels(image, pixels);
    return new ImageData(new Uint8ClampedArray(await pixels.bytes()), width, height);
  } finally {
    pixels.dispose();
  }
}

/**
 * Makes an ImageBitmap of a tensor, which canvases draw and workers hand over: without a copy through the memory of the program on a GPU.
 *
 * @param image [1, height, width, 3], or 1 channel (grey), from -1 to 1; what lies beyond is clamped
 * @throws as toImageData(); LIMIT_EXCEEDED
 */
export async function toImageBitmap(image: Tensor, options: ToPixelsOptions = {}): Promise<ImageBitmap> {
  const { path } = expectOptions('toImageBitmap', options, ['path']);
  const [height, width] = expectImage(image, 'toImageBitmap');
  const canvas = new OffscreenCanvas(width, height);
  const outlet = outletFor(image, canvas, 'toImageBitmap', path);
  try {
    await outlet.show(image);
    return canvas.transferToImageBitmap();
  } finally {
    outlet.dispose();
  }
}

function outletFor(image: Tensor, canvas: AnyCanvas, of: string, path?: PixelPath): Outlet {
  expectImage(image, of);
  const way = path ?? defaultOutput(image.gpu);
  expectPath(`path of ${of}`, way);
  return new Outlet(image.gpu, canvas, way);
}

/** Height and width of an image that can be shown now. */
function expectImage(image: Tensor, of: string): [height: number, width: number] {
  expectTensor(of, 'image', image);
  expectEager(image.gpu, of);
  const [height, width] = expectPicture(image);
  image.assertLive();
  return [height, width];
}

/** @throws RECORDING inside record(): neither a source nor a canvas can be part of a step that is replayed */
function expectEager(gpu: Gpu, of: string): void {
  if (!gpu.tracing) return;
  throw new ShadegradError('RECORDING', `${of}() inside a recorded function`, {
    expected: 'pixels that come and go outside of it',
    received: 'a call while record() traces its function',
    fix: 'call it before or after run(), with a tensor that the recorded function reads or returns',
  });
}

function sidesOf(size: number | readonly [number, number]): readonly [number, number] {
  const sides = typeof size === 'number' ? [size, size] : size;
  const areSides = Array.isArray(sides) && sides.length === 2 && sides.every((side) => Number.isInteger(side) && side >= 1);
  if (areSides) return [sides[0]!, sides[1]!];
  throw new ShadegradError('INVALID_ARGUMENT', 'size of fromPixels', {
    expected: 'whole pixels: the side of a square, or [width, height]',
    received: String(size),
    fix: 'round them, or leave the size out for that of the source',
  });
}
