import * as reference from '../kernels-test/reference/color-jitter.js';
import { colorDraws, imageColorJitter, type ColorDraw } from '../src/kernels/color-jitter.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';

const DRAW: ColorDraw = {
  brightness: 1.1,
  contrast: 0.9,
  saturation: 1.2,
  hue: 0.03,
  order: ['saturation', 'contrast', 'hue', 'brightness'],
};

export const entries: readonly BenchEntry[] = [1, 4].map((batch) => ({
  kernel: 'imageColorJitter',
  label: `[${batch}, 256, 256, 3]`,
  // Each pixel is read twice, for the mean and for the change, and written once.
  work: { bytes: 3 * 4 * batch * 256 * 256 * 3 },
  setup(bench) {
    const shape = [batch, 256, 256, 3];
    const images = bench.random('images', shape);
    const drawn = Array.from({ length: batch }, () => DRAW);
    const draws = bench.own(Tensor.from(bench.gpu, colorDraws(drawn), [batch, 6], 'draws'));
    return workload({
      run: () => imageColorJitter(images.tensor, draws),
      check: (result) => {
        const expected = reference.colorJitter(images.data, shape, drawn);
        return checkAll(result, (index) => expected[index]!, { absolute: 5e-6, label: 'colours' });
      },
    });
  },
}));
