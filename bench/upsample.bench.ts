import * as reference from '../kernels-test/reference/spatial.js';
import { upsample, upsampleGrad, type Resampling } from '../src/kernels/upsample.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, FEATURES_64, format } from './shapes.js';

const [BATCH, HEIGHT, WIDTH, CHANNELS] = FEATURES_64 as [number, number, number, number];
const DOUBLED = [BATCH, 2 * HEIGHT, 2 * WIDTH, CHANNELS];

export const entries: readonly BenchEntry[] = (['nearest', 'bilinear'] as const).flatMap((mode): BenchEntry[] => {
  const resampling: Resampling = { mode, size: [2 * HEIGHT, 2 * WIDTH], ratio: [0.5, 0.5], alignCorners: false };
  const label = `${format(FEATURES_64)} to twice the size, ${mode}`;
  const work = { bytes: bytesOf(FEATURES_64, DOUBLED) };
  const forward = (x: ArrayLike<number>): Float64Array => reference.upsample(x, FEATURES_64, resampling.size, resampling.ratio, mode);
  return [
    {
      kernel: 'upsample',
      label,
      work,
      setup(bench) {
        const x = bench.random('x', FEATURES_64);
        return workload({
          run: () => upsample(x.tensor, resampling),
          check: async (y) => {
            const expected = forward(x.data);
            await checkAll(y, (index) => expected[index]!, { absolute: 2e-5, label: 'upsample' });
          },
        });
      },
    },
    {
      kernel: 'upsampleGrad',
      label,
      work,
      setup(bench) {
        const [dy, v] = [bench.random('dy', DOUBLED), bench.random('v', FEATURES_64)];
        return workload({
          run: () => upsampleGrad(dy.tensor, FEATURES_64, resampling),
          // Of an adjoint: its inner product with anything is that of dy with what upsampling makes of it.
          check: async (dx) => {
            const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
              Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
            const [found, expected] = [inner(await dx.data(), v.data), inner(dy.data, forward(v.data))];
            if (!(Math.abs(found - expected) <= 0.01)) throw new Error(`upsample gradient: inner product ${found}, expected ${expected}`);
          },
        });
      },
    },
  ];
});
