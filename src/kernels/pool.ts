import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { expectShape, formatShape, imageShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOperands } from './elements.js';
import { walkImages, type ImageWalk } from './image-walk.js';
import { specialise } from './kernel.js';
import divisorSource from '../../shaders/shared/pool_divisor.wgsl';
import windowSource from '../../shaders/shared/pool_window.wgsl';
import averageGradSource from '../../shaders/pool_average_grad.wgsl';
import averageSource from '../../shaders/pool_average.wgsl';
import maxGatherSource from '../../shaders/pool_max_gather.wgsl';
import maxSource from '../../shaders/pool_max.wgsl';
import maxSpreadSource from '../../shaders/pool_max_spread.wgsl';

/** How a window moves over an image; each pair is [vertical, horizontal]. */
export interface PoolGeometry {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  /** Whether a size that does not come out even is rounded up: a last window then reaches beyond the image. */
  readonly ceilMode: boolean;
}

/** @throws SHAPE_MISMATCH, INVALID_ARGUMENT */
export function pooledShape(shape: Shape, { kernel, stride, padding, ceilMode }: PoolGeometry): Shape {
  const [batch, height, width, channels] = imageShape(shape, 'input of a pool');
  const whole = [...kernel, ...stride].every((n) => Number.isInteger(n) && n >= 1) && padding.every((n) => Number.isInteger(n) && n >= 0);
  if (!whole || padding.some((n, axis) => n > Math.floor(kernel[axis]! / 2))) {
    throw new ShadegradError('INVALID_ARGUMENT', 'window of a pool', {
      expected: 'whole numbers: kernel and stride at least 1, padding from 0 to half the kernel',
      received: `kernel ${formatShape(kernel)}, stride ${formatShape(stride)}, padding ${formatShape(padding)}`,
      fix: 'use pad() for wider margins',
    });
  }
  const windows = (length: number, axis: 0 | 1): number => {
    const room = length + 2 * padding[axis] - kernel[axis];
    const count = Math[ceilMode ? 'ceil' : 'floor'](room / stride[axis]) + 1;
    // A window that would begin in the padding behind the image is left out.
    return ceilMode && (count - 1) * stride[axis] >= length + padding[axis] ? count - 1 : count;
  };
  const result = [batch, windows(height, 0), windows(width, 1), channels];
  if (result[1]! >= 1 && result[2]! >= 1) return result;
  throw new ShadegradError('SHAPE_MISMATCH', 'input of a pool', {
    expected: `at least ${formatShape(kernel)} pixels with the padding`,
    received: formatShape(shape),
    fix: 'use larger images, a smaller kernel or fewer pools',
  });
}

function poolParams(
  walk: ImageWalk,
  x: { shape: Shape; tensor: Tensor },
  y: { shape: Shape; tensor: Tensor },
  { kernel, stride, padding }: PoolGeometry,
): Params {
  return new Params().u32(
    x.shape[0]!,
    walk.channels,
    x.shape[1]!,
    x.shape[2]!,
    y.shape[1]!,
    y.shape[2]!,
    ...kernel,
    ...stride,
    ...padding,
    ...walk.place(x.tensor),
    ...walk.place(y.tensor),
  );
}

const side = (tensor: Tensor): { shape: Shape; tensor: Tensor } => ({ shape: tensor.shape, tensor });

