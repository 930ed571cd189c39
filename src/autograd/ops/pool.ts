import { expectFloats, expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/pool.js';
import { expectOptions } from '../../checks.js';
import { imageShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { sumTo } from './broadcasting.js';
import { mul } from './binary.js';
import { pair, type OutOption, type Pair } from './options.js';
import { inSingle } from './cast.js';

/** Options of maxPool2d(): the windows, and a place for the result. */
export interface PoolOptions extends OutOption {
  /** The height and width of a window, or one number for both. */
  kernel: Pair;
  /** Pixels from one window to the next. Default: the kernel. */
  stride?: Pair;
  /** Pixels around the image that windows may reach into, at most half a kernel. Default 0. */
  padding?: Pair;
  /** Whether a size that does not come out even is rounded up. Default false. */
  ceilMode?: boolean;
}

/** Options of avgPool2d(): those of maxPool2d(), and what the padding counts for. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether the padding counts as zeros. Default true, as in PyTorch. */
  countIncludePad?: boolean;
}

const POOL_OPTIONS = ['kernel', 'stride', 'padding', 'ceilMode', 'out'] as const;

const geometryOf = ({ kernel: window, stride = window, padding = 0, ceilMode = false }: PoolOptions): kernel.PoolGeometry => ({
  kernel: pair(window),
  stride: pair(stride),
  padding: pair(padding),
  ceilMode,
});

/**
 * Takes the largest number of each window of x [batch, h, w, channels]; torch.nn.functional.max_pool2d. The gradient goes to the first
 * of the largest pixels; NaN counts as largest.
 *
 * @returns [batch, floor((h + 2 padding - kernel) / stride) + 1, the same of w, channels]; rounded up with `ceilMode`
 * @throws SHAPE_MISMATCH for other shapes, and windows larger than the image; INVALID_ARGUMENT for other types and options
 */
export function maxPool2d(given: Tensor, options: PoolOptions): Tensor {
  expectOptions('maxPool2d', options, POOL_OPTIONS, { required: ['kernel'] });
  expectFloats('maxPool2d', { x: given }, { out: options.out });
  const geometry = geometryOf(options);
  return called('maxPool2d', [given], { ...geometry }, () => {
    const x = inSingle(given);
    const { y, index } = kernel.maxPool(x, geometry, options.out);
    return track(
      'maxPool2d',
      [x],
      y,
      rule([index], (dy) => [spread(dy, index, x.shape, geometry)]),
    );
  });
}

// Once the pixels are chosen all is linear, and each of these is the adjoint of the other.

function spread(dy: Tensor, index: Tensor, shape: Shape, geometry: kernel.PoolGeometry): Tensor {
  return track(
    'maxPool2d gradient',
    [dy],
    kernel.maxPoolGrad(dy, index, shape, geometry),
    rule([index], (g) => [gather(g, index, geometry)]),
  );
}

function gather(x: Tensor, index: Tensor, geometry: kernel.PoolGeometry): Tensor {
  return track(
    'chosen pixels',
    [x],
    kernel.maxPoolGather(x, index, geometry),
    rule([index], (dy) => [spread(dy, index, x.shape, geometry)]),
  );
}

/**
 * Takes the mean of each window of x [batch, h, w, channels]; torch.nn.functional.avg_pool2d.
 *
 * @returns [batch, floor((h + 2 padding - kernel) / stride) + 1, the same of w, channels]; rounded up with `ceilMode`
 * @throws SHAPE_MISMATCH for other shapes, and windows larger than the image; INVALID_ARGUMENT for other types and options
 */
export function avgPool2d(x: Tensor, options: AveragePoolOptions): Tensor {
  expectOptions('avgPool2d', options, [...POOL_OPTIONS, 'countIncludePad'], { required: ['kernel'] });
  expectFloats('avgPool2d', { x }, { out: options.out });
  const { out, countIncludePad = true } = options;
  const geometry = geometryOf(options);
  return called('avgPool2d', [x], { ...geometry, countIncludePad }, () => average(inSingle(x), geometry, countIncludePad, out));
}

function average(x: Tensor, geometry: kernel.PoolGeometry, includePad: boolean, out?: Tensor): Tensor {
  return track(
    'avgPool2d',
    [x],
    kernel.averagePool(x, geometry, includePad, out),
    rule([], (dy) => [averageGradient(dy, x.shape, geometry, includePad)]),
  );
}

function averageGradient(dy: Tensor, shape: Shape, geometry: kernel.PoolGeometry, includePad: boolean): Tensor {
  return track(
    'avgPool2d gradient',
    [dy],
    kernel.averagePoolGrad(dy, shape, geometry, includePad),
    rule([], (g) => [average(g, geometry, includePad)]),
  );
}

/**
 * Takes the mean of every channel of every image of x [batch, h, w, channels]; torch.nn.functional.adaptive_avg_pool2d(x, 1).
 *
 * @returns [batch, 1, 1, channels]
 * @throws SHAPE_MISMATCH for another number of axes; INVALID_ARGUMENT for another type than f32
 */
export function globalAveragePool(x: Tensor): Tensor {
  expectTensor('globalAveragePool', 'x', x);
  expectFloats('globalAveragePool', { x });
  const [batch, height, width, channels] = imageShape(x.shape, 'input of globalAveragePool');
  return called('globalAveragePool', [x], {}, () => mul(sumTo(x, [batch, 1, 1, channels]), 1 / (height * width)));
}
