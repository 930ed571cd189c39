import { reduce } from '../kernels-test/reference/broadcast.js';
import { argReduce, reduceAxes } from '../src/kernels/reduce.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format, IMAGE, SKIP_128 } from './shapes.js';

const MILLION: Shape = [1000, 1000];

/** Over rows, over channels, over the pixels of an image, over the axis in the middle, and of everything. */
const cases: readonly [shape: Shape, axes: readonly number[]][] = [
  [SKIP_128, [0, 1, 2]],
  [SKIP_128, [3]],
  [IMAGE, [1, 2]],
  [IMAGE, [3]],
  [SKIP_128, [1]],
  [MILLION, [0, 1]],
];
const total = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);
const indexOfSmallest = (values: number[]): number => values.reduce((best, value, i) => (value < values[best]! ? i : best), 0);
const indexOfLargest = (values: number[]): number => values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);

const sums = cases.map(
  ([shape, axes]): BenchEntry => ({
    kernel: 'reduceAxes',
    label: `sum of ${format(shape)} over ${axes.join(', ')}`,
    work: { bytes: bytesOf(shape) },
    setup(bench) {
      const x = bench.random('x', shape);
      return workload({
        run: () => reduceAxes('sum', x.tensor, axes),
        check: async (y) => {
          const expected = reduce(total, x.data, shape, axes);
          await checkAll(y, (i) => expected[i]!, { absolute: 1e-2, relative: 1e-5, label: 'sum' });
        },
      });
    },
  }),
);

const extrema = (['max', 'min'] as const).map(
  (kind): BenchEntry => ({
    kernel: 'reduceAxes',
    label: `${kind} of ${format(IMAGE)} over 1, 2`,
    work: { bytes: bytesOf(IMAGE) },
    setup(bench) {
      const x = bench.random('x', IMAGE);
      // A loop: Math.max(...values) takes no such number of arguments.
      const best = (values: number[]): number => values.reduce((found, value) => Math[kind](found, value));
      return workload({
        run: () => reduceAxes(kind, x.tensor, [1, 2]),
        check: async (y) => {
          const expected = reduce(best, x.data, IMAGE, [1, 2]);
          await checkAll(y, (i) => expected[i]!, { label: kind });
        },
      });
    },
  }),
);

const searches = [...cases.slice(0, 2).map((each) => ['max', ...each] as const), ['min', IMAGE, [3]] as const];
const indices = searches.map(
  ([kind, shape, axes]): BenchEntry => ({
    kernel: 'argReduce',
    label: `arg${kind} of ${format(shape)} over ${axes.join(', ')}`,
    work: { bytes: bytesOf(shape) },
    setup(bench) {
      const x = bench.random('x', shape);
      return workload({
        run: () => argReduce(kind, x.tensor, axes),
        check: async (y) => {
          const expected = reduce(kind === 'max' ? indexOfLargest : indexOfSmallest, x.data, shape, axes);
          const wrong = (await y.ints()).findIndex((index, i) => index !== expected[i]);
          if (wrong >= 0) throw new Error(`arg${kind}: element ${wrong} is not ${expected[wrong]}`);
        },
      });
    },
  }),
);

export const entries: readonly BenchEntry[] = [...sums, ...extrema, ...indices];
