import { expectTensor } from '../../kernels/elements.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { keptShape } from '../../kernels/reduce.js';
import { axesOf, reduceOptions, withOnes, type ReduceOptions } from './reduced-axes.js';
import { expandTo, sumOver } from './broadcasting.js';

/**
 * Adds the elements up along axes, or all of them, in a fixed order; torch.sum. The same numbers on the same adapter give the same
 * bits. Of n terms t the error is at most 34 k 2^-24 sum |t|, with k the smallest whole number for which 256^k >= n.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns a tensor of the axes that are left: a scalar, of shape [], when all are reduced
 * @throws INVALID_ARGUMENT for axes that x does not have, or options of other names
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, keepDims } = reduceOptions('sum', options);
  expectTensor('sum', 'x', x);
  const reduced = axesOf('sum', x.shape, axes);
  const shape = keepDims ? withOnes(x.shape, reduced) : keptShape(x.shape, reduced);
  return called('sum', [x], { axes: reduced }, () => sumOver('sum', x, reduced, shape));
}

/**
 * Takes the mean along axes, or of all elements: the sum, times 1 / the number of terms; torch.mean.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns a tensor of the axes that are left: a scalar, of shape [], when all are reduced
 * @throws INVALID_ARGUMENT for axes that x does not have, or options of other names
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, keepDims } = reduceOptions('mean', options);
  expectTensor('mean', 'x', x);
  const reduced = axesOf('mean', x.shape, axes);
  const shape = keepDims ? withOnes(x.shape, reduced) : keptShape(x.shape, reduced);
  const terms = elementCount(reduced.map((axis) => x.shape[axis]!));
  return called('mean', [x], { axes: reduced }, () => sumOver('mean', x, reduced, shape, 1 / terms));
}

/**
 * Repeats x along the axes in which `shape` is longer, in memory of its own; torch.Tensor.expand.
 *
 * @param shape up to six axes; -1 keeps an axis as it is
 * @throws SHAPE_MISMATCH unless x broadcasts to the shape
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  expectTensor('expand', 'x', x);
  const missing = shape.length - x.shape.length;
  const whole = shape.map((length, axis) => (length === -1 ? (x.shape[axis - missing] ?? -1) : length));
  return called('expand', [x], {}, () => expandTo(x, whole));
}
