import { expectTensor } from '../../kernels/elements.js';
import { ShadegradError } from '../../errors.js';
import * as norm from '../../kernels/batch-norm.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track, where, type GradientTarget, type Rule } from '../graph.js';
import { packed } from './axes.js';
import { mul } from './binary.js';
import { normalised, normaliseGradient, scaleShift } from './group-normalization.js';
import { expectName, type OutOption } from './options.js';
import { sumRows } from './rows.js';

/** Options of batchNorm(): whose statistics are used and updated, and a place for the result. */
export interface BatchNormOptions extends OutOption {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** The statistics gathered while training, each [channels]; updated when `statistics` is 'batch' and `momentum` is given. */
  running?: { mean: Tensor; variance: Tensor };
  /** The weight of the newest batch in the running statistics. Absent: they are left alone. */
  momentum?: number;
  /**
   * Whether to normalise with the batch's own statistics (training, and pix2pix also at test time) or the running ones. Default
   * 'batch'.
   */
  statistics?: 'batch' | 'running';
}

const BATCH_NORM_OPTIONS = ['epsilon', 'running', 'momentum', 'statistics', 'out'] as const;
const RUNNING = ['mean', 'variance'] as const;

/**
 * Applies batch normalisation over all axes but the last (Ioffe and Szegedy 2015): (x - mean) / sqrt(variance + epsilon) gamma + beta;
 * torch.nn.functional.batch_norm.
 *
 * @param x [..., channels]
 * @param gamma [channels]
 * @param beta [channels]
 * @throws SHAPE_MISMATCH for factors and statistics of other shapes; INVALID_ARGUMENT for other types and options, and running
 *   statistics that are asked for and not given
 */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, options: BatchNormOptions = {}): Tensor {
  const { epsilon = 1e-5, running, momentum, statistics = 'batch', out } = expectOptions('batchNorm', options, BATCH_NORM_OPTIONS);
  expectTensor('batchNorm', 'x', x);
  expectName('statistics of batchNorm', ['batch', 'running'], statistics);
  if (running) expectOptions('running of batchNorm', running, RUNNING, { required: RUNNING });
  norm.expectBatchNorm(x, { gamma, beta, runningMean: running?.mean, runningVariance: running?.variance }, out);
  const attributes = { statistics, epsilon, updates: statistics === 'batch' && running !== undefined && momentum !== undefined };
  const given = statistics === 'running' ? [running?.mean ?? null, running?.variance ?? null] : [];
  return called('batchNorm', [x, gamma, beta, ...given], attributes, () =>
    batchNormalised(x, gamma, beta, { epsilon, running, momentum, statistics, out }),
  );
}

function batchNormalised(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon, running, momentum, statistics, out }: BatchNormOptions & Pick<Required<BatchNormOptions>, 'epsilon' | 'statistics'>,
): Tensor {
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
  return track('batchNorm', [x, gamma, beta], y, {
    ...batchRule(x, gamma, { mean, inverseStd }),
    again: () => norm.batchNormApply(x, mean, inverseStd, gamma, beta),
  });
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
    x,
    gradOutput,
    mean,
    inverseStd,
    gamma,
    ...(inPlace ? { gradGamma: dGamma.tensor, gradBeta: dBeta.tensor, accumulate } : {}),
    needsInput: dx !== undefined,
  });
  return [result.gradInput, result.gradGamma, result.gradBeta];
}

/** Statistics of the batch: they depend on x themselves. */
function batchRule(x: Tensor, gamma: Tensor, statistics: NormStatistics): Rule {
  return rule(
    // The statistics in any case: the result is made again of them.
    ([dx, dGamma]) => [...where([dx || dGamma, x], [dx, gamma]), statistics.mean, statistics.inverseStd],
    (dy, targets) => {
      if (!isTracked([x, gamma, dy])) return normGradient(norm.batchNormGrad, x, gamma, statistics, dy, targets);
      return composed(x, gamma, statistics, dy, targets);
    },
  );
}

/** The gradients in operations, where they are to be differentiated again: a batch is one image that is as many rows as it has pixels. */
function composed(
  x: Tensor,
  gamma: Tensor,
  { mean, inverseStd }: NormStatistics,
  dy: Tensor,
  [dx, dGamma, dBeta]: readonly (GradientTarget | undefined)[],
): (Tensor | null)[] {
  const { rows, channels } = x;
  const matrix = (tensor: Tensor): Tensor => packed(tensor).reshape([rows, channels]);
  const given = { mean: mean.viewAs([1, channels]), inverseStd: inverseStd.viewAs([1, channels]) };
  const layout = { images: 1, rows, channels, groups: channels };
  const [flat, slope] = [matrix(x), matrix(dy)];
  return [
    dx ? normaliseGradient(flat, given, scaleShift(slope, gamma, null), layout).reshape(x.shape) : null,
    dGamma ? sumRows(mul(slope, normalised(flat, given, layout))) : null,
    dBeta ? sumRows(slope) : null,
  ];
}

/** Given statistics: constants. */
function inferenceRule(x: Tensor, gamma: Tensor, statistics: NormStatistics): Rule {
  return rule(
    ([dx, dGamma]) => where([dGamma, x], [dx, gamma], [dGamma, statistics.mean], [dx || dGamma, statistics.inverseStd]),
    (dy, targets) => {
      if (!isTracked([x, gamma, dy])) return normGradient(norm.batchNormInferenceGrad, x, gamma, statistics, dy, targets);
      const [dx, dGamma, dBeta] = targets;
      // (x - mean) * inverseStd, as a factor and a summand for each channel.
      const { mean, inverseStd } = statistics;
      const xhat = (): Tensor => scaleShift(x, inverseStd, mul(mul(mean, inverseStd), -1));
      return [
        dx ? scaleShift(dy, mul(gamma, inverseStd), null) : null,
        dGamma ? sumRows(mul(dy, xhat())) : null,
        dBeta ? sumRows(dy) : null,
      ];
    },
  );
}
