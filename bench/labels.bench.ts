import { labelWeights, pickLabels, spreadLabels } from '../src/kernels/labels.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

const ROWS = 16384;
const CLASSES = 21;
const SMOOTHED = { on: -0.9, off: -0.1 / CLASSES, ignored: -100 };
const labelOf = (row: number): number => (row * 7) % CLASSES;
const codeAt = (row: number, c: number): number => (labelOf(row) === c ? SMOOTHED.on : 0) + SMOOTHED.off;

const entry = (kernel: string, bytes: number, setup: BenchEntry['setup']): BenchEntry => ({
  kernel,
  label: format([ROWS, CLASSES]),
  work: { bytes },
  setup,
});
const labels = (bench: Parameters<BenchEntry['setup']>[0]): Tensor =>
  bench.own(
    Tensor.from(
      bench.gpu,
      Int32Array.from({ length: ROWS }, (_, row) => labelOf(row)),
      [ROWS],
    ),
  );

export const entries: readonly BenchEntry[] = [
  entry('pickLabels', bytesOf([ROWS, CLASSES], [ROWS], [ROWS]), (bench) => {
    const [x, at] = [bench.random('x', [ROWS, CLASSES]), labels(bench)];
    const row = (r: number): number =>
      x.data.subarray(r * CLASSES, (r + 1) * CLASSES).reduce((sum, value, c) => sum + value * codeAt(r, c), 0);
    return workload({ run: () => pickLabels(x.tensor, at, SMOOTHED), check: (y) => checkAll(y, row, { absolute: 1e-5, label: 'picked' }) });
  }),
  entry('spreadLabels', bytesOf([ROWS, CLASSES], [ROWS], [ROWS]), (bench) => {
    const [x, at] = [bench.random('x', [ROWS]), labels(bench)];
    return workload({
      run: () => spreadLabels(x.tensor, at, [ROWS, CLASSES], SMOOTHED),
      check: (y) =>
        checkAll(y, (i) => x.data[Math.floor(i / CLASSES)]! * codeAt(Math.floor(i / CLASSES), i % CLASSES), {
          absolute: 1e-6,
          label: 'spread',
        }),
    });
  }),
  entry('labelWeights', bytesOf([ROWS], [ROWS]), (bench) => {
    const at = labels(bench);
    return workload({ run: () => labelWeights(at, -100), check: (y) => checkAll(y, () => 1 / ROWS, { relative: 1e-6, label: 'weights' }) });
  }),
];
