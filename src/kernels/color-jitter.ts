import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { expectShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOperands, expectWithoutGaps } from './elements.js';
import { specialise } from './kernel.js';
import changesSource from '../../shaders/shared/color_jitter.wgsl';
import jitterSource from '../../shaders/color_jitter.wgsl';
import meanSource from '../../shaders/color_jitter_mean.wgsl';

/** A change that a colour jitter makes. */
export type ColorChange = 'brightness' | 'contrast' | 'saturation' | 'hue';

/** The changes, by the digits that stand for them in a draw. */
const CHANGES: readonly ColorChange[] = ['brightness', 'contrast', 'saturation', 'hue'];

/** The draw of one image's colour jitter. */
export interface ColorDraw {
  /** What the values are multiplied with; 1 leaves them. */
  readonly brightness: number;
  /** What the distances from the mean of the image's grey values are multiplied with. */
  readonly contrast: number;
  /** What the distances from the pixel's own grey value are multiplied with. */
  readonly saturation: number;
  /** How far the hue is moved, from -0.5 to 0.5, a whole turn being 1. */
  readonly hue: number;
  /** The changes in their order, each once. Default: brightness, contrast, saturation, hue. */
  readonly order?: readonly ColorChange[];
}

/** Numbers of a draw: whether there is one, the four changes, their order. */
export const COLOR_DRAW_NUMBERS = 6;
/** Pixels of a workgroup: enough for each invocation that what all of them do first weighs little. */
const PIECE = 1024;
/** Sums that the second pass adds up, at most. */
const MOST_PARTS = 64;

/**
 * Writes draws as imageColorJitter() reads them, six numbers each: 1 or, for an image that stays as it is, 0; the factors of brightness,
 * contrast and saturation; the shift of the hue; the order in digits of base 4.
 *
 * @param draws null for an image that stays as it is
 * @throws INVALID_ARGUMENT for numbers that are not finite, factors below 0, a shift beyond half a turn, and orders without some change
 */
export function colorDraws(draws: readonly (ColorDraw | null)[]): Float32Array {
  return Float32Array.from(
    draws.flatMap((draw) => {
      if (draw === null) return [0, 1, 1, 1, 0, 0];
      const { brightness, contrast, saturation, hue, order = CHANGES } = draw;
      const factors = [brightness, contrast, saturation];
      const digits = order.map((change) => CHANGES.indexOf(change));
      const fits = factors.every((factor) => Number.isFinite(factor) && factor >= 0) && Math.abs(hue) <= 0.5;
      if (!fits || digits.length !== CHANGES.length || !CHANGES.every((_, digit) => digits.includes(digit))) {
        throw new ShadegradError('INVALID_ARGUMENT', 'draw of a colour jitter', {
          expected: `factors of at least 0, a hue from -0.5 to 0.5, and ${CHANGES.join(', ')} in some order`,
          received: JSON.stringify(draw),
          fix: 'draw factors around 1 and shifts of the hue around 0',
        });
      }
      return [1, ...factors, hue, digits.reduce((code, digit, place) => code + digit * 4 ** place, 0)];
    }),
  );
}

/**
 * Changes the colours of images as torchvision's ColorJitter does: brightness, contrast (against the mean of the image's grey values),
 * saturation and hue, each image by its own draw. Images of one channel have brightness and contrast alone. Not differentiable.
 *
 * @param x [batch, height, width, 3 or 1], in [-1, 1]
 * @param draws [batch, 6], what colorDraws() makes; a recorded step reads anew what it holds each time it runs
 * @param out where to put the result, such as a channel slice of a wider tensor; not x itself; made when absent
 * @returns x's shape, in [-1, 1]
 * @throws INVALID_ARGUMENT for another type or number of channels; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageColorJitter(x: Tensor, draws: Tensor, out?: Tensor): Tensor {
  expectOperands('imageColorJitter', { x, draws, out });
  expectWithoutGaps('imageColorJitter', { draws }, 'copy it first');
  const [batch, height, width, channels] = imageShape(x.shape, 'x of imageColorJitter');
  if (channels !== 1 && channels !== 3) {
    throw new ShadegradError('INVALID_ARGUMENT', 'channels of imageColorJitter', {
      expected: '3, for red, green and blue, or 1',
      received: String(channels),
      fix: 'change the channels that are colours: x.sliceChannels(0, 3)',
    });
  }
  expectShape('draws of imageColorJitter', [batch, COLOR_DRAW_NUMBERS], draws.shape);
  const { gpu } = x;
  const output = out ?? Tensor.empty(gpu, x.shape, 'jittered colours');
  expectShape('out of imageColorJitter', x.shape, output.shape);
  const pixels = height * width;
  const part = Math.max(PIECE, 64 * Math.ceil(pixels / MOST_PARTS / 64));
  const count = Math.ceil(pixels / part);
  const parts = Tensor.empty(gpu, [batch, count], 'grey sums');
  const constants = { COLOURS: channels === 3 };
  gpu.dispatch({
    shader: specialise('color_jitter_mean', [changesSource, meanSource], constants),
    bindings: [x.read(), draws.read(), parts.written()],
    params: new Params().u32(pixels, part, count, draws.base, x.base, x.rowStride),
    workgroups: [count, batch, 1],
  });
  gpu.dispatch({
    shader: specialise('color_jitter', [changesSource, jitterSource], constants),
    bindings: [x.read(), draws.read(), parts.read(), output.written()],
    params: new Params().u32(pixels, PIECE, count, draws.base, x.base, x.rowStride, output.base, output.rowStride),
    workgroups: [Math.ceil(pixels / PIECE), batch, 1],
  });
  parts.dispose();
  return output;
}
