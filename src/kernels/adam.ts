import { Params } from '../gpu/params.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectBlock, expectNumbers, walkStep } from './flat-block.js';
import { specialise } from './kernel.js';
import adamSource from '../../shaders/adam.wgsl';
import largestMomentSource from '../../shaders/shared/moment_largest.wgsl';
import latestMomentSource from '../../shaders/shared/moment_latest.wgsl';

/** Where weight decay comes in: nowhere, in the gradient (Adam), or in the parameter itself (AdamW). */
export type Decay = 'none' | 'coupled' | 'decoupled';

export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The step about to be made, counted from 1. */
  readonly step: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Default 'none'. */
  readonly decay?: Decay;
}

/** Numbers in the `hyper` tensor of adamStep. */
export const ADAM_HYPER_SIZE = 12;

/**
 * Contents of adamStep's `hyper` tensor: [rate, beta1, beta2, epsilon, 1 - beta1^t, sqrt(1 - beta2^t), 1 - beta1,
 * 1 - beta2, decay, t, log(beta1), log(beta2)], each computed in float64 and rounded once. `decay` is the weight decay, or, where it is
 * decoupled, what it leaves of a parameter: 1 - rate * weightDecay.
 */
export function adamHyper({
  learningRate,
  beta1,
  beta2,
  epsilon,
  step,
  weightDecay = 0,
  decay = 'none',
}: AdamSettings): Float32Array<ArrayBuffer> {
  return new Float32Array([
    learningRate,
    beta1,
    beta2,
    epsilon,
    1 - beta1 ** step,
    Math.sqrt(1 - beta2 ** step),
    1 - beta1,
    1 - beta2,
    decay === 'decoupled' ? 1 - learningRate * weightDecay : weightDecay,
    step,
    logarithm(beta1),
    logarithm(beta2),
  ]);
}

/** That of 0 is infinite, which shaders may not compute with; of what is as small, every power is 0 in float32. */
const logarithm = (beta: number): number => Math.max(Math.log(beta), -128);

export interface AdamBlock {
  /** Updated in place, as are the moments; one shape for all, without gaps. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** With it, the largest second moment so far takes the place of the latest (AMSGrad). */
  readonly largestSecondMoment?: Tensor;
  /** [12] from adamHyper(), written anew before each step; several of them one after the other where there are pieces. */
  readonly hyper: Tensor;
  /** Default 'none'. */
  readonly decay?: Decay;
  /** From cutBlock(), with kinds from adamKind(): instead of `decay`, and of one row of numbers for all. */
  readonly pieces?: Tensor;
  /** From noteLeftOut(): gradients are divided by the scale, and nothing changes where one was not finite. */
  readonly lossScale?: Tensor;
}

const KINDS: readonly Decay[] = ['none', 'coupled', 'decoupled'];

/** What adam.wgsl calls a decay. */
export const adamKind = (decay: Decay): number => KINDS.indexOf(decay);

/**
 * One step of Adam over a block of parameters (a window of an arena), as torch.optim.Adam and AdamW:
 * p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 * @param software whether to go about it as a CPU adapter wants it; the results are the same
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function adamStep(
  { parameters, gradients, firstMoment, secondMoment, largestSecondMoment, hyper, decay = 'none', pieces, lossScale }: AdamBlock,
  software = parameters.gpu.adapter.software,
): void {
  expectBlock('adamStep', { parameters, gradients, firstMoment, secondMoment, largestSecondMoment }, hyper);
  expectNumbers('adamStep', hyper, ADAM_HYPER_SIZE, pieces);
  const bound = [parameters, firstMoment, secondMoment, gradients];
  const largest = largestSecondMoment ? [largestSecondMoment] : [];
  const walk = walkStep([...bound, ...largest], 5 + largest.length, pieces ?? adamKind(decay), lossScale, software);
  const { bases } = walk;
  parameters.gpu.dispatch({
    shader: specialise(
      'adam',
      [largestSecondMoment ? largestMomentSource : latestMomentSource, walk.source, adamSource],
      { ...walk.constants, NUMBERS: ADAM_HYPER_SIZE },
      walk.aliases,
    ),
    bindings: [
      parameters.written(),
      firstMoment.written(),
      secondMoment.written(),
      gradients.read(),
      hyper.read(),
      ...largest.map((tensor) => tensor.written()),
      ...walk.further,
    ],
    params: new Params().u32(...walk.shape, ...bases.slice(0, 4), hyper.base, bases[4] ?? 0),
    workgroups: walk.workgroups,
  });
}
