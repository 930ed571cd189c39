import * as reference from '../kernels-test/reference/spatial.js';
import { averagePool, averagePoolGrad, maxPool, maxPoolGather, maxPoolGrad } from '../src/kernels/pool.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format, SKIP_128 } from './shapes.js';

const GEOMETRY = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceilMode: false } as const;
const [BATCH, HEIGHT, WIDTH, CHANNELS] = SKIP_128 as [number, number, number, number];
const HALVED = [BATCH, HEIGHT / 2, WIDTH / 2, CHANNELS];

const inPool = (x: ArrayLike<number>, body: (window: number[], count: number) => number): Float64Array =>
  reference.pool(x, SKIP_128, { ...GEOMETRY, size: HALVED.slice(1, 3) }, body);
const equal = (y: Tensor, expected: ArrayLike<number>, label: string): Promise<void> =>
  checkAll(y, (index) => expected[index]!, { absolute: 1e-6, label });
/** The window that pixel `index` lies in, as an index of the pooled image. */
const windowOf = (index: number): number => {
  const [c, j, i] = [index % CHANNELS, Math.floor(index / CHANNELS) % WIDTH, Math.floor(index / CHANNELS / WIDTH)];
  return (Math.floor(i / 2) * (WIDTH / 2) + Math.floor(j / 2)) * CHANNELS + c;
};
/** The top left pixel of every window, as index tensors have it. */
const corner = (index: number): number => {
  const window = Math.floor(index / CHANNELS);
  return 2 * Math.floor(window / (WIDTH / 2)) * WIDTH + 2 * (window % (WIDTH / 2));
};

const entry = (kernel: string, bytes: number, setup: BenchEntry['setup']): BenchEntry => ({
  kernel,
  label: `${format(SKIP_128)}, 2 x 2`,
  work: { bytes },
  setup,
});
const corners = (bench: Parameters<BenchEntry['setup']>[0]): Tensor =>
  bench.own(
    Tensor.from(
      bench.gpu,
      Int32Array.from({ length: (HEIGHT * WIDTH * CHANNELS) / 4 }, (_, index) => corner(index)),
      HALVED,
    ),
  );
const both = bytesOf(SKIP_128, HALVED);

export const entries: readonly BenchEntry[] = [
  entry('maxPool', both + bytesOf(HALVED), (bench) => {
    const x = bench.random('x', SKIP_128);
    return workload({ run: () => maxPool(x.tensor, GEOMETRY), check: ({ y }) => equal(y, inPool(x.data, reference.largest), 'max pool') });
  }),
  entry('maxPoolGrad', both + bytesOf(HALVED), (bench) => {
    const [dy, index] = [bench.random('dy', HALVED), corners(bench)];
    return workload({
      run: () => maxPoolGrad(dy.tensor, index, SKIP_128, GEOMETRY),
      check: (dx) =>
        checkAll(dx, (i) => (corner(windowOf(i)) === Math.floor(i / CHANNELS) ? dy.data[windowOf(i)]! : 0), { label: 'max pool gradient' }),
    });
  }),
  entry('maxPoolGather', 3 * bytesOf(HALVED), (bench) => {
    const [x, index] = [bench.random('x', SKIP_128), corners(bench)];
    return workload({
      run: () => maxPoolGather(x.tensor, index, GEOMETRY),
      check: (y) => checkAll(y, (i) => x.data[corner(i) * CHANNELS + (i % CHANNELS)]!, { label: 'chosen pixels' }),
    });
  }),
  entry('averagePool', both, (bench) => {
    const x = bench.random('x', SKIP_128);
    return workload({
      run: () => averagePool(x.tensor, GEOMETRY, true),
      check: (y) => equal(y, inPool(x.data, reference.average), 'average pool'),
    });
  }),
  entry('averagePoolGrad', both, (bench) => {
    const dy = bench.random('dy', HALVED);
    return workload({
      run: () => averagePoolGrad(dy.tensor, SKIP_128, GEOMETRY, true),
      check: (dx) => checkAll(dx, (i) => dy.data[windowOf(i)]! / 4, { absolute: 1e-7, label: 'average pool gradient' }),
    });
  }),
];
