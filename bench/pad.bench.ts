import * as reference from '../kernels-test/reference/spatial.js';
import { pad, padGrad } from '../src/kernels/pad.js';
import { checkAll, checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, FEATURES_64, format, IMAGE } from './shapes.js';

const MARGINS = [3, 3, 3, 3] as const;

/** As a ResNet generator pads its input, and its features. */
export const entries: readonly BenchEntry[] = [IMAGE, FEATURES_64].flatMap((shape): BenchEntry[] => {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const padded = [batch, height + 6, width + 6, channels];
  return [
    {
      kernel: 'pad',
      label: `${format(shape)}, 3 pixels by reflection`,
      work: { bytes: bytesOf(shape, padded) },
      setup(bench) {
        const x = bench.random('x', shape);
        return workload({
          run: () => pad(x.tensor, MARGINS, 'reflect'),
          check: async (y) => {
            const expected = reference.pad(x.data, shape, MARGINS, 'reflect');
            await checkAll(y, (index) => expected[index]!, { label: 'pad' });
          },
        });
      },
    },
    {
      kernel: 'padGrad',
      label: `${format(shape)}, 3 pixels by reflection`,
      work: { bytes: bytesOf(shape, padded) },
      setup(bench) {
        const dy = bench.random('dy', padded);
        const mirrored = (i: number, length: number): number[] =>
          [i, -i, 2 * (length - 1) - i].filter((at, k, all) => at >= -3 && at < length + 3 && all.indexOf(at) === k);
        const element = (index: number): number => {
          const [c, j, i] = [index % channels, Math.floor(index / channels) % width, Math.floor(index / channels / width) % height];
          let sum = 0;
          for (const r of mirrored(i, height))
            for (const q of mirrored(j, width)) sum += dy.data[((r + 3) * (width + 6) + q + 3) * channels + c]!;
          return sum;
        };
        return workload({
          run: () => padGrad(dy.tensor, shape, MARGINS, 'reflect'),
          check: (dx) => checkSamples(dx, element, { absolute: 1e-6, label: 'pad gradient' }),
        });
      },
    },
  ];
});
