import { assertClose } from '../kernels-test/harness/golden.js';
import { fill } from '../src/kernels/elementwise.js';
import { fillNormal } from '../src/kernels/random.js';
import { SGD_HYPER_SIZE, sgdHyper, sgdStep } from '../src/kernels/sgd.js';
import { COUNTS, ends, windows } from './flat.js';
import { workload, type BenchEntry } from './harness.js';

const settings = { learningRate: 0.01, momentum: 0.9, dampening: 0, weightDecay: 1e-4, step: 1 };

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).map(([network, count]) => ({
  kernel: 'sgdStep',
  label: `${network}, ${count} parameters, momentum and weight decay`,
  // Reads three numbers for each parameter and writes two.
  work: { bytes: 5 * 4 * count },
  setup(bench) {
    const hyper = bench.random('hyper', [SGD_HYPER_SIZE]).tensor;
    hyper.write(sgdHyper(settings));
    const blocks = windows(bench, count).map((length, index) => {
      const parameters = bench.empty('parameters', [length]);
      const gradients = bench.empty('gradients', [length]);
      const momentum = bench.empty('momentum', [length]);
      fillNormal(parameters, 0, 0.02, 1, index);
      fillNormal(gradients, 0, 0.1, 2, index);
      fill(momentum, 0);
      return { parameters, gradients, momentum, hyper, decays: true };
    });
    return workload({
      run: () => blocks.forEach((block) => sgdStep(block)),
      // The random initial values can be made again, so nothing need be read before the step.
      check: async () => {
        for (const [index, { parameters, gradients }] of blocks.entries()) {
          const initial = bench.empty('initial parameters', parameters.shape);
          fillNormal(initial, 0, 0.02, 1, index);
          const [before, gradient] = [await ends(initial), await ends(gradients)];
          const expected = before.map((p, i) => p - settings.learningRate * (gradient[i]! + settings.weightDecay * p));
          assertClose(await ends(parameters), expected, { absolute: 1e-7, relative: 1e-6, label: `parameters of window ${index}` });
          initial.dispose();
        }
      },
    });
  },
}));
