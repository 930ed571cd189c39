import { randomNormal, randomUnit } from '../kernels-test/reference/random.js';
import { fillNormal, fillUniform } from '../src/kernels/random.js';
import { checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

/** The weight of one of the generator's wide layers. */
const WEIGHT = [4, 4, 512, 512];
const SEED = 7;
const STREAM = 3;

export const entries: readonly BenchEntry[] = [
  {
    kernel: 'fillUniform',
    label: format(WEIGHT),
    work: { bytes: bytesOf(WEIGHT) },
    setup(bench) {
      const target = bench.empty('weight', WEIGHT);
      return workload({
        run: () => fillUniform(target, -1, 1, SEED, STREAM),
        check: () => checkSamples(target, (index) => 2 * randomUnit(index, STREAM, SEED) - 1, { absolute: 1e-6, label: 'uniform' }),
      });
    },
  },
  {
    kernel: 'fillNormal',
    label: format(WEIGHT),
    work: { bytes: bytesOf(WEIGHT) },
    setup(bench) {
      const target = bench.empty('weight', WEIGHT);
      return workload({
        run: () => fillNormal(target, 0, 1, SEED, STREAM),
        check: () => checkSamples(target, (index) => randomNormal(index, STREAM, SEED), { absolute: 1e-4, label: 'normal' }),
      });
    },
  },
];
