import * as kernel from '../../kernels/activation.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { addScaled, mul } from './binary.js';
import type { OutOption } from './options.js';

/** What a gradient is computed from: the input of the piecewise linear ones, the output of the others. */
const savesInput = (kind: kernel.Activation): boolean => kind === 'relu' || kind === 'leakyRelu';

function activation(kind: kernel.Activation, x: Tensor, slope: number, options: OutOption): Tensor {
  const { out } = expectOptions(kind, options, ['out']);
  return called(kind, [x], { slope }, () => {
    const y = kernel.activationForward(kind, x, slope, out);
    const saved = savesInput(kind) ? x : y;
    return track(
      kind,
      [x],
      y,
      rule(
        [saved],
        (dy) => [gradient(kind, saved, dy, slope)],
        () => kernel.activationForward(kind, x, slope),
      ),
    );
  });
}

/**
 * Applies ReLU to every element: max(x, 0); the gradient at zero is zero; torch.relu.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 */
export const relu = (x: Tensor, options: OutOption = {}): Tensor => activation('relu', x, 0, options);

/**
 * Applies leaky ReLU to every element: x where positive, slope x elsewhere; torch.nn.functional.leaky_relu.
 *
 * @param slope the factor below zero. Default 0.01, as in PyTorch
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 */
export const leakyRelu = (x: Tensor, slope = 0.01, options: OutOption = {}): Tensor => activation('leakyRelu', x, slope, options);

/**
 * Takes the hyperbolic tangent of every element; torch.tanh.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 */
export const tanh = (x: Tensor, options: OutOption = {}): Tensor => activation('tanh', x, 0, options);

/**
 * Applies the logistic function to every element: 1 / (1 + exp(-x)); torch.sigmoid.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 */
export const sigmoid = (x: Tensor, options: OutOption = {}): Tensor => activation('sigmoid', x, 0, options);

/** dy times the derivative, itself an operation: linear in dy, and in `saved` as the second derivative says. */
function gradient(kind: kernel.Activation, saved: Tensor, dy: Tensor, slope: number): Tensor {
  const dx = kernel.activationGrad(kind, saved, dy, slope);
  return track(
    `${kind} gradient`,
    [saved, dy],
    dx,
    rule(
      ([ds, ddy]) => [...(ds && !savesInput(kind) ? [saved, dy] : []), ...(ddy ? [saved] : [])],
      (g, [ds, ddy]) => [ds ? bySaved(kind, saved, dy, g) : null, ddy ? gradient(kind, saved, g, slope) : null],
    ),
  );
}

/** g times the gradient of `gradient` with respect to `saved`; null where that is zero almost everywhere. */
function bySaved(kind: kernel.Activation, y: Tensor, dy: Tensor, g: Tensor): Tensor | null {
  if (savesInput(kind)) return null;
  const product = mul(g, dy);
  // d/dy of dy (1 - y^2), and of dy y (1 - y).
  if (kind === 'tanh') return mul(mul(product, y), -2);
  return addScaled(product, mul(product, y), 1, -2);
}
