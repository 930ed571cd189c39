import { embedding, embeddingGrad } from '../src/kernels/embedding.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

const ENTRIES = 8192;
const COLUMNS = 256;
const COUNT = 1024;
const label = `${COUNT} of ${format([ENTRIES, COLUMNS])}`;
const indexAt = (i: number): number => (i * 37) % 700;
const indices = (bench: Parameters<BenchEntry['setup']>[0]): Tensor =>
  bench.own(
    Tensor.from(
      bench.gpu,
      Int32Array.from({ length: COUNT }, (_, i) => indexAt(i)),
      [COUNT],
    ),
  );

export const entries: readonly BenchEntry[] = [
  {
    kernel: 'embedding',
    label,
    work: { bytes: 2 * bytesOf([COUNT, COLUMNS]) },
    setup(bench) {
      const [at, table] = [indices(bench), bench.random('table', [ENTRIES, COLUMNS])];
      return workload({
        run: () => embedding(at, table.tensor),
        check: (y) => checkAll(y, (i) => table.data[indexAt(Math.floor(i / COLUMNS)) * COLUMNS + (i % COLUMNS)]!, { label: 'embedding' }),
      });
    },
  },
  {
    kernel: 'embeddingGrad',
    label,
    work: { bytes: bytesOf([COUNT, COLUMNS], [ENTRIES, COLUMNS]) },
    setup(bench) {
      const [at, dy] = [indices(bench), bench.random('dy', [COUNT, COLUMNS])];
      return workload({
        run: () => embeddingGrad(dy.tensor, at, [ENTRIES, COLUMNS]),
        check: async (dtable) => {
          const expected = new Float64Array(ENTRIES * COLUMNS);
          dy.data.forEach((value, i) => (expected[indexAt(Math.floor(i / COLUMNS)) * COLUMNS + (i % COLUMNS)]! += value));
          await checkAll(dtable, (index) => expected[index]!, { absolute: 1e-6, label: 'embedding gradient' });
        },
      });
    },
  },
];
