import * as reference from '../kernels-test/reference/elementwise.js';
import { addBias, biasGrad } from '../src/kernels/bias.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { IMAGE, LOGITS, bytesOf, format } from './shapes.js';

/** Where the networks have biases: the discriminator's first layer, the generator's and the discriminator's last. */
const shapes = [[1, 128, 128, 64], IMAGE, LOGITS];

export const entries: readonly BenchEntry[] = shapes.flatMap((shape): BenchEntry[] => {
  const channels = shape[3]!;
  return [
    {
      kernel: 'addBias',
      label: format(shape),
      work: { bytes: 2 * bytesOf(shape) + 4 * channels },
      setup(bench) {
        const x = bench.random('x', shape);
        const bias = bench.random('bias', [channels]);
        return workload({
          run: () => addBias(x.tensor, bias.tensor),
          check: async (y) => {
            const expected = reference.addBias(x.data, bias.data);
            await checkAll(y, (index) => expected[index]!, { absolute: 1e-6, label: 'addBias' });
          },
        });
      },
    },
    {
      kernel: 'biasGrad',
      label: format(shape),
      work: { bytes: bytesOf(shape) + 4 * channels },
      setup(bench) {
        const dy = bench.random('dy', shape);
        return workload({
          run: () => biasGrad(dy.tensor),
          check: async (db) => {
            const expected = reference.sumRows(dy.data, channels);
            await checkAll(db, (index) => expected[index]!, { absolute: 5e-3, relative: 1e-5, label: 'biasGrad' });
          },
        });
      },
    },
  ];
});
