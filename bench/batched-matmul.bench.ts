import { matmul, type MatmulOptions } from '../src/kernels/matmul.js';
import { elementCount, type Shape } from '../src/tensor/shape.js';
import { checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

interface Product {
  readonly a: Shape;
  readonly b: Shape;
  readonly options?: MatmulOptions;
}

/** One product as large as a convolution of 1 x 1, which it is done by; then batches of products, such as those of attention. */
const products: readonly Product[] = [
  { a: [4096, 256], b: [256, 256] },
  { a: [4096, 256], b: [256, 256], options: { transposeB: true } },
  { a: [4096, 256], b: [4096, 256], options: { transposeA: true } },
  { a: [2, 2048, 256], b: [2, 256, 256] },
  { a: [16, 256, 64], b: [16, 256, 64], options: { transposeB: true } },
  { a: [16, 256, 256], b: [16, 256, 64] },
];

export const entries: readonly BenchEntry[] = products.map(({ a: shapeA, b: shapeB, options = {} }): BenchEntry => {
  const { transposeA = false, transposeB = false } = options;
  const [rowsA, columnsA, rowsB, columnsB] = [shapeA.at(-2)!, shapeA.at(-1)!, shapeB.at(-2)!, shapeB.at(-1)!];
  const [m, k, n] = [transposeA ? columnsA : rowsA, transposeA ? rowsA : columnsA, transposeB ? rowsB : columnsB];
  const batch = elementCount(shapeA.slice(0, -2));
  return {
    kernel: 'matmul',
    label: `${format(shapeA)}${transposeA ? ' transposed' : ''} x ${format(shapeB)}${transposeB ? ' transposed' : ''}`,
    work: { flops: 2 * batch * m * n * k, bytes: bytesOf(shapeA, shapeB, [batch, m, n]) },
    setup(bench) {
      const [a, b] = [bench.random('a', shapeA), bench.random('b', shapeB)];
      const element = (index: number): number => {
        const [entry, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
        let sum = 0;
        for (let t = 0; t < k; t++) {
          sum +=
            a.data[entry * m * k + (transposeA ? t * m + i : i * k + t)]! * b.data[entry * k * n + (transposeB ? j * k + t : t * n + j)]!;
        }
        return sum;
      };
      return workload({
        run: () => matmul(a.tensor, b.tensor, options),
        check: (y) => checkSamples(y, element, { absolute: 1e-5 + 1e-7 * k, relative: 1e-5, label: 'product' }),
      });
    },
  };
});