/**
 * The largest number of each window, and the index of its pixel in the image (row times width plus column), i32.
 * @param x [batch, h, w, channels]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function maxPool(x: Tensor, geometry: PoolGeometry, out?: Tensor): { y: Tensor; index: Tensor } {
  const shape = pooledShape(x.shape, geometry);
  const y = out ?? Tensor.empty(x.gpu, shape, 'max pool');
  expectShape('out of maxPool', shape, y.shape);
  const index = Tensor.empty(x.gpu, shape, 'max pool index', 'i32');
  const walk = walkImages('input of maxPool', [x, y]);
  x.gpu.dispatch({
    shader: specialise('pool_max', [walk.source, windowSource, maxSource], walk.constants, walk.aliases),
    bindings: [x.read(), y.written(), index.written('i32')],
    params: poolParams(walk, side(x), side(y), geometry),
    workgroups: walk.workgroups(shape),
  });
  return { y, index };
}

/**
 * Gradient of maxPool(): every pixel gathers the gradients of the windows that chose it.
 * @param shape [batch, h, w, channels] of what was pooled
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function maxPoolGrad(gradOutput: Tensor, index: Tensor, shape: Shape, geometry: PoolGeometry): Tensor {
  expectShape('gradient of maxPool', pooledShape(shape, geometry), gradOutput.shape);
  expectIndex(index, gradOutput.shape);
  const dx = Tensor.empty(gradOutput.gpu, shape, 'max pool gradient');
  const walk = walkImages('gradient of maxPool', [dx, gradOutput]);
  gradOutput.gpu.dispatch({
    shader: specialise('pool_max_spread', [walk.source, windowSource, maxSpreadSource], walk.constants, walk.aliases),
    bindings: [gradOutput.read(), index.read('i32'), dx.written()],
    params: poolParams(walk, side(dx), side(gradOutput), geometry),
    workgroups: walk.workgroups(shape),
  });
  return dx;
}

/**
 * The numbers at the pixels that maxPool() chose: the adjoint of maxPoolGrad().
 * @param x [batch, h, w, channels]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function maxPoolGather(x: Tensor, index: Tensor, geometry: PoolGeometry): Tensor {
  const shape = pooledShape(x.shape, geometry);
  expectIndex(index, shape);
  const y = Tensor.empty(x.gpu, shape, 'at the chosen pixels');
  // Neighbouring channels have chosen different pixels: one number at a time.
  const walk = {
    ...walkImages('input of maxPoolGather', [x, y]),
    channels: x.channels,
    place: ({ base, rowStride }: Tensor): [number, number] => [base, rowStride],
  };
  x.gpu.dispatch({
    shader: specialise('pool_max_gather', [walk.source, windowSource, maxGatherSource], walk.constants),
    bindings: [x.read(), index.read('i32'), y.written()],
    params: poolParams(walk, side(x), side(y), geometry),
    workgroups: walk.workgroups(shape),
  });
  return y;
}

function expectIndex(index: Tensor, shape: Shape): void {
  expectOperands('maxPool', { index }, 'i32');
  expectShape('index of maxPool', shape, index.shape);
}

/**
 * The mean of each window.
 * @param x [batch, h, w, channels]
 * @param includePad whether the padding counts as zeros; otherwise only the pixels of the image count
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function averagePool(x: Tensor, geometry: PoolGeometry, includePad: boolean, out?: Tensor): Tensor {
  const shape = pooledShape(x.shape, geometry);
  const y = out ?? Tensor.empty(x.gpu, shape, 'average pool');
  expectShape('out of averagePool', shape, y.shape);
  const walk = walkImages('input of averagePool', [x, y]);
  x.gpu.dispatch({
    shader: specialise(
      'pool_average',
      [walk.source, windowSource, divisorSource, averageSource],
      { ...walk.constants, INCLUDE_PAD: includePad },
      walk.aliases,
    ),
    bindings: [x.read(), y.written()],
    params: poolParams(walk, side(x), side(y), geometry),
    workgroups: walk.workgroups(shape),
  });
  return y;
}

/**
 * The adjoint of averagePool().
 * @param shape [batch, h, w, channels] of what was pooled
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function averagePoolGrad(gradOutput: Tensor, shape: Shape, geometry: PoolGeometry, includePad: boolean): Tensor {
  expectShape('gradient of averagePool', pooledShape(shape, geometry), gradOutput.shape);
  const dx = Tensor.empty(gradOutput.gpu, shape, 'average pool gradient');
  const walk = walkImages('gradient of averagePool', [dx, gradOutput]);
  gradOutput.gpu.dispatch({
    shader: specialise(
      'pool_average_grad',
      [walk.source, windowSource, divisorSource, averageGradSource],
      { ...walk.constants, INCLUDE_PAD: includePad },
      walk.aliases,
    ),
    bindings: [gradOutput.read(), dx.written()],
    params: poolParams(walk, side(dx), side(gradOutput), geometry),
    workgroups: walk.workgroups(shape),
  });
  return dx;
}
