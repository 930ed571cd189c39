import { indicesOf } from '../kernels-test/reference/axes.js';
import { stridedCopy, stridesOf } from '../src/kernels/strided-copy.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format, SKIP_128 } from './shapes.js';

/** Axes in another order, by strides of the source. */
const orders: readonly (readonly number[])[] = [
  [0, 3, 1, 2],
  [0, 2, 1, 3],
];

export const entries: readonly BenchEntry[] = orders.map((order): BenchEntry => {
  const shape: Shape = order.map((axis) => SKIP_128[axis]!);
  return {
    kernel: 'stridedCopy',
    label: `${format(SKIP_128)}, axes ${order.join(' ')}`,
    work: { bytes: 2 * bytesOf(SKIP_128) },
    setup(bench) {
      const x = bench.random('x', SKIP_128);
      const y = bench.empty('y', shape);
      const steps = stridesOf(x.tensor);
      const strides = order.map((axis) => steps[axis]!);
      return workload({
        run: () => stridedCopy(shape, { tensor: x.tensor, offset: 0, strides }, { tensor: y, offset: 0, strides: stridesOf(y) }),
        check: () =>
          checkSamples(y, (index) => x.data[indicesOf(index, shape).reduce((at, k, axis) => at + k * strides[axis]!, 0)]!, {
            label: 'strided copy',
          }),
      });
    },
  };
});
