import { ShadegradError } from '../gpu/errors.js';
import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { walkElements } from './elements.js';
import { specialise } from './kernel.js';
import adamSource from '../../shaders/adam.wgsl';

export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The step about to be made, counted from 1. */
  readonly step: number;
}

/** Numbers in the `hyper` tensor of adamStep. */
export const ADAM_HYPER_SIZE = 8;

/**
 * Contents of adamStep's `hyper` tensor: [rate, beta1, beta2, epsilon, 1 - beta1^t, sqrt(1 - beta2^t), 1 - beta1,
 * 1 - beta2], each computed in float64 and rounded once.
 */
export function adamHyper({ learningRate, beta1, beta2, epsilon, step }: AdamSettings): Float32Array<ArrayBuffer> {
  return new Float32Array([
    learningRate, beta1, beta2, epsilon,
    1 - beta1 ** step, Math.sqrt(1 - beta2 ** step),
    1 - beta1, 1 - beta2,
  ]);
}

export interface AdamTensors {
  /** Updated in place, as are both moments; one shape for all four, without gaps. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** [8] from adamHyper(), written anew before each step. */
  readonly hyper: Tensor;
}

/**
 * One step of Adam over a block of parameters (a window of an arena), as torch.optim.Adam without weight decay:
 * p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function adamStep({ parameters, gradients, firstMoment, secondMoment, hyper }: AdamTensors): void {
  expectShape('hyper of adamStep', [ADAM_HYPER_SIZE], hyper.shape);
  const tensors = { gradients, firstMoment, secondMoment };
  for (const [name, tensor] of Object.entries(tensors)) expectShape(`${name} of adamStep`, parameters.shape, tensor.shape);
  for (const [name, tensor] of Object.entries({ parameters, ...tensors })) {
    if (tensor.contiguous) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `${name} of adamStep`, {
      expected: 'a tensor without gaps between its rows',
      received: `a channel slice, "${tensor.label}"`,
      fix: 'keep parameters, gradients and moments in arenas of their own',
    });
  }
  const walk = walkElements([parameters, firstMoment, secondMoment, gradients]);
  const bases = [parameters, firstMoment, secondMoment, gradients].map((tensor) => walk.place(tensor)[0]);
  parameters.gpu.dispatch({
    shader: specialise('adam', [walk.source, adamSource], walk.constants, walk.aliases),
    bindings: [parameters.written(), firstMoment.written(), secondMoment.written(), gradients.read(), hyper.read()],
    params: new Params().u32(walk.count, ...bases, hyper.base),
    workgroups: walk.workgroups,
  });
}
