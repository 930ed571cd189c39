import { ShadegradError } from '../gpu/errors.js';
import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectOperands } from './elements.js';
import { grid, specialise } from './kernel.js';
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

/** How the invocations of a dispatch share the parameters. */
interface AdamWalk {
  /** Numbers in an element. */
  readonly width: 1 | 4;
  readonly workgroup: number;
  /** Elements that one invocation updates. */
  readonly each: number;
}

/** Small blocks still occupy all cores. */
const FEWEST_SOFTWARE_WORKGROUPS = 16;

/**
 * A GPU takes four numbers an invocation. A CPU adapter vectorises over the invocations of a workgroup, so that there
 * scalars in wide workgroups are faster than vectors, and an invocation updates up to 16 of them for one load of the
 * hyperparameters.
 */
function walkFor(tensors: readonly Tensor[], software: boolean): AdamWalk {
  const { size } = tensors[0]!;
  if (software) {
    const workgroup = 256;
    return { width: 1, workgroup, each: Math.min(16, Math.ceil(size / (workgroup * FEWEST_SOFTWARE_WORKGROUPS))) };
  }
  const aligned = size % 4 === 0 && tensors.every(({ offset }) => offset % 4 === 0);
  return { width: aligned ? 4 : 1, workgroup: 64, each: 1 };
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
 * @param software whether to go about it as a CPU adapter wants it; the results are the same
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function adamStep(
  { parameters, gradients, firstMoment, secondMoment, hyper }: AdamTensors, software = parameters.gpu.adapter.software,
): void {
  expectOperands('adamStep', { parameters, gradients, firstMoment, secondMoment, hyper });
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
  const bound = [parameters, firstMoment, secondMoment, gradients];
  const { width, workgroup, each } = walkFor(bound, software);
  const count = parameters.size / width;
  parameters.gpu.dispatch({
    shader: specialise('adam', [adamSource], { WORKGROUP: workgroup }, { element: width === 4 ? 'vec4f' : 'f32' }),
    bindings: [parameters.written(), firstMoment.written(), secondMoment.written(), gradients.read(), hyper.read()],
    params: new Params().u32(count, each, ...bound.map((tensor) => tensor.base / width), hyper.base),
    workgroups: grid(count, workgroup * each),
  });
}
