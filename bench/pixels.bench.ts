import { hashName, pcg } from '../kernels-test/harness/deterministic.js';
import { assertClose } from '../kernels-test/harness/golden.js';
import * as reference from '../kernels-test/reference/pixels.js';
import { imageToClasses, imageToPixels, pixelsToImage, type PixelReading } from '../src/kernels/pixels.js';
import { Tensor } from '../src/tensor/tensor.js';
import { workload, type BenchEntry } from './harness.js';

/** A webcam's frame, of which a square is taken. */
const [WIDTH, HEIGHT] = [640, 480];
const READING: PixelReading = {
  width: WIDTH,
  window: { left: 80, top: 0, width: HEIGHT, height: HEIGHT },
  channels: 3,
  background: [255, 255, 255],
  mirror: true,
  premultiplied: true,
};
const SIZE = 256;

const toImage: BenchEntry = {
  kernel: 'pixelsToImage',
  label: `[${HEIGHT}, ${WIDTH}, 4] to [1, ${HEIGHT}, ${HEIGHT}, 3]`,
  work: { bytes: HEIGHT * HEIGHT * (4 + 3) },
  setup(bench) {
    const seed = hashName('pixels');
    const data = Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => pcg((seed ^ pcg(i)) >>> 0) >>> 24);
    const pixels = bench.own(Tensor.fromBytes(bench.gpu, data, [HEIGHT, WIDTH, 4]));
    return workload({
      run: () => pixelsToImage(pixels, READING),
      check: async (image) => assertClose(await image.bytes(), reference.toImage(data, HEIGHT, WIDTH, READING), { label: 'bytes' }),
    });
  },
};

const toPixels: BenchEntry = {
  kernel: 'imageToPixels',
  label: `[1, ${SIZE}, ${SIZE}, 3]`,
  work: { bytes: SIZE * SIZE * (3 * 4 + 4) },
  setup(bench) {
    const { tensor, data } = bench.random('image', [1, SIZE, SIZE, 3]);
    const pixels = bench.own(Tensor.fromBytes(bench.gpu, new Uint8Array(SIZE * SIZE * 4), [SIZE, SIZE, 4]));
    return workload({
      run: () => imageToPixels(tensor, pixels),
      check: async () => assertClose(await pixels.bytes(), reference.toPixels(data, 3, false), { absolute: 1, label: 'pixels' }),
    });
  },
};

/** As many classes as label maps of facades have. */
const CLASSES = 12;

const toClasses: BenchEntry = {
  kernel: 'imageToClasses',
  label: `[1, ${SIZE}, ${SIZE}, 3], ${CLASSES} classes`,
  work: { bytes: SIZE * SIZE * (3 + 4 * CLASSES) },
  setup(bench) {
    const seed = hashName('classes');
    const byte = (i: number): number => pcg((seed ^ pcg(i)) >>> 0) >>> 24;
    const data = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => byte(i));
    const palette = Array.from({ length: CLASSES }, (_, k) => [byte(3 * k), byte(3 * k + 1), byte(3 * k + 2)] as const);
    const map = bench.own(Tensor.fromBytes(bench.gpu, data, [1, SIZE, SIZE, 3]));
    const colours = bench.own(Tensor.fromBytes(bench.gpu, Uint8Array.from(palette.flatMap((colour) => [...colour, 0])), [CLASSES, 4]));
    const { tensor: out } = bench.random('classes', [1, SIZE, SIZE, CLASSES]);
    return workload({
      run: () => imageToClasses(map, { colours, classes: CLASSES }, out),
      check: async () => {
        const expected = reference.toClasses(data, [SIZE, SIZE], [SIZE, SIZE], palette, [], CLASSES);
        assertClose(await out.data(), expected, { label: 'channels' });
      },
    });
  },
};

export const entries: readonly BenchEntry[] = [toImage, toPixels, toClasses];
