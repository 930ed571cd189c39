import { expectFloats, expectTensor } from '../../kernels/elements.js';
import { ShadegradError } from '../../errors.js';
import * as kernel from '../../kernels/upsample.js';
import { expectOptions } from '../../checks.js';
import { formatShape, imageShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { packed, permute } from './axes.js';
import { expectName, pair, type OutOption, type Pair } from './options.js';

/** Options of upsample(): the new size, how pixels are made for it, and a place for the result. */
export interface UpsampleOptions extends OutOption {
  /** How many times as high and wide; [vertical, horizontal] or both. Give this or `size`. */
  scale?: Pair;
  /** The new height and width, in pixels. Give this or `scale`. */
  size?: Pair;
  /** What a pixel is made of: the nearest one (rounded down), or its neighbours by their distance. Default 'nearest'. */
  mode?: 'nearest' | 'bilinear';
  /** Whether the centres of the corner pixels stay where they are, instead of the outer edges; for 'bilinear'. Default false. */
  alignCorners?: boolean;
}

/**
 * Brings images [batch, h, w, channels] to another size, as torch.nn.functional.interpolate does (which also makes them smaller,
 * without smoothing).
 *
 * @throws SHAPE_MISMATCH for another number of axes; INVALID_ARGUMENT for other types and options, neither or both of `scale` and
 *   `size`, and a size without a pixel
 */
export function upsample(x: Tensor, options: UpsampleOptions = {}): Tensor {
  const {
    scale,
    size,
    mode = 'nearest',
    alignCorners = false,
    out,
  } = expectOptions('upsample', options, ['scale', 'size', 'mode', 'alignCorners', 'out']);
  expectTensor('upsample', 'x', x);
  expectFloats('upsample', { x, out });
  const [, height, width] = imageShape(x.shape, 'input of upsample');
  expectName('mode of upsample', ['nearest', 'bilinear'], mode);
  if ((scale === undefined) === (size === undefined)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'size of upsample', {
      expected: 'either scale or size',
      received: scale === undefined ? 'neither' : 'both',
      fix: 'pass one of the two',
    });
  }
  const scales = pair(scale ?? 1);
  const sizes = size === undefined ? ([Math.floor(height * scales[0]), Math.floor(width * scales[1])] as const) : pair(size);
  if (!sizes.every((length) => Number.isInteger(length) && length >= 1) || !scales.every((factor) => factor > 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'size of upsample', {
      expected: 'whole numbers of at least 1 pixel',
      received: formatShape(sizes),
      fix: 'use a positive size, or a scale that leaves a pixel',
    });
  }
  if (alignCorners && mode === 'nearest') {
    throw new ShadegradError('INVALID_ARGUMENT', 'alignCorners of upsample', {
      expected: 'the mode bilinear',
      received: mode,
      fix: 'leave alignCorners out',
    });
  }
  const ratio = (axis: 0 | 1, length: number): number => {
    if (alignCorners) return sizes[axis] > 1 ? (length - 1) / (sizes[axis] - 1) : 0;
    return size === undefined ? 1 / scales[axis] : length / sizes[axis];
  };
  const resampling = { mode, size: sizes, ratio: [ratio(0, height), ratio(1, width)] as const, alignCorners };
  const attributes = { mode, alignCorners, size: sizes, scale: size === undefined ? scales : null };
  return called('upsample', [x], attributes, () => resampled(x, resampling, out));
}

// Linear, and each is the adjoint of the other.

function resampled(x: Tensor, resampling: kernel.Resampling, out?: Tensor): Tensor {
  return track(
    'upsample',
    [x],
    kernel.upsample(x, resampling, out),
    rule(
      [],
      (dy) => [gathered(dy, x.shape, resampling)],
      () => kernel.upsample(x, resampling),
    ),
  );
}

function gathered(dy: Tensor, shape: Shape, resampling: kernel.Resampling): Tensor {
  return track(
    'upsample gradient',
    [dy],
    kernel.upsampleGrad(dy, shape, resampling),
    rule([], (g) => [resampled(g, resampling)]),
  );
}

function expectFactor(what: string, factor: number, divides: boolean, expected: string, received: Shape): void {
  if (Number.isInteger(factor) && factor >= 1 && divides) return;
  throw new ShadegradError('INVALID_ARGUMENT', `factor of ${what}`, {
    expected: `a whole number of at least 1 ${expected}`,
    received: `${factor} for ${formatShape(received)}`,
    fix: 'choose the channels or the size of the images to fit',
  });
}

/**
 * Makes pixels of channels, with r the factor (Shi et al. 2016): [batch, h, w, c r^2] becomes [batch, h r, w r, c], where channel c r^2
 * + i r + j goes to row i, column j; torch.nn.functional.pixel_shuffle.
 *
 * @param factor how many times as high and wide, a whole number
 * @throws SHAPE_MISMATCH for another number of axes; INVALID_ARGUMENT for channels that the factor's square does not divide
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  expectTensor('pixelShuffle', 'x', x);
  const [batch, height, width, channels] = imageShape(x.shape, 'input of pixelShuffle');
  expectFactor('pixelShuffle', factor, channels % factor ** 2 === 0, 'whose square divides the channels', x.shape);
  return called('pixelShuffle', [x], { factor }, () => {
    const parts = packed(x).reshape([batch, height, width, channels / factor ** 2, factor, factor]);
    return permute(parts, [0, 1, 4, 2, 5, 3]).reshape([batch, height * factor, width * factor, channels / factor ** 2]);
  });
}

/**
 * Makes channels of pixels, the inverse of pixelShuffle(): [batch, h r, w r, c] becomes [batch, h, w, c r^2], with r the factor;
 * torch.nn.functional.pixel_unshuffle.
 *
 * @param factor how many times as low and narrow, a whole number
 * @throws SHAPE_MISMATCH for another number of axes; INVALID_ARGUMENT for sides that the factor does not divide
 */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  expectTensor('pixelUnshuffle', 'x', x);
  const [batch, height, width, channels] = imageShape(x.shape, 'input of pixelUnshuffle');
  expectFactor('pixelUnshuffle', factor, height % factor === 0 && width % factor === 0, 'that divides height and width', x.shape);
  const parts = packed(x).reshape([batch, height / factor, factor, width / factor, factor, channels]);
  return permute(parts, [0, 1, 3, 5, 2, 4]).reshape([batch, height / factor, width / factor, channels * factor ** 2]);
}
