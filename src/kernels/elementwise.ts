import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { elementGrid, expectOperands, resultTensor, walkElements } from './elements.js';
import { specialise } from './kernel.js';
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
  expectOperands('add', { a, b, out });
  expectShape('second operand of add', a.shape, b.shape);
  const output = resultTensor('add', a, out);
  const walk = walkElements([a, b, output]);
  a.gpu.dispatch({
    shader: specialise('add', [walk.source, addSource], walk.constants, walk.aliases),
    bindings: [a.read(), b.read(), output.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(a), ...walk.place(b), ...walk.place(output)).f32(scaleA, scaleB),
    workgroups: walk.workgroups,
  });
  return output;
}

/** target += source, in place. @throws SHAPE_MISMATCH, BUFFER_CONFLICT when both are views of one buffer */
export function addInto(target: Tensor, source: Tensor): void {
  expectOperands('addInto', { target, source });
  expectShape('source of addInto', target.shape, source.shape);
  const walk = walkElements([source, target]);
  target.gpu.dispatch({
    shader: specialise('add_into', [walk.source, addIntoSource], walk.constants, walk.aliases),
    bindings: [source.read(), target.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(source), ...walk.place(target)),
    workgroups: walk.workgroups,
  });
}

/** The same numbers, to the bit, in `out` or a new tensor without gaps. @throws as expectOperands(); SHAPE_MISMATCH */
export function copy(source: Tensor, out?: Tensor): Tensor {
  const output = resultTensor('copy', source, out);
  const walk = walkElements([source, output]);
  source.gpu.dispatch({
    shader: specialise('copy', [walk.source, copySource], walk.constants, { element: walk.vectorized ? 'vec4u' : 'u32' }),
    bindings: [source.read(), output.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(source), ...walk.place(output)),
    workgroups: walk.workgroups,
  });
  return output;
}

/**
 * Sets every element of a tensor to one number, a channel slice's too; torch.Tensor.fill_.
 *
 * @throws INVALID_ARGUMENT for NaN, for a number past the range of float32, and for another type than f32; USE_AFTER_FREE
 */
export function fill(target: Tensor, value: number): void {
  expectOperands('fill', { target });
  const walk = walkElements([target]);
  target.gpu.dispatch({
    shader: specialise('fill', [walk.source, fillSource], walk.constants, walk.aliases),
    bindings: [target.written()],
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
