import { assertClose } from '../kernels-test/harness/golden.js';
import { AVERAGE_HYPER_SIZE, averageHyper, averageStep } from '../src/kernels/average.js';
import { fill } from '../src/kernels/elementwise.js';
import { fillNormal } from '../src/kernels/random.js';
import { COUNTS, ends, windows } from './flat.js';
import { workload, type BenchEntry } from './harness.js';

const DECAY = 0.999;

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).map(([network, count]) => ({
  kernel: 'averageStep',
  label: `${network}, ${count} parameters`,
  // Reads two numbers for each parameter and writes one.
  work: { bytes: 3 * 4 * count },
  setup(bench) {
    const hyper = bench.random('hyper', [AVERAGE_HYPER_SIZE]).tensor;
    hyper.write(averageHyper(DECAY));
    const blocks = windows(bench, count).map((length, index) => {
      const [average, parameters] = [bench.empty('average', [length]), bench.empty('parameters', [length])];
      fill(average, 1);
      fillNormal(parameters, 0, 0.02, 1, index);
      return { average, parameters, hyper };
    });
    return workload({
      run: () => blocks.forEach((block) => averageStep(block)),
      check: async () => {
        for (const [index, { average, parameters }] of blocks.entries()) {
          const expected = (await ends(parameters)).map((each) => DECAY + (1 - DECAY) * each);
          assertClose(await ends(average), expected, { absolute: 2e-7, label: `window ${index}` });
        }
      },
    });
  },
}));
