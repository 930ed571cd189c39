import { Params } from '../gpu/params.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectBlock, expectNumbers, walkStep } from './flat-block.js';
import { specialise } from './kernel.js';
import gradientSource from '../../shaders/shared/direction_gradient.wgsl';
import momentumSource from '../../shaders/shared/direction_momentum.wgsl';
import sgdSource from '../../shaders/sgd.wgsl';

export interface SgdSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  /** The step about to be made, counted from 1. */
  readonly step: number;
}

/** Numbers in the `hyper` tensor of sgdStep. */
export const SGD_HYPER_SIZE = 6;

/**
 * Contents of sgdStep's `hyper` tensor: [rate, kept, taken, momentum, decay, step], where the first step takes the gradient as it is,
 * and later ones keep `momentum` of the running sum and take 1 - dampening of the gradient.
 */
export function sgdHyper({ learningRate, momentum, dampening, weightDecay, step }: SgdSettings): Float32Array<ArrayBuffer> {
  const first = step === 1;
  return new Float32Array([learningRate, first ? 0 : momentum, first ? 1 : 1 - dampening, momentum, weightDecay, step]);
}

export interface SgdBlock {
  /** Updated in place, as is the momentum; one shape for all, without gaps. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  /** The running sum; none without momentum. */
  readonly momentum?: Tensor;
  /** [6] from sgdHyper(), written anew before each step; several of them one after the other where there are pieces. */
  readonly hyper: Tensor;
  readonly nesterov?: boolean;
  /** Whether weight decay is added to the gradients. */
  readonly decays?: boolean;
  /** From cutBlock(), with kinds from sgdKind(): instead of the options above, and of one row of numbers for all. */
  readonly pieces?: Tensor;
  /** From noteLeftOut(): gradients are divided by the scale, and nothing changes where one was not finite. */
  readonly lossScale?: Tensor;
}

/** What sgd.wgsl calls the way of a step. */
export const sgdKind = ({ decays = false, momentum = false, nesterov = false }): number =>
  Number(decays) + 2 * Number(momentum) + 4 * Number(nesterov);

/**
 * One step of gradient descent over a block of parameters (a window of an arena), as torch.optim.SGD.
 * @param software whether to go about it as a CPU adapter wants it; the results are the same
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function sgdStep(
  { parameters, gradients, momentum, hyper, nesterov, decays, pieces, lossScale }: SgdBlock,
  software = parameters.gpu.adapter.software,
): void {
  expectBlock('sgdStep', { parameters, gradients, momentum }, hyper);
  expectNumbers('sgdStep', hyper, SGD_HYPER_SIZE, pieces);
  const sums = momentum ? [momentum] : [];
  const kind = sgdKind({ decays, momentum: momentum !== undefined, nesterov });
  const walk = walkStep([parameters, gradients, ...sums], 3 + sums.length, pieces ?? kind, lossScale, software);
  const { bases } = walk;
  parameters.gpu.dispatch({
    shader: specialise(
      'sgd',
      [momentum ? momentumSource : gradientSource, walk.source, sgdSource],
      { ...walk.constants, NUMBERS: SGD_HYPER_SIZE },
      walk.aliases,
    ),
    bindings: [parameters.written(), gradients.read(), hyper.read(), ...sums.map((tensor) => tensor.written()), ...walk.further],
    params: new Params().u32(...walk.shape, ...bases.slice(0, 2), hyper.base, bases[2] ?? 0),
    workgroups: walk.workgroups,
  });
}
