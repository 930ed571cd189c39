import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { elementCount, formatShape, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { copiedTypes } from './elementwise.js';
import { elementGrid, FLOATS } from './elements.js';
import { specialise } from './kernel.js';
import stretchSource from '../../shaders/shared/stretch.wgsl';
import stridedCopySource from '../../shaders/strided_copy.wgsl';

/** Axes that the kernel walks, once those that run on into each other are one. */
const MOST_AXES = 6;

/** A walk through the elements of a tensor: where it begins, and how far apart neighbours along each axis lie. */
export interface StridedView {
  readonly tensor: Tensor;
  /** Elements from the tensor's first one. */
  readonly offset: number;
  /** Elements from one index to the next along each axis: 0 repeats, a negative number runs backwards. */
  readonly strides: readonly number[];
}

/** Elements from one index to the next along each axis of a tensor. */
export function stridesOf(tensor: Tensor): number[] {
  const { shape, rowStride } = tensor;
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2, stride = rowStride; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

interface Axis {
  length: number;
  x: number;
  y: number;
}

/** Axes from the innermost outwards; those of one element left out, those that run on into each other joined. */
function joinedAxes(lengths: Shape, x: readonly number[], y: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const next = { length: lengths[axis]!, x: x[axis]!, y: y[axis]! };
    const inner = axes.at(-1);
    if (next.length === 1) continue;
    if (inner && next.x === inner.x * inner.length && next.y === inner.y * inner.length) inner.length *= next.length;
    else axes.push(next);
  }
  return axes.length > 0 ? axes : [{ length: 1, x: 1, y: 1 }];
}

/**
 * Copies `lengths` elements along each axis from one walk to another, to the bit.
 * @throws BUFFER_CONFLICT when both lie in one buffer; INVALID_ARGUMENT for more than six axes that cannot be joined, or tensors of bytes
 */
export function stridedCopy(lengths: Shape, x: StridedView, y: StridedView): void {
  expectAlike(x.tensor, y.tensor);
  const axes = joinedAxes(lengths, x.strides, y.strides);
  if (axes.length > MOST_AXES) {
    throw new ShadegradError('INVALID_ARGUMENT', `rearranging "${x.tensor.label}"`, {
      expected: `at most ${MOST_AXES} axes that do not run on into each other`,
      received: formatShape(lengths),
      fix: 'join axes with reshape(), or rearrange in two steps',
    });
  }
  const bases = [x.tensor.base + x.offset, y.tensor.base + y.offset] as const;
  const [inner, ...outer] = axes as [Axis, ...Axis[]];
  const whole =
    inner.x === 1 && inner.y === 1 && [inner.length, ...bases, ...outer.flatMap((axis) => [axis.x, axis.y])].every((n) => n % 4 === 0);
  const width = whole ? 4 : 1;
  const count = elementCount(lengths) / width;
  const padded = (pick: (axis: Axis, index: number) => number, filler: number): number[] =>
    Array.from({ length: MOST_AXES }, (_, index) => (axes[index] ? pick(axes[index]!, index) : filler));
  const stride = (value: number, index: number): number => (index === 0 ? value : value / width);
  y.tensor.gpu.dispatch({
    shader: specialise('strided_copy', [stretchSource, stridedCopySource], { AXES: axes.length }, copiedTypes(width, x.tensor, y.tensor)),
    bindings: [x.tensor.read(x.tensor.dtype), y.tensor.written(y.tensor.dtype)],
    params: new Params()
      .u32(count, bases[0] / width, bases[1] / width, ...padded(({ length }, index) => (index === 0 ? length / width : length), 1))
      .i32(...padded((axis, index) => stride(axis.x, index), 0), ...padded((axis, index) => stride(axis.y, index), 0)),
    workgroups: elementGrid(count, y.tensor.gpu.adapter.software),
  });
}

function expectAlike(x: Tensor, y: Tensor): void {
  if (FLOATS.includes(x.dtype) && FLOATS.includes(y.dtype)) return;
  if (x.dtype === y.dtype && x.dtype !== 'u8') return;
  throw new ShadegradError('INVALID_ARGUMENT', `rearranging "${x.label}"`, {
    expected: 'tensors of f32 or f16, or both of i32',
    received: `${x.dtype} to ${y.dtype}`,
    fix: 'convert images with imageToFloat() first',
  });
}
