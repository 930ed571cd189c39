import { inverseAxes, KERNEL_AXES, permuteNumbers, permuteShape } from '../../nn/axes.js';
import type { Shape } from '../../tensor/shape.js';

/** PyTorch's order of the axes, where nothing but the shape says it: that of a convolution's weight, or the same. */
const usualAxes = ({ length }: Shape): readonly number[] | null => (length === KERNEL_AXES.length ? KERNEL_AXES : null);

/**
 * The shape of a weight in PyTorch from this library's: of a convolution [out, in, h, w], or [in, out, h, w] of a transposed one, from
 * [h, w, in, out] or [h, w, out, in]; both are the same permutation.
 *
 * @param axes PyTorch's order, as ModuleTensor.pytorchAxes has it. Default: a convolution's of four axes, else the same order
 */
export function referenceShape(shape: Shape, axes = usualAxes(shape)): Shape {
  return axes ? permuteShape(shape, axes) : shape;
}

/** The way back: of a convolution [a, b, h, w] to [h, w, b, a]. */
export function libraryShape(shape: Shape, axes = usualAxes(shape)): Shape {
  return axes ? permuteShape(shape, inverseAxes(axes)) : shape;
}

/**
 * Numbers of a tensor in PyTorch's order from this library's; not copied where the orders are the same.
 *
 * @param shape this library's
 */
export function toReferenceLayout(values: Float32Array, shape: Shape, axes = usualAxes(shape)): Float32Array {
  return axes ? permuteNumbers(values, shape, axes) : values;
}

/**
 * The reverse of toReferenceLayout().
 *
 * @param shape PyTorch's
 */
export function toLibraryLayout(values: Float32Array, shape: Shape, axes = usualAxes(shape)): Float32Array {
  return axes ? permuteNumbers(values, shape, inverseAxes(axes)) : values;
}
