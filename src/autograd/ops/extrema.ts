import { expectTensor } from '../../kernels/elements.js';
import { ShadegradError } from '../../errors.js';
import { argReduce, reduceAxes } from '../../kernels/reduce.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { packed } from './axes.js';
import { axesOf, reduceOptions, withOnes, type ReduceOptions } from './reduced-axes.js';
import { div, equal, mul } from './binary.js';
import { sumOver } from './broadcasting.js';
import { called } from '../calls.js';
import { missingGradient, noGrad, track } from '../graph.js';
import { inSingle } from './cast.js';

/** The largest or smallest element along axes; those that are equal to it share the gradient. */
function extremum(kind: 'max' | 'min', given: Tensor, options: ReduceOptions): Tensor {
  const { axes, keepDims } = reduceOptions(kind, options);
  expectTensor(kind, 'x', given);
  const x = inSingle(given);
  const reduced = axesOf(kind, x.shape, axes);
  const ones = withOnes(x.shape, reduced);
  return called(kind, [x], { axes: reduced }, () => {
    const found = reduceAxes(kind, x, reduced);
    const y = keepDims ? found.viewAs(ones) : found;
    if (y !== found) found.dispose();
    return track(kind, [x], y, {
      saved: () => [x, y],
      backward: (dy) => {
        const chosen = equal(x, y.reshape(ones));
        return [mul(chosen, div(packed(dy).reshape(ones), sumOver('sum', chosen, reduced, ones)))];
      },
    });
  });
}

/**
 * Takes the largest element along axes, or of all; a NaN where there is one; torch.amax. Elements that are equally large share the
 * gradient in equal parts, as in PyTorch.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns a tensor of the axes that are left: a scalar, of shape [], when all are reduced
 * @throws INVALID_ARGUMENT for axes that x does not have, or options of other names
 */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => extremum('max', x, options);

/**
 * Takes the smallest element along axes, or of all; a NaN where there is one; torch.amin. Elements that are equally small share the
 * gradient in equal parts, as in PyTorch.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns a tensor of the axes that are left: a scalar, of shape [], when all are reduced
 * @throws INVALID_ARGUMENT for axes that x does not have, or options of other names
 */
export const min = (x: Tensor, options: ReduceOptions = {}): Tensor => extremum('min', x, options);

/** Options of argmax() and argmin(): along which axis, and whether it stays. */
export interface ArgReduceOptions {
  /** The axis along which to search; -1 is the last. Default: all elements, as one row. */
  axis?: number;
  /** Whether to leave the axis there with a length of 1. Default false. */
  keepDims?: boolean;
}

function argExtremum(kind: 'max' | 'min', x: Tensor, options: ArgReduceOptions): Tensor {
  const name = `arg${kind}`;
  expectOptions(name, options, ['axis', 'keepDims'], { fix: `${name}(x, { axis: -1 }) reduces the last axis` });
  const { axis, keepDims } = options;
  expectTensor(name, 'x', x);
  if (axis !== undefined && typeof axis !== 'number') {
    throw new ShadegradError('INVALID_ARGUMENT', `axis of ${name}`, {
      expected: 'one axis, or none for all elements',
      received: String(axis),
      fix: 'join the axes with reshape() first',
    });
  }
  const reduced = axesOf(name, x.shape, axis);
  return called(name, [x], { axis: axis === undefined ? null : reduced[0] }, () => {
    const found = argReduce(
      kind,
      noGrad(() => inSingle(x)),
      reduced,
    );
    const y = keepDims ? found.viewAs(withOnes(x.shape, reduced)) : found;
    if (y !== found) found.dispose();
    return track(name, [], y, missingGradient(name));
  });
}

/**
 * Finds the index of the largest element along an axis, or of all elements in row-major order: the first of several, the first NaN if
 * there is one. Without a gradient. torch.argmax.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns an i32 tensor of the axes that are left
 * @throws INVALID_ARGUMENT for an axis that x does not have, or options of other names
 */
export const argmax = (x: Tensor, options: ArgReduceOptions = {}): Tensor => argExtremum('max', x, options);

/**
 * Finds the index of the smallest element along an axis, or of all elements in row-major order: the first of several, the first NaN if
 * there is one. Without a gradient. torch.argmin.
 *
 * @param x f32, of up to six axes, a channel slice too
 * @returns an i32 tensor of the axes that are left
 * @throws INVALID_ARGUMENT for an axis that x does not have, or options of other names
 */
export const argmin = (x: Tensor, options: ArgReduceOptions = {}): Tensor => argExtremum('min', x, options);
