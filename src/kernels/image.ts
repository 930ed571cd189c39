import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { describeSize, widthAndHeight, type PixelSize } from '../pixel-size.js';
import { Params } from '../gpu/params.js';
import { expectShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { deviceTable } from './bicubic-table.js';
import { expectOneDevice, expectOperands, type Operands } from './elements.js';
import { grid, specialise } from './kernel.js';
import bytesSource from '../../shaders/image_bytes.wgsl';
import fixedPointSource from '../../shaders/image_fixed_point.wgsl';
import fromFloatSource from '../../shaders/image_from_float.wgsl';
import drawsSource from '../../shaders/image_draws.wgsl';
import jitterSource from '../../shaders/image_jitter.wgsl';
import resizeSource from '../../shaders/image_resize.wgsl';
import toFloatSource from '../../shaders/image_to_float.wgsl';

/** The draw of one sample's jitter: its crop and mirroring; a pair's two halves share one. */
export interface ImageDraw {
  /** Left edge of the crop in the resized image, in pixels: 0 to the widths' difference. */
  readonly cropX: number;
  /** Upper edge of the crop, in pixels: 0 to the heights' difference. */
  readonly cropY: number;
  /** Whether to exchange left and right. */
  readonly mirror: boolean;
  /** Which image of the bytes to take; that of the draw's own position unless given. */
  readonly source?: number;
}

/** The sizes of imageJitter(): what images are resized to, and what is cut out of that. */
export interface JitterSizes {
  /** What images are resized to, in pixels: the side of squares, or width and height. */
  readonly loadSize: PixelSize;
  /** The crop, likewise; along both axes at most loadSize. */
  readonly cropSize: PixelSize;
}

/** Four u32: cropX, cropY, mirror, source. */
const BYTES_PER_DRAW = 16;

/** @throws as expectOperands(); INVALID_ARGUMENT for a channel slice too: bytes travel four to a word */
function expectBytes(operation: string, operands: Operands): void {
  expectOperands(operation, operands, 'u8');
  for (const name in operands) {
    if (!operands[name] || operands[name].contiguous) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `${operation}: ${name} "${operands[name].label}" is a channel slice`, {
      expected: 'whole images of bytes',
      received: 'some of the channels of a wider u8 tensor',
      fix: 'take the tensor that it was sliced from, or make one with Tensor.fromBytes()',
    });
  }
}

/** @throws as expectOperands(); DEVICE_MISMATCH unless `out` is where the bytes are */
function expectFloatOut(operation: string, bytes: Tensor, out: Tensor | undefined): void {
  if (!out) return;
  expectOperands(operation, { out });
  expectOneDevice(operation, ['bytes', bytes], ['out', out]);
}

function expectSide(side: number, what: string): void {
  if (Number.isInteger(side) && side >= 1) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: 'a whole number of at least 1',
    received: String(side),
    fix: 'round what it was computed from, and check that that is not empty',
  });
}

/**
 * Makes numbers in [-1, 1] of the bytes 0..255 of images: byte / 127.5 - 1, both ends exact.
 *
 * @param bytes u8 [..., channels]
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @throws INVALID_ARGUMENT for another type or sizes that cannot be; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageToFloat(bytes: Tensor, out?: Tensor): Tensor {
  expectBytes('imageToFloat', { bytes });
  expectFloatOut('imageToFloat', bytes, out);
  const output = out ?? Tensor.empty(bytes.gpu, bytes.shape, 'image');
  expectShape('out of imageToFloat', bytes.shape, output.shape);
  bytes.gpu.dispatch({
    shader: specialise('image_to_float', [bytesSource, toFloatSource]),
    bindings: [bytes.read('u8'), output.written()],
    params: new Params().u32(bytes.size, bytes.channels, bytes.base, output.base, output.rowStride),
    workgroups: grid(bytes.size, 64),
  });
  return output;
}

/**
 * The inverse of imageToFloat: (x + 1) * 127.5, rounded (halves up) and clamped to 0..255.
 * @param x [..., channels], f32
 * @returns u8 of x's shape
 * @throws INVALID_ARGUMENT
 */
export function floatToImage(x: Tensor): Tensor {
  expectOperands('floatToImage', { x });
  const output = Tensor.empty(x.gpu, x.shape, 'image bytes', 'u8');
  x.gpu.dispatch({
    shader: specialise('image_from_float', [fromFloatSource]),
    bindings: [x.read(), output.written('u8')],
    params: new Params().u32(x.size, x.channels, x.base, x.rowStride),
    workgroups: grid(Math.ceil(x.size / 4), 64),
  });
  return output;
}

/** One axis: `outer` blocks of `inSize` positions with `inner` bytes each. */
function resizeAxis(bytes: Tensor, shape: readonly number[], outer: number, inSize: number, outSize: number, inner: number): Tensor {
  const { gpu } = bytes;
  const output = Tensor.empty(gpu, shape, 'resized image', 'u8');
  const count = outer * outSize * inner;
  const table = deviceTable(gpu, inSize, outSize);
  gpu.dispatch({
    shader: specialise('image_resize', [bytesSource, fixedPointSource, resizeSource]),
    bindings: [bytes.read('u8'), table.binding, output.written('u8')],
    params: new Params().u32(count, bytes.base, inSize, outSize, inner, table.taps),
    workgroups: grid(Math.ceil(count / 4), 64),
  });
  return output;
}

