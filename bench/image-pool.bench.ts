import { imagePool } from '../src/kernels/image-pool.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';

const SIZE = 256;
const CHANNELS = 3;
/** Images in the pool of CycleGAN. */
const PLACES = 50;

export const entries: readonly BenchEntry[] = [1, 4].map((batch) => ({
  kernel: 'imagePool',
  label: `[${batch}, ${SIZE}, ${SIZE}, ${CHANNELS}], ${PLACES} places`,
  // Each image is exchanged for one of the pool: two are read, two are written.
  work: { bytes: 4 * 4 * batch * SIZE * SIZE * CHANNELS },
  setup(bench) {
    const images = bench.random('images', [batch, SIZE, SIZE, CHANNELS]);
    const pool = bench.empty('pool', [PLACES, SIZE, SIZE, CHANNELS]);
    // Time and again at the same places: from the second exchange on, each image leaves that came before.
    const places = Int32Array.from({ length: 2 * batch }, (_, index) => 7 * (index >> 1));
    const draws = bench.own(Tensor.from(bench.gpu, places, [batch, 2], 'draws'));
    bench.own(imagePool(images.tensor, pool, draws));
    return workload({
      run: () => imagePool(images.tensor, pool, draws),
      check: (left) => checkAll(left, (index) => images.data[index]!, { label: 'images' }),
    });
  },
}));
