import { ShadegradError } from '../../gpu/errors.js';
import * as norm from '../../kernels/batch-norm.js';
import { instanceNormForward, instanceNormGrad, type InstanceStatistics } from '../../kernels/instance-norm.js';
import type { Tensor } from '../../tensor/tensor.js';
import { isTracked, rule, track, where, type GradientTarget, type Rule } from '../graph.js';
import { composedInferenceGradients, composedNormGradients, type NormGradients } from './composed-norm.js';
import type { OutOption } from './options.js';

export interface BatchNormOptions extends OutOption {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Statistics gathered while training; updated when `statistics` is 'batch' and `momentum` is given. */
  running?: { mean: Tensor; variance: Tensor };
  /** Weight of the newest batch in the running statistics. Absent: they are left alone. */
  momentum?: number;
  /** Normalise with the batch's own statistics (training, and pix2pix also at test time) or the running ones. */
  statistics?: 'batch' | 'running';
}

/** Batch normalisation over all axes but the last (Ioffe and Szegedy 2015): (x - mean) / sqrt(variance + eps) * gamma + beta. */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, options: BatchNormOptions = {}): Tensor {
  const { epsilon = 1e-5, running, momentum, statistics = 'batch', out } = options;
  norm.expectBatchNorm(x, { gamma, beta, runningMean: running?.mean, runningVariance: running?.variance }, out);
  if (statistics === 'running') {
    if (!running) {
      throw new ShadegradError('INVALID_ARGUMENT', 'batchNorm: running statistics are asked for but not given', {
        fix: 'pass `running`, or use the statistics of the batch',
      });
    }
    const inverseStd = norm.inverseStdFromVariance(running.variance, epsilon);
    const y = norm.batchNormApply(x, running.mean, inverseStd, gamma, beta, out);
    return track('batchNorm', [x, gamma, beta], y, inferenceRule(x, gamma, { mean: running.mean, inverseStd }));
  }
  const { mean, inverseStd, variance } = norm.batchNormStatistics(x, epsilon);
  if (running && momentum !== undefined) {
    norm.updateRunningStatistics(mean, variance, x.rows, running.mean, running.variance, momentum);
  }
  const y = norm.batchNormApply(x, mean, inverseStd, gamma, beta, out);
  return track('batchNorm', [x, gamma, beta], y, batchRule(x, gamma, { mean, inverseStd }, epsilon));
}

export interface InstanceNormOptions extends OutOption {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
}

/** Instance normalisation of x [batch, h, w, channels] (Ulyanov et al. 2016): every channel of every image by its own moments; no scale, no shift. */
export function instanceNorm(x: Tensor, { epsilon = 1e-5, out }: InstanceNormOptions = {}): Tensor {
  const { y, statistics } = instanceNormForward(x, epsilon, out);
  return track('instanceNorm', [x], y, instanceRule(x, statistics, epsilon));
}

/** What batch normalisation keeps from its forward run. */
interface NormStatistics {
  readonly mean: Tensor;
  readonly inverseStd: Tensor;
}

/** One kernel makes all three gradients of a normalisation: those of gamma and beta are sums that dx needs anyway. */
function normGradient(
  kernel: typeof norm.batchNormGrad,
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

const wanted = ({ dx, dGamma, dBeta }: NormGradients, [x, gamma, beta]: readonly unknown[]): (Tensor | null)[] =>
  [x ? dx : null, gamma ? dGamma : null, beta ? dBeta : null];

/** Statistics of the batch: they depend on x themselves. */
function batchRule(x: Tensor, gamma: Tensor, statistics: NormStatistics, epsilon: number): Rule {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  return rule(
    ([dx, dGamma]) => where([dx || dGamma, x], [dx, gamma], [dx || dGamma, statistics.mean], [dx || dGamma, statistics.inverseStd]),
    (dy, targets) => isTracked([x, gamma, dy])
      ? wanted(composedNormGradients(x, dy, gamma, axes, epsilon), targets)
      : normGradient(norm.batchNormGrad, x, gamma, statistics, dy, targets),
  );
}

/** Given statistics: constants. */
function inferenceRule(x: Tensor, gamma: Tensor, statistics: NormStatistics): Rule {
  return rule(
    ([dx, dGamma]) => where([dGamma, x], [dx, gamma], [dGamma, statistics.mean], [dx || dGamma, statistics.inverseStd]),
    (dy, targets) => isTracked([x, gamma, dy])
      ? wanted(composedInferenceGradients(x, dy, gamma, statistics.mean, statistics.inverseStd), targets)
      : normGradient(norm.batchNormInferenceGrad, x, gamma, statistics, dy, targets),
  );
}

function instanceRule(x: Tensor, statistics: InstanceStatistics, epsilon: number): Rule {
  return rule(
    [x, statistics.ones, ...statistics.images.flatMap(({ mean, inverseStd }) => [mean, inverseStd])],
    (dy) => [isTracked([x, dy]) ? composedNormGradients(x, dy, null, [1, 2], epsilon).dx : instanceNormGrad(x, dy, statistics)],
  );
}
