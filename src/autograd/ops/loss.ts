import * as kernel from '../../kernels/loss.js';
import { fill } from '../../kernels/elementwise.js';
import { expectFloats, expectTensor } from '../../kernels/elements.js';
import { expectShape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, noGrad, rule, track, where } from '../graph.js';
import { relu, sigmoid } from './activation.js';
import { addScaled, mul } from './binary.js';
import { expandTo } from './broadcasting.js';
import { expectName } from './options.js';
import { mean } from './sum.js';

/** A tensor of targets, or one number for all elements. */
type Target = Tensor | number;

/** The operands that can have a gradient. */
const operands = (x: Tensor, target: Target): Tensor[] => (typeof target === 'number' ? [x] : [x, target]);

function expectTarget(what: string, x: Tensor, target: Target): void {
  expectTensor(what, 'prediction', x);
  if (typeof target === 'number') return;
  expectTensor(what, 'target', target);
  expectShape(`target of ${what}`, x.shape, target.shape);
}

/**
 * Takes the mean of |prediction - target|, as a scalar; torch.nn.functional.l1_loss.
 *
 * @param target of the prediction's shape, or one number
 * @throws SHAPE_MISMATCH for unequal shapes; INVALID_ARGUMENT for other types
 */
export function l1Loss(prediction: Tensor, target: Tensor | number): Tensor {
  expectTarget('l1Loss', prediction, target);
  const inputs = operands(prediction, target);
  return called('l1Loss', [prediction, target], {}, () =>
    track(
      'l1Loss',
      inputs,
      kernel.l1Loss(prediction, target),
      rule(inputs, (dy, [dPrediction, dTarget]) => [
        dPrediction ? l1LossGrad(prediction, target, dy) : null,
        dTarget ? l1LossGrad(target as Tensor, prediction, dy) : null,
      ]),
    ),
  );
}

/**
 * Takes the mean of (prediction - target)^2, as a scalar; torch.nn.functional.mse_loss.
 *
 * @param target of the prediction's shape, or one number, as least-squares GANs have it
 * @throws SHAPE_MISMATCH for unequal shapes; INVALID_ARGUMENT for other types
 */
export function mseLoss(prediction: Tensor, target: Tensor | number): Tensor {
  expectTarget('mseLoss', prediction, target);
  const inputs = operands(prediction, target);
  return called('mseLoss', [prediction, target], {}, () =>
    track(
      'mseLoss',
      inputs,
      kernel.mseLoss(prediction, target),
      rule(inputs, (dy, [dPrediction, dTarget]) => [
        dPrediction ? mseLossGrad(prediction, target, dy) : null,
        dTarget ? mseLossGrad(target as Tensor, prediction, dy) : null,
      ]),
    ),
  );
}

/**
 * Takes the mean binary cross-entropy of sigmoid(logits), as a scalar; torch.nn.functional.binary_cross_entropy_with_logits.
 *
 * @param target of the logits' shape, or one number for all (1 real, 0 fake)
 * @throws SHAPE_MISMATCH for unequal shapes; INVALID_ARGUMENT for other types
 */
export function bceWithLogits(logits: Tensor, target: Tensor | number): Tensor {
  expectTarget('bceWithLogits', logits, target);
  const saved = ([dLogits, dTarget]: readonly boolean[]): Tensor[] =>
    where([dLogits || dTarget, logits], ...(typeof target === 'number' ? [] : [[dLogits, target] as const]));
  return called('bceWithLogits', [logits, target], {}, () =>
    track(
      'bceWithLogits',
      operands(logits, target),
      kernel.bceWithLogits(logits, target),
      rule(saved, (dy, [dLogits, dTarget]) => [
        dLogits ? bceWithLogitsGrad(logits, target, dy) : null,
        dTarget ? mul(expandTo(dy, logits.shape, 1 / logits.size), mul(logits, -1)) : null,
      ]),
    ),
  );
}

/**
 * Takes one of the hinge losses of GANs (Lim and Ye 2017), as a scalar.
 *
 * @param form 'real': mean of max(0, 1 - logits), for what a discriminator says of real samples; 'fake': mean of max(0, 1 + logits), of
 *   generated ones; 'generator': minus the mean of the logits, what the generator is trained with
 * @throws INVALID_ARGUMENT for another form, or another type than f32
 */
export function hingeLoss(logits: Tensor, form: 'real' | 'fake' | 'generator'): Tensor {
  expectTensor('hingeLoss', 'logits', logits);
  expectFloats('hingeLoss', { logits });
  expectName('form of hingeLoss', ['real', 'fake', 'generator'], form);
  if (form === 'generator') return mul(mean(logits), -1);
  return mean(relu(addScaled(constant(logits, 1), logits, 1, form === 'real' ? -1 : 1)));
}

// Where a gradient is to be differentiated again it is composed of operations; one kernel does it otherwise.

function l1LossGrad(x: Tensor, target: Target, dy: Tensor): Tensor {
  if (!isTracked([...operands(x, target), dy])) return kernel.l1LossGrad(x, target, dy);
  // The sign, divided by the count of elements: a constant almost everywhere.
  const slope = noGrad(() => kernel.l1LossGrad(x, target, constant(dy, 1)));
  return mul(expandTo(dy, x.shape), slope);
}

function mseLossGrad(x: Tensor, target: Target, dy: Tensor): Tensor {
  if (!isTracked([...operands(x, target), dy])) return kernel.mseLossGrad(x, target, dy);
  return mul(expandTo(dy, x.shape, 1 / x.size), addScaled(x, asTensor(x, target), 2, -2));
}

function bceWithLogitsGrad(logits: Tensor, target: Target, dy: Tensor): Tensor {
  if (!isTracked([...operands(logits, target), dy])) return kernel.bceWithLogitsGrad(logits, target, dy);
  return mul(expandTo(dy, logits.shape, 1 / logits.size), addScaled(sigmoid(logits), asTensor(logits, target), 1, -1));
}

const asTensor = (like: Tensor, target: Target): Tensor => (typeof target === 'number' ? constant(like, target) : target);

function constant(like: Tensor, value: number): Tensor {
  const tensor = Tensor.empty(like.gpu, like.shape, 'constant', like.dtype);
  fill(tensor, value);
  return tensor;
}
