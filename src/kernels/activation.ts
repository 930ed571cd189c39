import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectFloats, FLOATS, resultTensor, walkElements } from './elements.js';
import { specialise } from './kernel.js';
import activationsSource from '../../shaders/shared/activations.wgsl';
import forwardSource from '../../shaders/activation_forward.wgsl';
import gradSource from '../../shaders/activation_grad.wgsl';

export type Activation = 'relu' | 'leakyRelu' | 'tanh' | 'sigmoid';

/** ACTIVATION in shaders/shared/activations.wgsl. */
const CODES: Record<Activation, number> = { relu: 0, leakyRelu: 1, tanh: 2, sigmoid: 3 };

/**
 * An activation function, element by element.
 * @param x of any shape, channel slices too
 * @param slope of leaky ReLU below zero; ignored by the others
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function activationForward(kind: Activation, x: Tensor, slope = 0.2, out?: Tensor): Tensor {
  const output = resultTensor(kind, x, out, FLOATS);
  const walk = walkElements([x, output]);
  x.gpu.dispatch({
    shader: specialise(
      'activation_forward',
      [walk.source, activationsSource, forwardSource],
      { ACTIVATION: CODES[kind], ...walk.constants },
      walk.types({ x, y: output }),
    ),
    bindings: [x.read(x.dtype), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(output)).f32(slope),
    workgroups: walk.workgroups,
  });
  return output;
}

/**
 * Gradient of an activation function with respect to its input. At exactly zero ReLU's is 0 and leaky ReLU's is
 * the slope, as PyTorch has it.
 * @param saved the input of relu and leakyRelu; the output of tanh and sigmoid (for relu the output does as well)
 * @param gradOutput of the same shape
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function activationGrad(kind: Activation, saved: Tensor, gradOutput: Tensor, slope = 0.2, out?: Tensor): Tensor {
  expectFloats(`gradient of ${kind}`, { saved, gradOutput, out });
  expectShape(`gradient of ${kind}`, saved.shape, gradOutput.shape);
  const output = resultTensor(`${kind} gradient`, gradOutput, out, FLOATS);
  const walk = walkElements([saved, gradOutput, output]);
  saved.gpu.dispatch({
    shader: specialise(
      'activation_grad',
      [walk.source, activationsSource, gradSource],
      { ACTIVATION: CODES[kind], ...walk.constants },
      walk.types({ saved, dy: gradOutput, dx: output }),
    ),
    bindings: [saved.read(saved.dtype), gradOutput.read(gradOutput.dtype), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(saved), ...walk.place(gradOutput), ...walk.place(output)).f32(slope),
    workgroups: walk.workgroups,
  });
  return output;
}
