import { Params } from '../gpu/params.js';
import { expectShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectFinite, expectFloats, expectScalar, FLOATS, resultTensor, walkElements } from './elements.js';
import { grid, specialise } from './kernel.js';
import lossGradSource from '../../shaders/loss_grad.wgsl';
import partialSumsSource from '../../shaders/shared/partial_sums.wgsl';
import spreadSource from '../../shaders/spread.wgsl';
import sumPartialsSource from '../../shaders/sum_partials.wgsl';
import sumTermsSource from '../../shaders/sum_terms.wgsl';
import absoluteDifferenceSource from '../../shaders/loss-terms/absolute_difference.wgsl';
import binaryCrossEntropySource from '../../shaders/loss-terms/binary_cross_entropy.wgsl';
import squaredDifferenceSource from '../../shaders/loss-terms/squared_difference.wgsl';
import valueSource from '../../shaders/loss-terms/value.wgsl';

/** What is summed over the elements: a file of shaders/terms. */
interface Term {
  readonly name: string;
  readonly source: string;
}

const value: Term = { name: 'value', source: valueSource };
const absoluteDifference: Term = { name: 'absolute_difference', source: absoluteDifferenceSource };
const squaredDifference: Term = { name: 'squared_difference', source: squaredDifferenceSource };
const binaryCrossEntropy: Term = { name: 'binary_cross_entropy', source: binaryCrossEntropySource };

/** Partial sums of this many terms are long enough to hide the second stage and short enough to stay precise. */
const TERMS_PER_PARTIAL = 16;
/** More partial sums than this keep no GPU busier and make the second stage longer. */
const MOST_PARTIALS = 16384;

/** Sum over all elements as a scalar, in a fixed order. */
export function sum(x: Tensor): Tensor {
  return sumTerms('sum', value, x, 0, 1);
}

/** Mean over all elements as a scalar. */
export function mean(x: Tensor): Tensor {
  return sumTerms('mean', value, x, 0, 1 / x.size);
}

/** Mean of |prediction - target| as a scalar; `target` is a tensor, or one number for all. @throws as expectOperands(); SHAPE_MISMATCH */
export function l1Loss(prediction: Tensor, target: Tensor | number): Tensor {
  return sumTerms('l1 loss', absoluteDifference, prediction, target, 1 / prediction.size);
}

/** Mean of (prediction - target)^2 as a scalar; `target` is a tensor, or one number for all. @throws as expectOperands(); SHAPE_MISMATCH */
export function mseLoss(prediction: Tensor, target: Tensor | number): Tensor {
  return sumTerms('mse loss', squaredDifference, prediction, target, 1 / prediction.size);
}

/**
 * Mean binary cross entropy of sigmoid(logits), computed from the logits so that nothing overflows or is rounded away.
 * @param target what the elements should be, a tensor or one number for all: 1 for "real", 0 for "fake", or a smoothed label between
 */
export function bceWithLogits(logits: Tensor, target: Tensor | number): Tensor {
  return sumTerms('bce with logits', binaryCrossEntropy, logits, target, 1 / logits.size);
}

/**
 * Gradient of l1Loss with respect to the prediction; 0 where prediction and target are equal, as in PyTorch.
 * @param gradLoss a tensor of one, gradient of the loss itself
 */
export function l1LossGrad(prediction: Tensor, target: Tensor | number, gradLoss: Tensor, out?: Tensor): Tensor {
  return lossGrad('l1 loss gradient', absoluteDifference, prediction, target, gradLoss, out);
}

/** Gradient of mseLoss with respect to the prediction. @param gradLoss a tensor of one */
export function mseLossGrad(prediction: Tensor, target: Tensor | number, gradLoss: Tensor, out?: Tensor): Tensor {
  return lossGrad('mse loss gradient', squaredDifference, prediction, target, gradLoss, out);
}

/** Gradient of bceWithLogits with respect to the logits. @param gradLoss a tensor of one */
export function bceWithLogitsGrad(logits: Tensor, target: Tensor | number, gradLoss: Tensor, out?: Tensor): Tensor {
  return lossGrad('bce with logits gradient', binaryCrossEntropy, logits, target, gradLoss, out);
}

