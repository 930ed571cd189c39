import * as reference from '../kernels-test/reference/dropout.js';
import { DropoutState, dropout } from '../src/kernels/dropout.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { FEATURES_8, SKIP_128, bytesOf, format } from './shapes.js';

const SEED = 11;
const LAYER = 5;
const RATE = 0.5;

/** The widest of the three layers that have dropout, and one that is bound by memory. */
export const entries: readonly BenchEntry[] = [FEATURES_8, SKIP_128].map((shape) => ({
  kernel: 'dropout',
  label: format(shape),
  work: { bytes: 2 * bytesOf(shape) },
  setup(bench) {
    const x = bench.random('x', shape);
    const state = bench.own(new DropoutState(bench.gpu, SEED));
    return workload({
      run: () => dropout(x.tensor, RATE, LAYER, state.tensor),
      check: async (y) => {
        const expected = reference.dropout(x.data, RATE, LAYER, 0, SEED);
        await checkAll(y, (index) => expected[index]!, { absolute: 1e-6, label: 'dropout' });
      },
    });
  },
}));
