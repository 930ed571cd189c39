import { ShadegradError } from '../errors.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** An axis of a walk: how long it is, and how far apart its neighbours lie in each tensor (0: one element for all of them). */
export interface Axis {
  readonly length: number;
  readonly steps: readonly number[];
}

/** Most axes that tensors of different shapes may have. */
export const MOST_AXES = 6;

/**
 * The shape that tensors of these shapes broadcast to, as in NumPy and PyTorch: axes are matched from the last one on, a
 * missing axis or one of length 1 is repeated.
 *
 * @throws SHAPE_MISMATCH when two lengths differ and neither is 1; INVALID_ARGUMENT for more than six axes
 */
export function broadcastShape(what: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  if (rank > MOST_AXES) {
    throw new ShadegradError('INVALID_ARGUMENT', what, {
      expected: `at most ${MOST_AXES} axes`,
      received: shapes.map(formatShape).join(' and '),
      fix: 'join neighbouring axes with reshape()',
    });
  }
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const length = Math.max(...lengths);
    if (lengths.every((each) => each === 1 || each === length)) return length;
    throw new ShadegradError('SHAPE_MISMATCH', what, {
      expected: 'shapes that broadcast: from the last axis on, lengths that are equal or 1',
      received: shapes.map(formatShape).join(' and '),
      fix: 'give the missing axes a length of 1 with reshape()',
    });
  });
}

/** @throws SHAPE_MISMATCH unless a tensor of shape `from` broadcasts to `to`. */
export function expectBroadcast(what: string, from: Shape, to: Shape): void {
  const whole = from.length <= to.length && from.every((length, axis) => length === 1 || length === to[axis + to.length - from.length]);
  if (whole) return;
  throw new ShadegradError('SHAPE_MISMATCH', what, {
    expected: `${formatShape(to)}, or axes of length 1 in place of some of its axes, or fewer leading axes`,
    received: formatShape(from),
    fix: 'give the missing axes a length of 1 with reshape()',
  });
}

/** Elements from one index to the next along each axis of `shape`, to which the tensor broadcasts; 0 where it is repeated. */
export function stepsOf(tensor: Tensor, shape: Shape): number[] {
  const missing = shape.length - tensor.shape.length;
  const steps = new Array<number>(shape.length).fill(0);
  let distance = 1;
  for (let axis = tensor.shape.length - 1; axis >= 0; axis--) {
    if (axis === tensor.shape.length - 2) distance = tensor.rowStride;
    const length = tensor.shape[axis]!;
    if (length > 1) steps[axis + missing] = distance;
    distance *= length;
  }
  return steps;
}

/**
 * The axes of a walk through tensors that broadcast to `shape`: without those of length 1, and with neighbours joined into one
 * wherever they are evenly spaced in every tensor. At least one.
 * @param steps of each tensor, as stepsOf() has them
 */
export function joinAxes(shape: Shape, steps: readonly (readonly number[])[]): Axis[] {
  const axes: Axis[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const own = steps.map((each) => each[axis]!);
    const outer = axes[axes.length - 1];
    const even = outer?.steps.every((step, index) => step === own[index]! * length);
    if (outer && even) axes[axes.length - 1] = { length: outer.length * length, steps: own };
    else axes.push({ length, steps: own });
  });
  return axes.length > 0 ? axes : [{ length: 1, steps: steps.map(() => 0) }];
}
