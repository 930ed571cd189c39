import * as activations from '../../kernels/activation.js';
import type { Tensor } from '../../tensor/tensor.js';
import { gradients } from '../gradients.js';
import { track } from '../graph.js';
import type { OutOption } from './options.js';

function activation(kind: activations.Activation, x: Tensor, slope: number, out?: Tensor): Tensor {
  const y = activations.activationForward(kind, x, slope, out);
  const saved = kind === 'relu' || kind === 'leakyRelu' ? x : y;
  return track(kind, [x], y, gradients.activation(kind, saved, slope));
}

/** max(x, 0) */
export const relu = (x: Tensor, { out }: OutOption = {}): Tensor => activation('relu', x, 0, out);

/** x where positive, slope * x elsewhere. */
export const leakyRelu = (x: Tensor, slope = 0.01, { out }: OutOption = {}): Tensor => activation('leakyRelu', x, slope, out);

/** Hyperbolic tangent. */
export const tanh = (x: Tensor, { out }: OutOption = {}): Tensor => activation('tanh', x, 0, out);

/** 1 / (1 + exp(-x)) */
export const sigmoid = (x: Tensor, { out }: OutOption = {}): Tensor => activation('sigmoid', x, 0, out);
