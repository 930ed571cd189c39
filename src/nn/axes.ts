import type { Shape } from '../tensor/shape.js';

/**
 * PyTorch's order of the axes of a convolution's weight, [out, in, h, w], in this library's [h, w, in, out]; likewise of a transposed
 * one, [in, out, h, w] in [h, w, out, in].
 */
export const KERNEL_AXES: readonly number[] = [3, 2, 0, 1];

/** A shape with its axes in another order: axis i of the result is axis `axes[i]` of the shape. */
export function permuteShape(shape: Shape, axes: readonly number[]): Shape {
  return axes.map((axis) => shape[axis]!);
}

/** The order that undoes an order. */
export function inverseAxes(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}

/**
 * Numbers of a tensor, row-major, with its axes in another order.
 * @param shape of what comes in; at least one axis
 * @returns numbers of permuteShape(shape, axes)
 */
export function permuteNumbers<T extends Float32Array | Int32Array>(values: T, shape: Shape, axes: readonly number[]): T {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = permuteShape(shape, axes);
  const steps = axes.map((axis) => strides[axis]!);
  const last = axes.length - 1;
  const [rowLength, rowStep] = [lengths[last]!, steps[last]!];
  const result = values.slice() as T;
  const place = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; ) {
    for (let i = 0, at = from; i < rowLength; i++, at += rowStep) result[to++] = values[at]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < lengths[axis]!) break;
      from -= steps[axis]! * lengths[axis]!;
      place[axis] = 0;
    }
  }
  return result;
}
