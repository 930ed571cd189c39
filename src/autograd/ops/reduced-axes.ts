import { ShadegradError } from '../../errors.js';
import { expectOptions } from '../../checks.js';
import { formatShape, type Shape } from '../../tensor/shape.js';

/** Options of the operations that reduce a tensor along axes, such as sum() and max(). */
export interface ReduceOptions {
  /** The axes to reduce, one or several; -1 is the last. Default: all. */
  axes?: number | readonly number[];
  /** Whether to leave the reduced axes there with a length of 1. Default false. */
  keepDims?: boolean;
}

/**
 * Axes of a shape as ascending numbers from 0 on; all of them when none are named.
 *
 * @throws INVALID_ARGUMENT when one is not there, or is named twice
 */
export function axesOf(what: string, shape: Shape, axes: ReduceOptions['axes']): number[] {
  if (axes === undefined) return [...shape.keys()];
  const given = typeof axes === 'number' ? [axes] : axes;
  const found = given.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const whole = found.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < shape.length);
  if (whole && new Set(found).size === found.length) return found.sort((a, b) => a - b);
  const there = `different whole numbers from ${-shape.length} to ${shape.length - 1}, for shape ${formatShape(shape)}`;
  throw new ShadegradError('INVALID_ARGUMENT', `axes of ${what}`, {
    expected: shape.length === 0 ? 'none, of a scalar' : there,
    received: formatShape(given),
    fix: 'name each axis once, counted from 0, or from -1 backwards',
  });
}

/** @throws INVALID_ARGUMENT for options that are not those of a reduction */
export function reduceOptions(what: string, options: ReduceOptions): ReduceOptions {
  return expectOptions(what, options, ['axes', 'keepDims'], { fix: `${what}(x, { axes: -1 }) reduces the last axis` });
}

/** The shape with a length of 1 in place of each axis. */
export function withOnes(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}
