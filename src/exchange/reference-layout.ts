import type { Shape } from '../tensor/shape.js';

/**
 * The shape of a convolution's weight in PyTorch, [out, in, h, w] or [in, out, h, w] of a transposed one, from this
 * library's [h, w, in, out] or [h, w, out, in]: both are the same permutation. Other shapes stay.
 */
export function referenceShape(shape: Shape): Shape {
  return shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;
}

/** The way back: [a, b, h, w] to [h, w, b, a]. */
export function libraryShape(shape: Shape): Shape {
  return shape.length === 4 ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!] : shape;
}

/**
 * Numbers of a tensor in PyTorch's order from this library's; not copied unless it is a convolution's weight.
 *
 * @param shape this library's
 */
export function toReferenceLayout(values: Float32Array, shape: Shape): Float32Array {
  if (shape.length !== 4) return values;
  const [height, width, inner, outer] = shape as [number, number, number, number];
  const taps = height * width;
  const result = new Float32Array(values.length);
  let from = 0;
  for (let tap = 0; tap < taps; tap++) {
    for (let b = 0; b < inner; b++) {
      for (let a = 0; a < outer; a++) result[(a * inner + b) * taps + tap] = values[from++]!;
    }
  }
  return result;
}

/**
 * The reverse of toReferenceLayout().
 *
 * @param shape PyTorch's
 */
export function toLibraryLayout(values: Float32Array, shape: Shape): Float32Array {
  if (shape.length !== 4) return values;
  const [outer, inner, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  const result = new Float32Array(values.length);
  let to = 0;
  for (let tap = 0; tap < taps; tap++) {
    for (let b = 0; b < inner; b++) {
      for (let a = 0; a < outer; a++) result[to++] = values[(a * inner + b) * taps + tap]!;
    }
  }
  return result;
}
