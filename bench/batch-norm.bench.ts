import * as reference from '../kernels-test/reference/batch-norm.js';
import {
  batchNormApply,
  batchNormGrad,
  batchNormInferenceGrad,
  batchNormStatistics,
  inverseStdFromVariance,
  updateRunningStatistics,
} from '../src/kernels/batch-norm.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { FEATURES_32, FEATURES_64, FEATURES_8, bytesOf, format } from './shapes.js';
import type { Workbench } from './workbench.js';

const EPSILON = 1e-5;
const MOMENTUM = 0.1;
const close = { absolute: 1e-4, relative: 1e-4 };

/** Batch, scale, shift and gradient; the statistics come from the reference. */
function prepare(bench: Workbench, shape: Shape) {
  const channels = shape[3]!;
  const x = bench.random('x', shape, { offset: 0.5 });
  const dy = bench.random('dy', shape);
  const gamma = bench.random('gamma', [channels], { scale: 0.02, offset: 1 });
  const beta = bench.random('beta', [channels], { scale: 0.1 });
  const statistics = reference.statistics(x.data, channels, EPSILON);
  const upload = (name: string, values: Float64Array) => {
    const { tensor } = bench.random(name, [channels]);
    tensor.write(Float32Array.from(values));
    return tensor;
  };
  const mean = upload('mean', statistics.mean);
  const inverseStd = upload('inverse deviation', statistics.inverseStd);
  return { channels, x, dy, gamma, beta, statistics, mean, inverseStd };
}

function gradientEntry(shape: Shape, kernel: 'batchNormGrad' | 'batchNormInferenceGrad'): BenchEntry {
  const compute = kernel === 'batchNormGrad' ? batchNormGrad : batchNormInferenceGrad;
  return {
    kernel,
    label: format(shape),
    // x and dy for the sums, both again for the gradient of x.
    work: { bytes: 5 * bytesOf(shape) },
    setup(bench) {
      const { x, dy, gamma, statistics, mean, inverseStd } = prepare(bench, shape);
      return workload({
        run: () => compute({ x: x.tensor, gradOutput: dy.tensor, mean, inverseStd, gamma: gamma.tensor }),
        check: async ({ gradInput, gradGamma, gradBeta }) => {
          const expected = reference.gradients(x.data, dy.data, statistics, gamma.data, kernel === 'batchNormGrad');
          await checkAll(gradInput!, (index) => expected.input[index]!, { ...close, label: 'input gradient' });
          await checkAll(gradGamma, (index) => expected.gamma[index]!, { ...close, absolute: 2e-3, label: 'scale gradient' });
          await checkAll(gradBeta, (index) => expected.beta[index]!, { ...close, absolute: 2e-3, label: 'shift gradient' });
        },
      });
    },
  };
}

function entriesFor(shape: Shape): BenchEntry[] {
  return [
    {
      kernel: 'batchNormStatistics',
      label: format(shape),
      work: { bytes: bytesOf(shape) },
      setup(bench) {
        const { x, statistics } = prepare(bench, shape);
        return workload({
          run: () => batchNormStatistics(x.tensor, EPSILON),
          check: async ({ mean, inverseStd, variance }) => {
            await checkAll(mean, (index) => statistics.mean[index]!, { ...close, label: 'mean' });
            await checkAll(variance, (index) => statistics.variance[index]!, { ...close, label: 'variance' });
            await checkAll(inverseStd, (index) => statistics.inverseStd[index]!, { ...close, label: 'inverse deviation' });
          },
        });
      },
    },
    {
      kernel: 'batchNormApply',
      label: format(shape),
      work: { bytes: 2 * bytesOf(shape) },
      setup(bench) {
        const { x, gamma, beta, statistics, mean, inverseStd } = prepare(bench, shape);
        return workload({
          run: () => batchNormApply(x.tensor, mean, inverseStd, gamma.tensor, beta.tensor),
          check: async (y) => {
            const expected = reference.apply(x.data, statistics, gamma.data, beta.data);
            await checkAll(y, (index) => expected[index]!, { ...close, label: 'normalised' });
          },
        });
      },
    },
    gradientEntry(shape, 'batchNormGrad'),
  ];
}

const CHANNELS = 512;

/** Kernels over the channels alone: what they take is the dispatch. */
const perChannel: BenchEntry[] = [
  {
    kernel: 'inverseStdFromVariance',
    label: format([CHANNELS]),
    work: { bytes: 2 * 4 * CHANNELS },
    setup(bench) {
      const variance = bench.random('variance', [CHANNELS], { scale: 0.5, offset: 1 });
      return workload({
        run: () => inverseStdFromVariance(variance.tensor, EPSILON),
        check: (result) =>
          checkAll(result, (index) => 1 / Math.sqrt(variance.data[index]! + EPSILON), { ...close, label: 'inverse deviation' }),
      });
    },
  },
  {
    kernel: 'updateRunningStatistics',
    label: format([CHANNELS]),
    work: { bytes: 2 * 3 * 4 * CHANNELS },
    setup(bench) {
      const rows = 64;
      const [mean, variance, runningMean, runningVariance] = ['mean', 'variance', 'running mean', 'running variance'].map((name) =>
        bench.random(name, [CHANNELS], { scale: 0.5, offset: 1 }),
      );
      const moved = (from: number, to: number): number => (1 - MOMENTUM) * from + MOMENTUM * to;
      return workload({
        run: () => updateRunningStatistics(mean!.tensor, variance!.tensor, rows, runningMean!.tensor, runningVariance!.tensor, MOMENTUM),
        check: async () => {
          await checkAll(runningMean!.tensor, (index) => moved(runningMean!.data[index]!, mean!.data[index]!), {
            ...close,
            label: 'running mean',
          });
          await checkAll(
            runningVariance!.tensor,
            (index) => moved(runningVariance!.data[index]!, (variance!.data[index]! * rows) / (rows - 1)),
            { ...close, label: 'running variance' },
          );
        },
      });
    },
  },
];

export const entries: readonly BenchEntry[] = [
  ...[FEATURES_64, FEATURES_32, FEATURES_8].flatMap(entriesFor),
  gradientEntry(FEATURES_64, 'batchNormInferenceGrad'),
  ...perChannel,
];
