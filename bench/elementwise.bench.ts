import * as reference from '../kernels-test/reference/elementwise.js';
import { add, addInto, addScaled, copy, fill, fillRange } from '../src/kernels/elementwise.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { FEATURES_8, SKIP_128, bytesOf, format } from './shapes.js';
import type { Input, Workbench } from './workbench.js';

interface Operation {
  readonly kernel: string;
  /** Tensors read and written. */
  readonly passes: number;
  readonly run: (a: Tensor, b: Tensor, place: Tensor) => Tensor;
  /** By the names of a and b as they were before the run. */
  readonly expected: (a: Float32Array, b: Float32Array) => Float64Array;
}

const operations: readonly Operation[] = [
  { kernel: 'add', passes: 3, run: (a, b) => add(a, b), expected: (a, b) => reference.addScaled(a, b, 1, 1) },
  { kernel: 'addScaled', passes: 3, run: (a, b) => addScaled(a, b, 0.25, -3), expected: (a, b) => reference.addScaled(a, b, 0.25, -3) },
  { kernel: 'copy', passes: 2, run: (a) => copy(a), expected: (a) => Float64Array.from(a) },
  {
    kernel: 'addInto',
    passes: 3,
    run: (a, _, place) => (addInto(place, a), place.detach()),
    expected: (a, b) => reference.addScaled(a, b, 1, 1),
  },
  {
    kernel: 'fill',
    passes: 1,
    run: (_a, _b, place) => (fill(place, 0.5), place.detach()),
    expected: (a) => new Float64Array(a.length).fill(0.5),
  },
];

/** Evenly spaced numbers in a tensor of one axis. */
const range: BenchEntry = {
  kernel: 'fillRange',
  label: format([2 ** 21]),
  work: { bytes: bytesOf([2 ** 21]) },
  setup(bench) {
    const place = bench.empty('range', [2 ** 21]);
    return workload({ run: () => fillRange(place, -5, 0.5), check: () => checkAll(place, (i) => 0.5 * i - 5, { label: 'range' }) });
  },
};

function prepare(bench: Workbench, { run, expected, kernel }: Operation, a: Input, b: Input) {
  // Starts as b, so that addInto has something to add to.
  const place = bench.random('b', a.tensor.shape).tensor;
  return workload({
    run: () => run(a.tensor, b.tensor, place),
    check: async (result) => {
      const values = expected(a.data, b.data);
      await checkAll(result, (index) => values[index]!, { absolute: 1e-6, label: kernel });
    },
  });
}

const whole = [SKIP_128, FEATURES_8].flatMap((shape) =>
  operations.map(
    (operation): BenchEntry => ({
      kernel: operation.kernel,
      label: format(shape),
      work: { bytes: operation.passes * bytesOf(shape) },
      setup: (bench) => prepare(bench, operation, bench.random('a', shape), bench.random('b', shape)),
    }),
  ),
);

/** Into the second half of a skip connection: every row starts in the middle of a wider one. */
const intoSlice: BenchEntry = {
  kernel: 'copy',
  label: `${format([1, 128, 128, 64])} into half of a skip connection`,
  work: { bytes: bytesOf(SKIP_128) },
  setup(bench) {
    const source = bench.random('a', [1, 128, 128, 64]);
    const slice = bench.own(bench.empty('skip connection', SKIP_128).sliceChannels(64, 128));
    return workload({
      run: () => void copy(source.tensor, slice),
      check: () => checkAll(slice, (index) => source.data[index]!, { label: 'copy' }),
    });
  },
};

export const entries: readonly BenchEntry[] = [...whole, range, intoSlice];