/** Gradient of sum() with respect to a tensor of `shape`. @param gradSum a tensor of one */
export function sumGrad(shape: Shape, gradSum: Tensor, out?: Tensor): Tensor {
  return spread('sum gradient', shape, gradSum, () => 1, out);
}

/** Gradient of mean() with respect to a tensor of `shape`. @param gradMean a tensor of one */
export function meanGrad(shape: Shape, gradMean: Tensor, out?: Tensor): Tensor {
  return spread('mean gradient', shape, gradMean, (size) => 1 / size, out);
}

/** factor * sum over all elements of term(x, target), as a scalar; `target` is a tensor or the same number everywhere. */
function sumTerms(label: string, term: Term, x: Tensor, target: Tensor | number, factor: number): Tensor {
  const { gpu } = x;
  const targetTensor = typeof target === 'number' ? null : target;
  expectFloats(label, { input: x, target: targetTensor });
  if (typeof target === 'number') expectFinite(`target of ${label}`, target);
  if (targetTensor) expectShape(`target of ${label}`, x.shape, targetTensor.shape);
  const t = targetTensor ?? x;
  const walk = walkElements(targetTensor ? [x, targetTensor] : [x]);
  const partials = Math.min(MOST_PARTIALS, Math.ceil(walk.count / TERMS_PER_PARTIAL));
  const partial = Tensor.empty(gpu, [partials], `${label}, partial sums`);
  gpu.dispatch({
    shader: specialise(
      `sum_terms(${term.name})`,
      [walk.source, term.source, sumTermsSource],
      { HAS_TARGET: targetTensor !== null, VECTORIZED: walk.vectorized, ...walk.constants },
      walk.types({ x, t }),
    ),
    bindings: [x.read(x.dtype), t.read(t.dtype), partial.written()],
    params: new Params()
      .u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(t), partials)
      .f32(typeof target === 'number' ? target : 0),
    workgroups: grid(partials, 64),
  });
  const result = Tensor.empty(gpu, [], label);
  gpu.dispatch({
    shader: specialise('sum_partials', [partialSumsSource, sumPartialsSource]),
    bindings: [partial.read(), result.written()],
    params: new Params().u32(partials, result.base).f32(factor),
    workgroups: [1, 1, 1],
  });
  partial.dispose();
  return result;
}

/** gradLoss / size * derivative of the term by x. */
function lossGrad(label: string, term: Term, x: Tensor, target: Tensor | number, gradLoss: Tensor, out?: Tensor): Tensor {
  const targetTensor = typeof target === 'number' ? null : target;
  expectFloats(label, { input: x, target: targetTensor, out }, { gradLoss });
  if (typeof target === 'number') expectFinite(`target of ${label}`, target);
  if (targetTensor) expectShape(`target of ${label}`, x.shape, targetTensor.shape);
  expectScalar(`${label}: gradient of the loss`, gradLoss.shape);
  const output = resultTensor(label, x, out, FLOATS);
  const t = targetTensor ?? x;
  const walk = walkElements(targetTensor ? [x, targetTensor, output] : [x, output]);
  x.gpu.dispatch({
    shader: specialise(
      `loss_grad(${term.name})`,
      [walk.source, term.source, lossGradSource],
      { HAS_TARGET: targetTensor !== null, ...walk.constants },
      walk.types({ x, t, dx: output }),
    ),
    bindings: [x.read(x.dtype), t.read(t.dtype), gradLoss.read(), output.written(output.dtype)],
    params: new Params()
      .u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(t), ...walk.place(output), gradLoss.base)
      .f32(typeof target === 'number' ? target : 0, 1 / x.size),
    workgroups: walk.workgroups,
  });
  return output;
}

function spread(label: string, shape: Shape, scalar: Tensor, factor: (size: number) => number, out?: Tensor): Tensor {
  expectFloats(label, { out }, { gradient: scalar });
  expectScalar(label, scalar.shape);
  const output = out ?? Tensor.empty(scalar.gpu, shape, label);
  expectShape(`out of ${label}`, shape, output.shape);
  const walk = walkElements([output]);
  scalar.gpu.dispatch({
    shader: specialise('spread', [walk.source, spreadSource], walk.constants, walk.types({ y: output })),
    bindings: [scalar.read(), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(output), scalar.base).f32(factor(output.size)),
    workgroups: walk.workgroups,
  });
  return output;
}
