import { assertClose } from '../kernels-test/harness/golden.js';
import { AdamReference } from '../kernels-test/reference/adam.js';
import { adamHyper, adamStep } from '../src/kernels/adam.js';
import { fill } from '../src/kernels/elementwise.js';
import { fillNormal } from '../src/kernels/random.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { workload, type BenchEntry } from './harness.js';
import type { Workbench } from './workbench.js';

/** Parameters of the networks at 256 x 256, ngf and ndf 64. */
const COUNTS = { generator: 54_413_955, discriminator: 2_768_705 };
/** As nn/parameter-arena.ts has it. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
/** Read and compared at both ends of a window. */
const CHECKED = 512;
const settings = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step: 1 };

function windows(bench: Workbench, count: number): number[] {
  const most = Math.min(MAX_WINDOW_BYTES, bench.gpu.limits.maxStorageBufferBindingSize, bench.gpu.limits.maxBufferSize) / 4;
  const lengths: number[] = [];
  for (let left = count; left > 0; left -= most) lengths.push(Math.min(left, most));
  return lengths;
}

async function ends(tensor: Tensor): Promise<Float32Array> {
  const { gpu, storage, size } = tensor;
  const parts = await Promise.all([0, size - CHECKED].map((start) => gpu.read(storage, start * 4, CHECKED * 4)));
  const joined = new Float32Array(2 * CHECKED);
  parts.forEach((bytes, index) => joined.set(new Float32Array(bytes.buffer), index * CHECKED));
  return joined;
}

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).map(([network, count]) => ({
  kernel: 'adamStep',
  label: `${network}, ${count} parameters`,
  // Reads four numbers for each parameter and writes three.
  work: { bytes: 7 * 4 * count },
  setup(bench) {
    const hyper = bench.random('hyper', [8]).tensor;
    hyper.write(adamHyper(settings));
    const blocks = windows(bench, count).map((length, index) => {
      const [parameters, gradients, firstMoment, secondMoment] = ['parameters', 'gradients', 'first moment', 'second moment'].map((name) => bench.empty(name, [length])) as [Tensor, Tensor, Tensor, Tensor];
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
          assertClose(await ends(parameters), reference.parameters, { absolute: 1e-7, relative: 1e-6, label: `parameters of window ${index}` });
          initial.dispose();
        }
      },
    });
  },
}));
