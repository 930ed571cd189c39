import { ShadegradError } from '../errors.js';
import { isFloat, Params, SMALLEST_FLOAT } from '../gpu/params.js';
import { expectShape, formatShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectFloats, expectOperands, type Operands } from './elements.js';
import { grid, specialise, storedTypes, type Constants } from './kernel.js';
import laneScalarSource from '../../shaders/batch_norm_lane_scalar.wgsl';
import laneVec4Source from '../../shaders/batch_norm_lane_vec4.wgsl';
import applySource from '../../shaders/batch_norm_apply.wgsl';
import inputGradSource from '../../shaders/batch_norm_input_grad.wgsl';
import inverseStdSource from '../../shaders/batch_norm_inverse_std.wgsl';
import paramGradSource from '../../shaders/batch_norm_param_grad.wgsl';
import partialGradSource from '../../shaders/batch_norm_partial_grad.wgsl';
import partialStatisticsSource from '../../shaders/batch_norm_partial_statistics.wgsl';
import runningSource from '../../shaders/batch_norm_running.wgsl';
import statisticsSource from '../../shaders/batch_norm_statistics.wgsl';

export interface BatchStatistics {
  /** [channels] */
  readonly mean: Tensor;
  /** [channels], 1 / sqrt(variance + epsilon) */
  readonly inverseStd: Tensor;
  /** [channels], biased: divided by the rows, not by one less */
  readonly variance: Tensor;
}

export interface BatchNormGradOptions {
  /** What was normalised: [..., channels]. */
  readonly x: Tensor;
  /** Gradient of the result, of x's shape. */
  readonly gradOutput: Tensor;
  /** [channels], as used forward. */
  readonly mean: Tensor;
  /** [channels], as used forward. */
  readonly inverseStd: Tensor;
  /** [channels], the scale. */
  readonly gamma: Tensor;
  /** Where to put the gradient of x; made when absent. */
  readonly out?: Tensor;
  /** Where to put the gradient of the scale, [channels]; made when absent. */
  readonly gradGamma?: Tensor;
  /** Where to put the gradient of the shift, [channels]; made when absent. */
  readonly gradBeta?: Tensor;
  /** Add to gradGamma and gradBeta instead of overwriting them; both must then be given. */
  readonly accumulate?: boolean;
  /** Whether the gradient of x is wanted; true unless given. */
  readonly needsInput?: boolean;
}

export interface BatchNormGradients {
  /** Of x's shape; null when it was not wanted. */
  readonly gradInput: Tensor | null;
  /** [channels] */
  readonly gradGamma: Tensor;
  /** [channels] */
  readonly gradBeta: Tensor;
}

/** How the invocations of a batch-norm kernel share the rows and channels of some tensors of one shape. */
class LaneLayout {
  /** Channels that one invocation handles: 4 if the rows of all tensors allow it. */
  readonly width: 1 | 4;
  /** Lanes side by side in one row. */
  readonly lanes: number;
  private readonly alongChannels: number;

  constructor(tensors: readonly Tensor[]) {
    this.width = tensors.every((tensor) => tensor.vectorizable) ? 4 : 1;
    this.lanes = tensors[0]!.channels / this.width;
    this.alongChannels = this.lanes >= 64 ? 64 : this.lanes >= 16 ? 16 : this.lanes >= 4 ? 4 : 1;
  }

  get source(): string {
    return this.width === 4 ? laneVec4Source : laneScalarSource;
  }

  get constants(): Constants {
    return { LANE_WIDTH: this.width, LANES_C: this.alongChannels, LANES_R: 64 / this.alongChannels };
  }

  /** The types of the bindings that hold tensors of the layout, by their names. */
  types(tensors: Readonly<Record<string, Tensor>>): Record<string, string> {
    return storedTypes(this.width, tensors);
  }

  /** Start and row stride of a tensor, in lanes. */
  place(tensor: Tensor): [base: number, stride: number] {
    return [tensor.base / this.width, Math.floor(tensor.rowStride / this.width)];
  }

  /** Workgroups for `groups` blocks of rows, each all channels wide. */
  workgroups(groups: number): [number, number, number] {
    return [Math.ceil(this.lanes / this.alongChannels), Math.ceil((groups * this.alongChannels) / 64), 1];
  }

