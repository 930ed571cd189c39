import { activationGrad, type Activation } from '../kernels/activation.js';
import { batchNormGrad, batchNormInferenceGrad } from '../kernels/batch-norm.js';
import { biasGrad } from '../kernels/bias.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad, type ConvGeometry } from '../kernels/conv2d.js';
import { dropout } from '../kernels/dropout.js';
import { copy, fill } from '../kernels/elementwise.js';
import { instanceNormGrad, type InstanceStatistics } from '../kernels/instance-norm.js';
import { bceWithLogitsGrad, l1LossGrad, l2LossGrad } from '../kernels/loss.js';
import { Tensor } from '../tensor/tensor.js';
import type { Backward, GradientTarget, Rule } from './graph.js';

/** What batch normalisation keeps from its forward run. */
export interface NormStatistics {
  readonly mean: Tensor;
  readonly inverseStd: Tensor;
}

/** One kernel makes all three gradients of a normalisation: those of gamma and beta are sums that dx needs anyway. */
function normGradient(
  kernel: typeof batchNormGrad,
  x: Tensor,
  gamma: Tensor,
  { mean, inverseStd }: NormStatistics,
  gradOutput: Tensor,
  [dx, dGamma, dBeta]: readonly (GradientTarget | undefined)[],
): (Tensor | null)[] {
  const accumulate = dGamma?.accumulate ?? false;
  // The kernel writes both into their places or neither; otherwise backward() puts them there.
  const inPlace = dGamma?.tensor !== undefined && dBeta?.tensor !== undefined && accumulate === (dBeta.accumulate ?? false);
  const result = kernel({
    x, gradOutput, mean, inverseStd, gamma,
    ...(inPlace ? { gradGamma: dGamma.tensor, gradBeta: dBeta.tensor, accumulate } : {}),
    needsInput: dx !== undefined,
  });
  return [result.gradInput, result.gradGamma, result.gradBeta];
}

/** A rule that computes every gradient from all of `saved`, or from those that a function names for the gradients wanted. */
function rule(saved: readonly Tensor[] | Rule['saved'], backward: Backward): Rule {
  return { saved: typeof saved === 'function' ? saved : () => saved, backward };
}

/** The tensors beside a true. */
const where = (...entries: (readonly [boolean | undefined, Tensor])[]): Tensor[] =>
  entries.flatMap(([wanted, tensor]) => (wanted ? [tensor] : []));

/**
 * The gradient of every operation, one rule each: from what the operation saw to the tensors that are needed again and a
 * function that turns the gradient of its output into those of its inputs. An entry that is not wanted is never computed.
 */
export const gradients = {
  conv2d:
    (x: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry): Rule =>
    rule(([dx, dw]) => where([dx, weight], [dw, x]), (dy, [dx, dw, db]) => [
      dx ? conv2dInputGrad(dy, weight, null, x.shape, geometry) : null,
      dw ? conv2dWeightGrad(x, dy, weight.shape, geometry, dw.tensor, dw.accumulate) : null,
      db && bias ? biasGrad(dy, db.tensor, db.accumulate) : null,
    ]),

  // The adjoint of a convolution: input and gradient change places, and the gradient of the input is the
  // convolution itself.
  convTranspose2d:
    (x: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry): Rule =>
    rule(([dx, dw]) => where([dx, weight], [dw, x]), (dy, [dx, dw, db]) => [
      dx ? conv2dForward(dy, weight, null, geometry) : null,
      dw ? conv2dWeightGrad(dy, x, weight.shape, geometry, dw.tensor, dw.accumulate) : null,
      db && bias ? biasGrad(dy, db.tensor, db.accumulate) : null,
    ]),

  /** Statistics of the batch: they depend on x themselves. */
  batchNorm:
    (x: Tensor, gamma: Tensor, statistics: NormStatistics): Rule =>
    rule(
      ([dx, dGamma]) => where([dx || dGamma, x], [dx, gamma], [dx || dGamma, statistics.mean], [dx || dGamma, statistics.inverseStd]),
      (dy, targets) => normGradient(batchNormGrad, x, gamma, statistics, dy, targets),
    ),

  /** Given statistics: constants. */
  batchNormInference:
    (x: Tensor, gamma: Tensor, statistics: NormStatistics): Rule =>
    rule(
      ([dx, dGamma]) => where([dGamma, x], [dx, gamma], [dGamma, statistics.mean], [dx || dGamma, statistics.inverseStd]),
      (dy, targets) => normGradient(batchNormInferenceGrad, x, gamma, statistics, dy, targets),
    ),

  instanceNorm:
    (x: Tensor, statistics: InstanceStatistics): Rule =>
    rule(
      [x, statistics.ones, ...statistics.images.flatMap(({ mean, inverseStd }) => [mean, inverseStd])],
      (dy) => [instanceNormGrad(x, dy, statistics)],
    ),

  /** `saved` is the input of a ReLU and the output of tanh and sigmoid. */
  activation:
    (kind: Activation, saved: Tensor, slope: number): Rule =>
    rule([saved], (dy) => [activationGrad(kind, saved, dy, slope)]),

  /** The mask is not kept: the same counters give the same mask again. `words` are those of the forward run, whatever came after. */
  dropout:
    (rate: number, layer: number, words: Tensor): Rule =>
    rule([words], (dy) => [dropout(dy, rate, layer, words)]),

  concat:
    (inputs: readonly Tensor[]): Rule =>
    rule([], (dy, targets) => {
      let start = 0;
      return inputs.map((input, index) => {
        const end = start + input.channels;
        const part = targets[index] ? dy.channelView(start, end) : null;
        start = end;
        return part;
      });
    }),

  sliceChannels:
    (x: Tensor, start: number, end: number): Rule =>
    rule([], (dy) => {
      const dx = Tensor.empty(x.gpu, x.shape, 'slice gradient');
      fill(dx, 0);
      copy(dy, dx.channelView(start, end));
      return [dx];
    }),

  reshape:
    (x: Tensor): Rule =>
    rule([], (dy) => [(dy.contiguous ? dy : copy(dy)).viewAs(x.shape)]),

  copy: (): Rule => rule([], (dy) => [dy]),

  l1Loss:
    (prediction: Tensor, target: Tensor): Rule =>
    rule([prediction, target], (dy, [dPrediction, dTarget]) => [
      dPrediction ? l1LossGrad(prediction, target, dy) : null,
      dTarget ? l1LossGrad(target, prediction, dy) : null,
    ]),

  l2Loss:
    (prediction: Tensor, target: Tensor): Rule =>
    rule([prediction, target], (dy, [dPrediction, dTarget]) => [
      dPrediction ? l2LossGrad(prediction, target, dy) : null,
      dTarget ? l2LossGrad(target, prediction, dy) : null,
    ]),

  bceWithLogits:
    (logits: Tensor, targetValue: number): Rule =>
    rule([logits], (dy) => [bceWithLogitsGrad(logits, targetValue, dy)]),
};
