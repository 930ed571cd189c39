import { hashName, pcg } from '../kernels-test/harness/deterministic.js';
import * as reference from '../kernels-test/reference/image-values.js';
import { imageDraws, writeImageDraws } from '../src/kernels/image.js';
import { classesJitter, numbersJitter } from '../src/kernels/image-values.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import type { Workbench } from './workbench.js';

const SIZES = { loadSize: 286, cropSize: 256 } as const;
const DRAW = { cropX: 13, cropY: 21, mirror: true, source: 0 } as const;
const CHANNELS = 3;
const CLASSES = 12;
const RESULTS = SIZES.cropSize ** 2;

/** Whole numbers below a bound, one for each place of an image. */
function noise(channels: number, below: number): Uint8Array {
  const seed = hashName('image values');
  return Uint8Array.from({ length: RESULTS * channels }, (_, at) => (pcg((seed ^ pcg(at)) >>> 0) >>> 8) % below);
}

function drawsOf(bench: Workbench): Tensor {
  const draws = bench.own(imageDraws(bench.gpu, 1));
  writeImageDraws(draws, [DRAW]);
  return draws;
}

const numbers: BenchEntry = {
  kernel: 'numbersJitter',
  label: `[1, 256, 256, ${CHANNELS}] to 286, cropped to 256`,
  work: { bytes: 8 * RESULTS * CHANNELS },
  setup(bench) {
    const data = Float32Array.from(noise(CHANNELS, 256), (byte) => byte / 127.5 - 1);
    const shape = [1, 256, 256, CHANNELS] as const;
    const tensor = bench.own(Tensor.from(bench.gpu, data, [...shape]));
    const draws = drawsOf(bench);
    return workload({
      run: () => numbersJitter(tensor, draws, SIZES),
      check: async (result) => {
        const expected = reference.jitterNumbers({ shape, data }, [DRAW], SIZES);
        await checkAll(result, (index) => expected[index]!, { absolute: 4e-6, label: 'numbers' });
      },
    });
  },
};

const classes: BenchEntry = {
  kernel: 'classesJitter',
  label: `[1, 256, 256, 1] of ${CLASSES} classes to 286, cropped to 256`,
  // A byte read for each pixel, and a float written for each class of it.
  work: { bytes: RESULTS * (1 + 4 * CLASSES) },
  setup(bench) {
    const data = noise(1, CLASSES);
    const shape = [1, 256, 256, 1] as const;
    const tensor = bench.own(Tensor.fromBytes(bench.gpu, data, [...shape]));
    const draws = drawsOf(bench);
    return workload({
      run: () => classesJitter(tensor, draws, SIZES, CLASSES),
      check: async (result) => {
        const expected = reference.jitterClasses({ shape, data }, [DRAW], SIZES, CLASSES);
        await checkAll(result, (index) => expected[index]!, { absolute: 0, label: 'classes' });
      },
    });
  },
};

export const entries: readonly BenchEntry[] = [numbers, classes];
