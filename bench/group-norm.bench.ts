import * as batch from '../kernels-test/reference/batch-norm.js';
import * as reference from '../kernels-test/reference/group-norm.js';
import { groupNormApply, groupNormGrad, groupStatistics, scaleShift, type NormLayout } from '../src/kernels/group-norm.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, FEATURES_32, FEATURES_64, format } from './shapes.js';

const EPSILON = 1e-5;

/** Instance norm of one image and of four, group norm, and layer norm of as many numbers. */
const cases: readonly { name: string; shape: Shape; layout: NormLayout }[] = [
  { name: 'instance norm', shape: FEATURES_64, layout: { images: 1, rows: 4096, channels: 128, groups: 128 } },
  { name: 'instance norm', shape: [4, 32, 32, 256], layout: { images: 4, rows: 1024, channels: 256, groups: 256 } },
  { name: 'group norm of 32', shape: FEATURES_32, layout: { images: 1, rows: 1024, channels: 256, groups: 32 } },
  { name: 'layer norm', shape: [1024, 512], layout: { images: 1024, rows: 8, channels: 64, groups: 1 } },
];

export const entries: readonly BenchEntry[] = [
  ...cases.flatMap(({ name, shape, layout }): BenchEntry[] => {
    const label = `${name}, ${format(shape)}`;
    return [
      {
        kernel: 'groupStatistics',
        label,
        work: { bytes: bytesOf(shape) },
        setup(bench) {
          const x = bench.random('x', shape);
          return workload({
            run: () => groupStatistics(x.tensor, layout, EPSILON),
            // y = x / deviation where the mean is zero: the deviations by what normalising does to two numbers of each group.
            check: async ({ mean, inverseStd }) => {
              const [m, s] = [await mean.data(), await inverseStd.data()];
              const expected = reference.normalise(x.data, layout);
              const { rows, channels, groups } = layout;
              const group = (i: number): number =>
                Math.floor(i / (rows * channels)) * groups + Math.floor((i % channels) / (channels / groups));
              const found = x.data.map((value, i) => (value - m[group(i)]!) * s[group(i)]!);
              const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
              if (!(worst <= 1e-4)) throw new Error(`statistics: a normalised number differs by ${worst}`);
            },
          });
        },
      },
      {
        kernel: 'groupNormApply',
        label,
        work: { bytes: 2 * bytesOf(shape) },
        setup(bench) {
          const x = bench.random('x', shape);
          const { mean, inverseStd } = groupStatistics(x.tensor, layout, EPSILON);
          const statistics = { mean: bench.own(mean), inverseStd: bench.own(inverseStd) };
          return workload({
            run: () => groupNormApply(x.tensor, layout, statistics),
            check: async (y) => {
              const expected = reference.normalise(x.data, layout);
              await checkAll(y, (index) => expected[index]!, { absolute: 1e-4, label: 'normalised' });
            },
          });
        },
      },
      {
        kernel: 'groupNormGrad',
        label,
        work: { bytes: 3 * bytesOf(shape) },
        setup(bench) {
          const [x, dy] = [bench.random('x', shape), bench.random('dy', shape)];
          const { mean, inverseStd } = groupStatistics(x.tensor, layout, EPSILON);
          const statistics = { mean: bench.own(mean), inverseStd: bench.own(inverseStd) };
          const { images, rows, channels, groups } = layout;
          return workload({
            run: () => groupNormGrad(x.tensor, dy.tensor, layout, statistics),
            check: async (dx) => {
              // Group by group with batch norm's reference, as one channel of as many rows as the group has elements.
              const size = channels / groups;
              const actual = await dx.data();
              for (const g of [0, groups - 1]) {
                const at = Array.from(
                  { length: rows * size },
                  (_, k) => ((images - 1) * rows + Math.floor(k / size)) * channels + g * size + (k % size),
                );
                const [values, slopes] = [x, dy].map(({ data }) => Float64Array.from(at, (i) => data[i]!)) as [Float64Array, Float64Array];
                const { input } = batch.gradients(values, slopes, batch.statistics(values, 1, EPSILON), [1], true);
                const worst = at.reduce((most, i, k) => Math.max(most, Math.abs(actual[i]! - input[k]!)), 0);
                if (!(worst <= 1e-4)) throw new Error(`gradient of group ${g} differs by ${worst}`);
              }
            },
          });
        },
      },
    ];
  }),
  {
    kernel: 'scaleShift',
    label: format(FEATURES_64),
    work: { bytes: 2 * bytesOf(FEATURES_64) },
    setup(bench) {
      const [x, gamma, beta] = [bench.random('x', FEATURES_64), bench.random('gamma', [128]), bench.random('beta', [128])];
      return workload({
        run: () => scaleShift(x.tensor, gamma.tensor, beta.tensor),
        check: (y) =>
          checkAll(y, (i) => x.data[i]! * gamma.data[i % 128]! + beta.data[i % 128]!, { absolute: 1e-6, label: 'scaled and shifted' }),
      });
    },
  },
];
