import type { Tensor } from '../../tensor/tensor.js';
import { add, mul, sub } from './binary.js';
import { pow } from './pow.js';
import { mean, sum } from './sum.js';
import { square } from './unary.js';

export interface NormGradients {
  readonly dx: Tensor;
  readonly dGamma: Tensor;
  readonly dBeta: Tensor;
}

/**
 * The gradients of (x - mean) / sqrt(variance + epsilon) * gamma + beta, composed of operations so that they can be differentiated
 * again; kernels compute them otherwise. With n = (x - mean) / sqrt(variance + epsilon) and h = dy * gamma:
 *
 *   dx = (h - mean(h) - n * mean(h * n)) / sqrt(variance + epsilon)      dGamma = sum(dy * n)      dBeta = sum(dy)
 *
 * @param axes over which the moments are taken
 * @param gamma [channels], or null for ones
 */
export function composedNormGradients(x: Tensor, dy: Tensor, gamma: Tensor | null, axes: readonly number[], epsilon: number): NormGradients {
  const average = (t: Tensor): Tensor => mean(t, { axes, keepDims: true });
  const centred = sub(x, average(x));
  const inverse = pow(add(average(square(centred)), epsilon), -0.5);
  const normalised = mul(centred, inverse);
  const h = gamma ? mul(dy, gamma) : dy;
  const dx = mul(sub(sub(h, average(h)), mul(normalised, average(mul(h, normalised)))), inverse);
  return { dx, ...parameterGradients(dy, normalised) };
}

/** The same for moments that are given, and constants: dx = dy * gamma * inverseStd. */
export function composedInferenceGradients(x: Tensor, dy: Tensor, gamma: Tensor, mean: Tensor, inverseStd: Tensor): NormGradients {
  return { dx: mul(mul(dy, gamma), inverseStd), ...parameterGradients(dy, mul(sub(x, mean), inverseStd)) };
}

function parameterGradients(dy: Tensor, normalised: Tensor): Pick<NormGradients, 'dGamma' | 'dBeta'> {
  const axes = dy.shape.map((_, axis) => axis).slice(0, -1);
  return { dGamma: sum(mul(dy, normalised), { axes }), dBeta: sum(dy, { axes }) };
}