  /** Rows of an elementwise pass per invocation: enough to pay for loading the parameters, if there are enough. */
  rowsEach(rows: number): number {
    const work = rows * this.lanes;
    return work >= 65536 ? 16 : work >= 8192 ? 4 : 1;
  }
}

/** The square root of the rows: summing within chunks and then over chunks are equally short. */
function chunkRows(rows: number): number {
  return Math.max(16, Math.ceil(Math.sqrt(rows)));
}

function expectChannels(x: Tensor, parameters: Operands): void {
  for (const name in parameters) if (parameters[name]) expectShape(`${name} of batch norm`, [x.channels], parameters[name]!.shape);
}

/**
 * Checks all tensors of a batch normalisation at once, so that none is refused after others were changed.
 * @param x [..., channels]
 * @param parameters [channels] each; those that are left out may be absent
 * @param out of x's shape
 * @throws USE_AFTER_FREE, INVALID_ARGUMENT, DEVICE_MISMATCH, SHAPE_MISMATCH
 */
export function expectBatchNorm(x: Tensor, parameters: Operands, out?: Tensor): void {
  expectFloats('batchNorm', { input: x, out }, parameters);
  expectChannels(x, parameters);
  if (out) expectShape('out of batch norm', x.shape, out.shape);
}

/** @throws INVALID_ARGUMENT unless it is finite and above 0. */
export function checkEpsilon(epsilon: number): void {
  // Smaller ones are taken for 0 by drivers, and larger ones are infinite.
  if (epsilon >= SMALLEST_FLOAT && isFloat(epsilon)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'epsilon of a normalisation', {
    expected: 'a number above 1.2e-38, such as 1e-5',
    received: String(epsilon),
    fix: 'without it a constant channel would be divided by zero',
  });
}

/**
 * Mean and variance of every channel over all rows (batch, height and width). Accurate for means far from zero.
 * @param x [..., channels]
 * @param epsilon added to the variance before the square root; above 0
 * @throws INVALID_ARGUMENT
 */
export function batchNormStatistics(x: Tensor, epsilon: number): BatchStatistics {
  checkEpsilon(epsilon);
  expectFloats('batchNorm', { input: x });
  const { gpu, rows, channels } = x;
  const rowsPerChunk = chunkRows(rows);
  const chunks = Math.ceil(rows / rowsPerChunk);
  const partial = Tensor.empty(gpu, [chunks, 2, channels], 'partial batch statistics');
  const layout = new LaneLayout([x]);
  gpu.dispatch({
    shader: specialise('batch_norm_partial_statistics', [layout.source, partialStatisticsSource], layout.constants, layout.types({ x })),
    bindings: [x.read(x.dtype), partial.written()],
    params: new Params().u32(rows, rowsPerChunk, layout.lanes, ...layout.place(x)),
    workgroups: layout.workgroups(chunks),
  });
  const mean = Tensor.empty(gpu, [channels], 'batch mean');
  const inverseStd = Tensor.empty(gpu, [channels], 'batch inverse deviation');
  const variance = Tensor.empty(gpu, [channels], 'batch variance');
  gpu.dispatch({
    shader: specialise('batch_norm_statistics', [statisticsSource], {}, storedTypes(1, { x })),
    bindings: [x.read(x.dtype), partial.read(), mean.written(), inverseStd.written(), variance.written()],
    params: new Params().u32(rows, rowsPerChunk, channels, x.base).f32(epsilon),
    workgroups: grid(channels, 64),
  });
  partial.dispose();
  return { mean, inverseStd, variance };
}

/**
 * (x - mean) * inverseStd * gamma + beta, channel by channel.
 * @param x [..., channels]
 * @param mean, inverseStd, gamma, beta [channels]
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function batchNormApply(x: Tensor, mean: Tensor, inverseStd: Tensor, gamma: Tensor, beta: Tensor, out?: Tensor): Tensor {
  expectBatchNorm(x, { mean, inverseStd, gamma, beta }, out);
  const output = out ?? Tensor.empty(x.gpu, x.shape, 'batch norm', x.dtype);
  const layout = new LaneLayout([x, output]);
  const rowsEach = layout.rowsEach(x.rows);
  x.gpu.dispatch({
    shader: specialise('batch_norm_apply', [layout.source, applySource], layout.constants, layout.types({ x, y: output })),
    bindings: [x.read(x.dtype), mean.read(), inverseStd.read(), gamma.read(), beta.read(), output.written(output.dtype)],
    params: new Params().u32(
      x.rows,
      rowsEach,
      layout.lanes,
      ...layout.place(x),
      ...layout.place(output),
      mean.base,
      inverseStd.base,
      gamma.base,
      beta.base,
    ),
    workgroups: layout.workgroups(Math.ceil(x.rows / rowsEach)),
  });
  return output;
}

/**
 * 1 / sqrt(variance + epsilon), to normalise with running statistics.
 * @param variance [channels]
 * @throws INVALID_ARGUMENT
 */
