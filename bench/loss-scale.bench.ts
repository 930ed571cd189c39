import { LossScale, noteNotFinite } from '../src/kernels/loss-scale.js';
import { fillNormal } from '../src/kernels/random.js';
import { COUNTS, windows } from './flat.js';
import { workload, type BenchEntry } from './harness.js';

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).map(([network, count]) => ({
  kernel: 'noteNotFinite',
  label: `${network}, ${count} gradients`,
  work: { bytes: 4 * count },
  setup(bench) {
    const scale = bench.own(new LossScale(bench.gpu));
    const blocks = windows(bench, count).map((length, index) => {
      const gradients = bench.empty('gradients', [length]);
      fillNormal(gradients, 0, 0.02, 1, index);
      return gradients;
    });
    return workload({
      run: () => blocks.forEach((gradients) => noteNotFinite(gradients, scale.tensor)),
      check: async () => {
        const [, , found] = await scale.tensor.data();
        if (found !== 0) throw new Error('finite gradients are taken for others');
      },
    });
  },
}));
