import { assertClose } from '../kernels-test/harness/golden.js';
import { hashName, pcg } from '../kernels-test/harness/deterministic.js';
import * as reference from '../kernels-test/reference/image.js';
import { floatToImage, imageDraws, imageJitter, imageResizeBicubic, imageToFloat, writeImageDraws } from '../src/kernels/image.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { format } from './shapes.js';
import type { Workbench } from './workbench.js';

type ImageShape = [number, number, number, number];

const SIZE = 256;
const LOAD_SIZE = 286;
const PIXELS: ImageShape = [1, SIZE, SIZE, 3];
const count = (shape: ImageShape): number => shape.reduce((product, length) => product * length, 1);

function noise(bench: Workbench, shape: ImageShape): { images: reference.ByteImages; tensor: Tensor } {
  const seed = hashName('image');
  const data = Uint8Array.from({ length: count(shape) }, (_, i) => pcg((seed ^ pcg(i)) >>> 0) >>> 24);
  return { images: { shape, data }, tensor: bench.own(Tensor.fromBytes(bench.gpu, data, shape)) };
}

const conversions: BenchEntry[] = [
  {
    kernel: 'imageToFloat',
    label: format(PIXELS),
    work: { bytes: 5 * count(PIXELS) },
    setup(bench) {
      const { images, tensor } = noise(bench, PIXELS);
      return workload({
        run: () => imageToFloat(tensor),
        check: async (numbers) => {
          const expected = reference.toFloat(images.data);
          await checkAll(numbers, (index) => expected[index]!, { absolute: 2e-7, label: 'levels' });
        },
      });
    },
  },
  {
    kernel: 'floatToImage',
    label: format(PIXELS),
    work: { bytes: 5 * count(PIXELS) },
    setup(bench) {
      const { images } = noise(bench, PIXELS);
      const { tensor } = bench.random('levels', PIXELS);
      tensor.write(Float32Array.from(reference.toFloat(images.data)));
      return workload({
        run: () => floatToImage(tensor),
        check: async (bytes) => assertClose(await bytes.bytes(), images.data, { label: 'bytes' }),
      });
    },
  },
];

const resize: BenchEntry = {
  kernel: 'imageResizeBicubic',
  label: `${format(PIXELS)} to ${LOAD_SIZE} x ${LOAD_SIZE}`,
  work: { bytes: count(PIXELS) + count([1, LOAD_SIZE, LOAD_SIZE, 3]) },
  setup(bench) {
    const { images, tensor } = noise(bench, PIXELS);
    return workload({
      run: () => imageResizeBicubic(tensor, LOAD_SIZE, LOAD_SIZE),
      check: async (bytes) => assertClose(await bytes.bytes(), reference.resize(images, LOAD_SIZE, LOAD_SIZE), { label: 'bytes' }),
    });
  },
};

const jitter: BenchEntry = {
  kernel: 'imageJitter',
  label: `${format(PIXELS)} to ${LOAD_SIZE}, cropped to ${SIZE}`,
  // A byte read and a float written for every number.
  work: { bytes: 5 * count(PIXELS) },
  setup(bench) {
    const { images, tensor } = noise(bench, PIXELS);
    const sizes = { loadSize: LOAD_SIZE, cropSize: SIZE };
    const draw = { cropX: 13, cropY: 21, mirror: true, source: 0 };
    const draws = bench.own(imageDraws(bench.gpu, 1));
    writeImageDraws(draws, [draw]);
    return workload({
      run: () => imageJitter(tensor, draws, sizes),
      check: async (numbers) => {
        const expected = reference.toFloat(reference.jitter(images, [draw], sizes));
        await checkAll(numbers, (index) => expected[index]!, { absolute: 2e-7, label: 'levels' });
      },
    });
  },
};

export const entries: readonly BenchEntry[] = [...conversions, resize, jitter];