/**
 * Resizes images on the device as Pillow's `Image.resize(size, Image.BICUBIC)` does, byte for byte: along rows, then along columns.
 *
 * @param bytes u8 [batch, height, width, channels]
 * @returns u8 [batch, outHeight, outWidth, channels]; `bytes` under a handle of its own when the sizes are equal
 * @throws INVALID_ARGUMENT for another type or sizes that cannot be; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageResizeBicubic(bytes: Tensor, outHeight: number, outWidth: number): Tensor {
  expectBytes('imageResizeBicubic', { bytes });
  expectSide(outHeight, 'height to resize to');
  expectSide(outWidth, 'width to resize to');
  const [batch, height, width, channels] = imageShape(bytes.shape, 'bytes of imageResizeBicubic');
  const across =
    width === outWidth ? bytes.detach() : resizeAxis(bytes, [batch, height, outWidth, channels], batch * height, width, outWidth, channels);
  if (height === outHeight) return across;
  const result = resizeAxis(across, [batch, outHeight, outWidth, channels], batch, height, outHeight, outWidth * channels);
  across.dispose();
  return result;
}

/**
 * Makes a buffer for the draws of imageJitter(), one for each sample of a batch; fill it with writeImageDraws(). It outlives recorded
 * steps, which read anew what it holds each time they run.
 *
 * @throws INVALID_ARGUMENT for a batch that is no whole number of at least 1
 */
export function imageDraws(gpu: Gpu, batch: number): Tensor {
  expectSide(batch, 'batch of image draws');
  return Tensor.fromBytes(gpu, new Uint8Array(batch * BYTES_PER_DRAW), [batch, BYTES_PER_DRAW], 'image draws');
}

/**
 * Sets the draws of the next run of imageJitter().
 *
 * @param draws from imageDraws()
 * @param values one for each sample of the batch
 * @throws INVALID_ARGUMENT for draws that cannot be; SHAPE_MISMATCH for another number of them; USE_AFTER_FREE
 */
export function writeImageDraws(draws: Tensor, values: readonly ImageDraw[]): void {
  expectBytes('writeImageDraws', { draws });
  expectShape('image draws', [values.length, BYTES_PER_DRAW], draws.shape);
  const words = values.flatMap(({ cropX, cropY, mirror, source }, index) => [cropX, cropY, mirror ? 1 : 0, source ?? index]);
  if (!words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'image draws', {
      expected: 'crop corners and sources as whole numbers from 0 up',
      received: JSON.stringify(values),
      fix: 'draw them with jitterDraw()',
    });
  }
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, index) => view.setUint32(index * 4, word, true));
  draws.writeBytes(new Uint8Array(view.buffer));
}

/**
 * Applies pix2pix's random jitter on the device: each sample is resized to loadSize (bicubic, as imageResizeBicubic()), cropped,
 * mirrored if drawn so, and taken to [-1, 1]. Draws beyond the images are brought back to their edge.
 *
 * @param bytes u8 [images, height, width, channels]; any number of images, from which the draws' `source` chooses
 * @param draws from imageDraws(); its length is the batch
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @returns [batch, crop height, crop width, channels]
 * @throws INVALID_ARGUMENT for another type or sizes that cannot be; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageJitter(bytes: Tensor, draws: Tensor, { loadSize, cropSize }: JitterSizes, out?: Tensor): Tensor {
  expectBytes('imageJitter', { bytes, draws });
  expectFloatOut('imageJitter', bytes, out);
  const [loadWidth, loadHeight] = widthAndHeight(loadSize);
  const [cropWidth, cropHeight] = widthAndHeight(cropSize);
  for (const side of [loadWidth, loadHeight]) expectSide(side, 'loadSize of imageJitter');
  for (const side of [cropWidth, cropHeight]) expectSide(side, 'cropSize of imageJitter');
  if (cropWidth > loadWidth || cropHeight > loadHeight) {
    throw new ShadegradError('INVALID_ARGUMENT', 'imageJitter: the crop is larger than the resized image', {
      expected: `a cropSize of at most ${describeSize(loadSize)}, the loadSize`,
      received: describeSize(cropSize),
      fix: 'use a larger loadSize (286 for crops of 256 in the paper)',
    });
  }
  const { gpu } = bytes;
  const [images, height, width, channels] = imageShape(bytes.shape, 'bytes of imageJitter');
  const batch = draws.shape[0]!;
  expectShape('draws of imageJitter', [batch, BYTES_PER_DRAW], draws.shape);
  const shape = [batch, cropHeight, cropWidth, channels];
  const output = out ?? Tensor.empty(gpu, shape, 'jittered image');
  expectShape('out of imageJitter', shape, output.shape);
  const across = deviceTable(gpu, width, loadWidth);
  const down = deviceTable(gpu, height, loadHeight);
  gpu.dispatch({
    shader: specialise('image_jitter', [bytesSource, fixedPointSource, drawsSource, jitterSource]),
    bindings: [bytes.read('u8'), draws.read('u8'), across.binding, down.binding, output.written()],
    params: new Params().u32(
      batch,
      images,
      height,
      width,
      channels,
      bytes.base,
      loadWidth,
      loadHeight,
      cropWidth,
      cropHeight,
      across.taps,
      down.taps,
      output.base,
      output.rowStride,
    ),
    workgroups: grid(batch * cropHeight * cropWidth * Math.ceil(channels / 4), 64),
  });
  return output;
}
