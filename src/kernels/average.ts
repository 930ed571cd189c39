import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectBlock, walkBlock } from './flat-block.js';
import { specialise } from './kernel.js';
import averageSource from '../../shaders/average.wgsl';
import swapSource from '../../shaders/swap.wgsl';

/** Numbers in the `hyper` tensor of averageStep. */
export const AVERAGE_HYPER_SIZE = 2;

/** Contents of averageStep's `hyper` tensor, for an average that keeps `decay` of what it is: [1 - decay, decay]. */
export function averageHyper(decay: number): Float32Array<ArrayBuffer> {
  return new Float32Array([1 - decay, decay]);
}

export interface AverageBlock {
  /** Updated in place. */
  readonly average: Tensor;
  /** Of the same shape; both without gaps. */
  readonly parameters: Tensor;
  /** [2] from averageHyper(), written anew before each step. */
  readonly hyper: Tensor;
}

/**
 * Moves a running average towards a block of parameters; with a decay of 0 it becomes them, to the bit.
 * @param software whether to go about it as a CPU adapter wants it; the results are the same
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function averageStep({ average, parameters, hyper }: AverageBlock, software = parameters.gpu.adapter.software): void {
  expectBlock('averageStep', { average, parameters }, hyper);
  expectShape('hyper of averageStep', [AVERAGE_HYPER_SIZE], hyper.shape);
  const { shape, constants, aliases, bases, workgroups } = walkBlock([average, parameters], software);
  parameters.gpu.dispatch({
    shader: specialise('average', [averageSource], constants, aliases),
    bindings: [average.written(), parameters.read(), hyper.read()],
    params: new Params().u32(...shape, ...bases, hyper.base),
    workgroups,
  });
}

/** Exchanges the contents of two blocks of one shape, to the bit. @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT */
export function swapBlocks(a: Tensor, b: Tensor, software = a.gpu.adapter.software): void {
  expectBlock('swapBlocks', { a, b });
  const { shape, constants, aliases, bases, workgroups } = walkBlock([a, b], software);
  a.gpu.dispatch({
    shader: specialise('swap', [swapSource], constants, { element: aliases.element === 'vec4f' ? 'vec4u' : 'u32' }),
    bindings: [a.written(), b.written()],
    params: new Params().u32(...shape, ...bases),
    workgroups,
  });
}
