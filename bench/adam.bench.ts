import { assertClose } from '../kernels-test/harness/golden.js';
import { AdamReference } from '../kernels-test/reference/adam.js';
import { ADAM_HYPER_SIZE, adamHyper, adamStep } from '../src/kernels/adam.js';
import { fill } from '../src/kernels/elementwise.js';
import { fillNormal } from '../src/kernels/random.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { COUNTS, ends, windows } from './flat.js';
import { workload, type BenchEntry } from './harness.js';

const settings = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step: 1 };

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).map(([network, count]) => ({
  kernel: 'adamStep',
  label: `${network}, ${count} parameters`,
  // Reads four numbers for each parameter and writes three.
  work: { bytes: 7 * 4 * count },
  setup(bench) {
    const hyper = bench.random('hyper', [ADAM_HYPER_SIZE]).tensor;
    hyper.write(adamHyper(settings));
    const blocks = windows(bench, count).map((length, index) => {
      const [parameters, gradients, firstMoment, secondMoment] = ['parameters', 'gradients', 'first moment', 'second moment'].map((name) =>
        bench.empty(name, [length]),
      ) as [Tensor, Tensor, Tensor, Tensor];
      fillNormal(parameters, 0, 0.02, 1, index);
      fillNormal(gradients, 0, 0.1, 2, index);
      fill(firstMoment, 0);
      fill(secondMoment, 0);
      return { parameters, gradients, firstMoment, secondMoment, hyper };
    });
    return workload({
      run: () => blocks.forEach((block) => adamStep(block)),
      // The random initial values can be made again, so nothing need be read before the step.
      check: async () => {
        for (const [index, { parameters, gradients }] of blocks.entries()) {
          const initial = bench.empty('initial parameters', parameters.shape);
          fillNormal(initial, 0, 0.02, 1, index);
          const reference = new AdamReference(Float64Array.from(await ends(initial)), [settings.beta1, settings.beta2], settings.epsilon);
          reference.update(await ends(gradients), settings.learningRate);
          assertClose(await ends(parameters), reference.parameters, {
            absolute: 1e-7,
            relative: 1e-6,
            label: `parameters of window ${index}`,
          });
          initial.dispose();
        }
      },
    });
  },
}));
