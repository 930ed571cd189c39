import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { elementGrid, expectFloats, expectOperands, FLOATS, resultTensor, walkElements, widestType } from './elements.js';
import { specialise, storedTypes } from './kernel.js';
import addSource from '../../shaders/add.wgsl';
import addIntoSource from '../../shaders/add_into.wgsl';
import copySource from '../../shaders/copy.wgsl';
import fillSource from '../../shaders/fill.wgsl';
import fillRangeSource from '../../shaders/fill_range.wgsl';
import stretchSource from '../../shaders/shared/stretch.wgsl';

/** a + b. All functions here take tensors of one shape, channel slices too. @throws as expectOperands(); SHAPE_MISMATCH */
export function add(a: Tensor, b: Tensor, out?: Tensor): Tensor {
  return addScaled(a, b, 1, 1, out);
}

/** scaleA * a + scaleB * b. @throws as expectOperands(); SHAPE_MISMATCH */
export function addScaled(a: Tensor, b: Tensor, scaleA: number, scaleB: number, out?: Tensor): Tensor {
  expectFloats('add', { a, b, out });
  expectShape('second operand of add', a.shape, b.shape);
  const output = out ?? Tensor.empty(a.gpu, a.shape, 'add', widestType([a, b]));
  expectShape('out of add', a.shape, output.shape);
  const walk = walkElements([a, b, output]);
  a.gpu.dispatch({
    shader: specialise('add', [walk.source, addSource], walk.constants, walk.types({ a, b, y: output })),
    bindings: [a.read(a.dtype), b.read(b.dtype), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(a), ...walk.place(b), ...walk.place(output)).f32(scaleA, scaleB),
    workgroups: walk.workgroups,
  });
  return output;
}

/** target += source, in place. @throws SHAPE_MISMATCH, BUFFER_CONFLICT when both are views of one buffer */
export function addInto(target: Tensor, source: Tensor): void {
  expectFloats('addInto', { target, source });
  expectShape('source of addInto', target.shape, source.shape);
  const walk = walkElements([source, target]);
  target.gpu.dispatch({
    shader: specialise('add_into', [walk.source, addIntoSource], walk.constants, walk.types({ x: source, y: target })),
    bindings: [source.read(source.dtype), target.written(target.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(source), ...walk.place(target)),
    workgroups: walk.workgroups,
  });
}

/**
 * The same numbers, to the bit, in `out` or a new tensor without gaps; rounded if `out` is f16 and the source f32.
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function copy(source: Tensor, out?: Tensor): Tensor {
  const output = resultTensor('copy', source, out, FLOATS);
  const walk = walkElements([source, output]);
  source.gpu.dispatch({
    shader: specialise('copy', [walk.source, copySource], walk.constants, copiedTypes(walk.vectorized ? 4 : 1, source, output)),
    bindings: [source.read(source.dtype), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(source), ...walk.place(output)),
    workgroups: walk.workgroups,
  });
  return output;
}

/** The types of the bindings of a kernel that copies: words, to the bit, unless a tensor is f16. */
export function copiedTypes(width: 1 | 4, x: Tensor, y: Tensor): Record<string, string> {
  if (x.dtype === 'f16' || y.dtype === 'f16') return storedTypes(width, { x, y });
  const word = width === 4 ? 'vec4u' : 'u32';
  return { x_element: word, y_element: word };
}

/**
 * Sets every element of a tensor to one number, a channel slice's too; torch.Tensor.fill_.
 *
 * @throws INVALID_ARGUMENT for NaN, for a number past the range of float32, and for another type than f32 and f16; USE_AFTER_FREE
 */
export function fill(target: Tensor, value: number): void {
  expectFloats('fill', { target });
  const walk = walkElements([target]);
  target.gpu.dispatch({
    shader: specialise('fill', [walk.source, fillSource], walk.constants, walk.types({ y: target })),
    bindings: [target.written(target.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(target)).f32(value),
    workgroups: walk.workgroups,
  });
}

/** Sets element i to start + step * i. @param target of one axis, without gaps */
export function fillRange(target: Tensor, start: number, step: number): void {
  expectOperands('fillRange', { target });
  target.gpu.dispatch({
    shader: specialise('fill_range', [stretchSource, fillRangeSource]),
    bindings: [target.written()],
    params: new Params().u32(target.size, target.base).f32(start, step),
    workgroups: elementGrid(target.size, target.gpu.adapter.software),
  });
}
