import * as kernel from '../../kernels/loss.js';
import { fill } from '../../kernels/elementwise.js';
import { expectShape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { isTracked, noGrad, rule, track } from '../graph.js';
import { sigmoid } from './activation.js';
import { addScaled, multiply } from './elementwise.js';
import { spread, spreadMean } from './reductions.js';

/** Mean of |prediction - target|, as a tensor of one. */
export function l1Loss(prediction: Tensor, target: Tensor): Tensor {
  expectShape('target of l1Loss', prediction.shape, target.shape);
  return track('l1Loss', [prediction, target], kernel.l1Loss(prediction, target), rule([prediction, target], (dy, [dPrediction, dTarget]) => [
    dPrediction ? l1LossGrad(prediction, target, dy) : null,
    dTarget ? l1LossGrad(target, prediction, dy) : null,
  ]));
}

/** Mean of (prediction - target)^2, as a tensor of one. */
export function l2Loss(prediction: Tensor, target: Tensor): Tensor {
  expectShape('target of l2Loss', prediction.shape, target.shape);
  return track('l2Loss', [prediction, target], kernel.l2Loss(prediction, target), rule([prediction, target], (dy, [dPrediction, dTarget]) => [
    dPrediction ? l2LossGrad(prediction, target, dy) : null,
    dTarget ? l2LossGrad(target, prediction, dy) : null,
  ]));
}

/** Mean binary cross-entropy of sigmoid(logits) against one target for all (1 real, 0 fake), as a tensor of one. */
export function bceWithLogits(logits: Tensor, target: number): Tensor {
  return track('bceWithLogits', [logits], kernel.bceWithLogits(logits, target), rule([logits], (dy) => [bceWithLogitsGrad(logits, target, dy)]));
}

// Where a gradient is to be differentiated again it is composed of operations; one kernel does it otherwise.

function l1LossGrad(x: Tensor, target: Tensor, dy: Tensor): Tensor {
  if (!isTracked([x, target, dy])) return kernel.l1LossGrad(x, target, dy);
  // The sign, divided by the count of elements: a constant almost everywhere.
  const slope = noGrad(() => kernel.l1LossGrad(x, target, constant(dy, 1)));
  return multiply(spread(dy, x.shape), slope);
}

function l2LossGrad(x: Tensor, target: Tensor, dy: Tensor): Tensor {
  if (!isTracked([x, target, dy])) return kernel.l2LossGrad(x, target, dy);
  return multiply(spreadMean(dy, x.shape), addScaled(x, target, 2, -2));
}

function bceWithLogitsGrad(logits: Tensor, target: number, dy: Tensor): Tensor {
  if (!isTracked([logits, dy])) return kernel.bceWithLogitsGrad(logits, target, dy);
  return multiply(spreadMean(dy, logits.shape), addScaled(sigmoid(logits), constant(logits, target), 1, -1));
}

function constant(like: Tensor, value: number): Tensor {
  const tensor = Tensor.empty(like.gpu, like.shape, 'constant');
  fill(tensor, value);
  return tensor;
}
