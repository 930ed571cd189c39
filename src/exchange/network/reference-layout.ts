import { inverseAxes, KERNEL_AXES, permuteNumbers, permuteShape } from '../../nn/axes.js';
import type { Shape } from '../../tensor/shape.js';

const isKernel = (shape: Shape): boolean => shape.length === KERNEL_AXES.length;

/**
 * The shape of a convolution's weight in PyTorch, [out, in, h, w] or [in, out, h, w] of a transposed one, from this
 * library's [h, w, in, out] or [h, w, out, in]: both are the same permutation. Other shapes stay.
 */
export function referenceShape(shape: Shape): Shape {
  return isKernel(shape) ? permuteShape(shape, KERNEL_AXES) : shape;
}

/** The way back: [a, b, h, w] to [h, w, b, a]. */
export function libraryShape(shape: Shape): Shape {
  return isKernel(shape) ? permuteShape(shape, inverseAxes(KERNEL_AXES)) : shape;
}

/**
 * Numbers of a tensor in PyTorch's order from this library's; not copied unless it is a convolution's weight.
 *
 * @param shape this library's
 */
export function toReferenceLayout(values: Float32Array, shape: Shape): Float32Array {
  return isKernel(shape) ? permuteNumbers(values, shape, KERNEL_AXES) : values;
}

/**
 * The reverse of toReferenceLayout().
 *
 * @param shape PyTorch's
 */
export function toLibraryLayout(values: Float32Array, shape: Shape): Float32Array {
  return isKernel(shape) ? permuteNumbers(values, shape, inverseAxes(KERNEL_AXES)) : values;
}