export function inverseStdFromVariance(variance: Tensor, epsilon: number): Tensor {
  checkEpsilon(epsilon);
  expectOperands('batchNorm', { variance });
  expectShape('variance of batch norm', [variance.channels], variance.shape);
  const inverseStd = Tensor.empty(variance.gpu, variance.shape, 'inverse deviation');
  variance.gpu.dispatch({
    shader: specialise('batch_norm_inverse_std', [inverseStdSource]),
    bindings: [variance.read(), inverseStd.written()],
    params: new Params().u32(variance.channels, variance.base).f32(epsilon),
    workgroups: grid(variance.channels, 64),
  });
  return inverseStd;
}

/**
 * running = (1 - momentum) * running + momentum * batch, in place; the variance is made unbiased first, as PyTorch
 * does (with one row there is no unbiased one, and the biased one is taken).
 * @param mean, variance [channels], of the batch; the variance biased
 * @param rows how many rows they were taken over
 * @param runningMean, runningVariance [channels], changed
 * @param momentum weight of the new batch, 0 to 1
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function updateRunningStatistics(
  mean: Tensor,
  variance: Tensor,
  rows: number,
  runningMean: Tensor,
  runningVariance: Tensor,
  momentum: number,
): void {
  expectOperands('batchNorm', { mean, variance, runningMean, runningVariance });
  expectChannels(mean, { mean, variance, runningMean, runningVariance });
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'momentum of batch norm', {
      expected: 'the weight of the new batch, from 0 to 1',
      received: String(momentum),
      fix: 'use 0.1, as PyTorch does',
    });
  }
  writeBoth(runningMean, runningVariance, (meanTarget, varianceTarget) =>
    mean.gpu.dispatch({
      shader: specialise('batch_norm_running', [runningSource]),
      bindings: [mean.read(), variance.read(), meanTarget.written(), varianceTarget.written()],
      params: new Params()
        .u32(mean.channels, mean.base, variance.base, meanTarget.base, varianceTarget.base)
        .f32(momentum, rows > 1 ? rows / (rows - 1) : 1),
      workgroups: grid(mean.channels, 64),
    }),
  );
}

/**
 * Gradients of batch norm whose statistics are those of the batch itself.
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function batchNormGrad(options: BatchNormGradOptions): BatchNormGradients {
  return gradients(options, true);
}

/**
 * Gradients of batch norm with fixed statistics, such as running ones.
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function batchNormInferenceGrad(options: BatchNormGradOptions): BatchNormGradients {
  return gradients(options, false);
}

function gradients(options: BatchNormGradOptions, batchStatistics: boolean): BatchNormGradients {
  const { x, gradOutput, mean, inverseStd, gamma, accumulate = false, needsInput = true } = options;
  const { gpu, rows, channels } = x;
  const { gradGamma: givenGamma, gradBeta: givenBeta } = options;
  const singles = { mean, inverseStd, gamma, gradGamma: givenGamma, gradBeta: givenBeta };
  expectFloats('gradient of batchNorm', { input: x, gradOutput, out: options.out }, singles);
  expectShape('gradient of batch norm', x.shape, gradOutput.shape);
  expectChannels(x, { mean, inverseStd, gamma });
  if (accumulate && !(givenGamma && givenBeta)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'batch norm is to add to gradients that were not given', {
      expected: `gradGamma and gradBeta of shape ${formatShape([channels])}`,
      fix: 'give both, or leave out accumulate',
    });
  }
  const gradGamma = givenGamma ?? Tensor.empty(gpu, [channels], 'batch norm scale gradient');
  const gradBeta = givenBeta ?? Tensor.empty(gpu, [channels], 'batch norm shift gradient');
  expectChannels(x, { gradGamma, gradBeta });

  const sums = parameterGradients({ x, gradOutput, mean, inverseStd, gradGamma, gradBeta, accumulate });
  let gradInput: Tensor | null = null;
  if (needsInput) {
    gradInput = options.out ?? Tensor.empty(gpu, x.shape, 'batch norm input gradient', x.dtype);
    expectShape('out of batchNormGrad', x.shape, gradInput.shape);
    const layout = new LaneLayout([x, gradOutput, gradInput]);
    const rowsEach = layout.rowsEach(rows);
    gpu.dispatch({
      shader: specialise(
        'batch_norm_input_grad',
        [layout.source, inputGradSource],
        { BATCH_STATISTICS: batchStatistics, ...layout.constants },
        layout.types({ x, dy: gradOutput, dx: gradInput }),
      ),
      bindings: [
        x.read(x.dtype),
        gradOutput.read(gradOutput.dtype),
        mean.read(),
        inverseStd.read(),
        gamma.read(),
        sums.read(),
        gradInput.written(gradInput.dtype),
      ],
      params: new Params().u32(
        rows,
        rowsEach,
        layout.lanes,
        ...layout.place(x),
        ...layout.place(gradOutput),
        ...layout.place(gradInput),
        mean.base,
        inverseStd.base,
        gamma.base,
      ),
      workgroups: layout.workgroups(Math.ceil(rows / rowsEach)),
    });
  }
  sums.dispose();
  return { gradInput, gradGamma, gradBeta };
}

/** Fills the two targets; returns [2, channels]: the sums over all rows of dy * xhat and of dy. */
function parameterGradients({
  x,
  gradOutput,
  mean,
  inverseStd,
  gradGamma,
  gradBeta,
  accumulate,
}: {
  x: Tensor;
  gradOutput: Tensor;
  mean: Tensor;
  inverseStd: Tensor;
  gradGamma: Tensor;
  gradBeta: Tensor;
  accumulate: boolean;
}): Tensor {
  const { gpu, rows, channels } = x;
  const rowsPerChunk = chunkRows(rows);
  const chunks = Math.ceil(rows / rowsPerChunk);
  const partial = Tensor.empty(gpu, [chunks, 2, channels], 'partial batch norm gradients');
  const layout = new LaneLayout([x, gradOutput]);
  gpu.dispatch({
    shader: specialise(
      'batch_norm_partial_grad',
      [layout.source, partialGradSource],
      layout.constants,
      layout.types({ x, dy: gradOutput }),
    ),
    bindings: [x.read(x.dtype), gradOutput.read(gradOutput.dtype), mean.read(), partial.written()],
    params: new Params().u32(rows, rowsPerChunk, layout.lanes, ...layout.place(x), ...layout.place(gradOutput), mean.base),
    workgroups: layout.workgroups(chunks),
  });
  const sums = Tensor.empty(gpu, [2, channels], 'batch norm gradient sums');
  writeBoth(gradGamma, gradBeta, (gammaTarget, betaTarget) =>
    gpu.dispatch({
      shader: specialise('batch_norm_param_grad', [paramGradSource], { ACCUMULATE: accumulate }),
      bindings: [partial.read(), inverseStd.read(), sums.written(), gammaTarget.written(), betaTarget.written()],
      params: new Params().u32(channels, chunks, inverseStd.base, gammaTarget.base, betaTarget.base),
      workgroups: grid(2 * channels, 64),
    }),
  );
  partial.dispose();
  return sums;
}

/**
 * Runs a dispatch that writes two targets of one shape. Neighbours whose bindings overlap, widened to the alignment of
 * bindings, cannot both be bound for writing: they take two runs, and what is not wanted of each goes to a spare tensor.
 */
function writeBoth(first: Tensor, second: Tensor, dispatch: (first: Tensor, second: Tensor) => void): void {
  const [a, b] = [first.written(), second.written()];
  const overlap = a.storage === b.storage && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  if (!overlap) return dispatch(first, second);
  const spare = Tensor.empty(first.gpu, first.shape, 'spare batch norm target');
  dispatch(first, spare);
  dispatch(spare, second);
  spare.dispose();
}
