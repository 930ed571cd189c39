import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageToClasses, imageToPixels, pixelsToImage, type PixelReading, type PixelWindow } from '../../src/kernels/pixels.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import * as reference from '../reference/pixels.js';

const gpu = await testGpu();
const noise = (name: string, count: number): Uint8Array => Uint8Array.from(values(name, count, 127, 128), Math.round);
const window = (left: number, top: number, width: number, height: number): PixelWindow => ({ left, top, width, height });

const cases: [width: number, height: number, pitch: number, part: PixelWindow][] = [
  [1, 1, 1, window(0, 0, 1, 1)],
  [31, 5, 31, window(0, 0, 31, 5)],
  [31, 5, 64, window(7, 1, 9, 3)],
  [6, 9, 8, window(-3, -2, 13, 15)],
  [3, 3, 3, window(5, 5, 2, 2)],
];
for (const [width, height, pitch, part] of cases) {
  test(`pixels as an image: ${width} x ${height} in rows of ${pitch}, ${Object.values(part).join(' ')}`, async () => {
    const data = noise(`pixels ${width} ${pitch}`, height * pitch * 4);
    // Some of them opaque, some of them clear.
    for (let at = 3; at < data.length; at += 4) if (at % 3 !== 0) data[at] = at % 3 === 1 ? 255 : 0;
    const pixels = Tensor.fromBytes(gpu, data, [height, pitch, 4]);
    for (const channels of [1, 3] as const) {
      for (const [mirror, premultiplied] of [
        [false, false],
        [true, true],
      ] as const) {
        const reading: PixelReading = { width, window: part, channels, background: [255, 90, 3], mirror, premultiplied };
        const image = pixelsToImage(pixels, reading);
        assert.equal(image.shape, [1, part.height, part.width, channels]);
        assert.equal([...(await image.bytes())], [...reference.toImage(data, height, pitch, reading)], `${channels} ${mirror}`);
      }
    }
  });
}

for (const [width, height, pitch, channels] of [
  [1, 1, 1, 3],
  [31, 4, 64, 3],
  [30, 7, 30, 1],
] as const) {
  test(`an image as pixels: ${width} x ${height} x ${channels} in rows of ${pitch}`, async () => {
    const data = values(`image ${width}`, width * height * channels, 1.2);
    for (const blueFirst of [false, true]) {
      const pixels = Tensor.fromBytes(gpu, new Uint8Array(height * pitch * 4).fill(7), [height, pitch, 4]);
      imageToPixels(Tensor.from(gpu, data, [1, height, width, channels]), pixels, blueFirst);
      const expected = reference.toPixels(data, channels, blueFirst);
      const all = await pixels.bytes();
      for (let row = 0; row < height; row++) {
        const own = all.subarray(row * pitch * 4, (row * pitch + width) * 4);
        assert.equal([...own], [...expected.subarray(row * width * 4, (row + 1) * width * 4)], `row ${row}`);
        assert.ok(
          all.subarray((row * pitch + width) * 4, (row + 1) * pitch * 4).every((byte) => byte === 7),
          'between rows',
        );
      }
    }
  });
}

const CLASSES = [
  [0, 0, 170],
  [255, 85, 0],
  [170, 255, 85],
] as const;
const IGNORED = [[250, 250, 250]] as const;
const colours = Tensor.fromBytes(gpu, Uint8Array.from([...CLASSES, ...IGNORED].flatMap((colour) => [...colour, 9])), [4, 4]);

for (const [from, to, channels] of [
  [[1, 1], [1, 1], 3],
  [[31, 5], [31, 5], 3],
  [[7, 9], [30, 4], 5],
  [[30, 6], [7, 11], 3],
] as const) {
  test(`the classes of a label map as channels: ${from.join(' x ')} to ${to.join(' x ')} x ${channels}`, async () => {
    // Colours of the palette, colours near them, and some that are as near to one as to another.
    const data = noise(`map ${from.join()}`, from[0] * from[1] * 3);
    for (let at = 0; at < data.length; at += 3) if (at % 2 === 0) data.set([...CLASSES, ...IGNORED][(at / 6) % 4]!, at);
    const out = Tensor.from(gpu, new Float32Array(to[0] * to[1] * channels), [1, to[1], to[0], channels]);
    imageToClasses(Tensor.fromBytes(gpu, data, [1, from[1], from[0], 3]), { colours, classes: 3 }, out);
    assert.equal([...(await out.data())], reference.toClasses(data, from, to, CLASSES, IGNORED, channels));
  });
}

test('a label map of other channels, or a palette of more classes than channels, is refused', async () => {
  const out = Tensor.from(gpu, new Float32Array(8), [1, 2, 2, 2]);
  const map = Tensor.fromBytes(gpu, new Uint8Array(12), [1, 2, 2, 3]);
  await failure('SHAPE_MISMATCH', () => imageToClasses(map, { colours, classes: 3 }, out), 'label map');
  const grey = Tensor.fromBytes(gpu, new Uint8Array(4), [1, 2, 2, 1]);
  await failure('SHAPE_MISMATCH', () => imageToClasses(grey, { colours, classes: 2 }, out), 'label map');
});

test('some channels of a wider tensor are shown; what is no picture is refused', async () => {
  const data = values('wide', 4 * 5 * 6);
  const wide = Tensor.from(gpu, data, [1, 4, 5, 6]);
  const pixels = Tensor.fromBytes(gpu, new Uint8Array(4 * 5 * 4), [4, 5, 4]);
  const middle = wide.sliceChannels(2, 5);
  imageToPixels(middle, pixels);
  assert.equal([...(await pixels.bytes())], [...reference.toPixels(await middle.data(), 3, false)]);
  await failure('SHAPE_MISMATCH', () => imageToPixels(wide, pixels), 'image to show');
  await failure('SHAPE_MISMATCH', () => imageToPixels(Tensor.from(gpu, data, [2, 4, 5, 3]), pixels), 'image to show');
  await failure('SHAPE_MISMATCH', () => imageToPixels(Tensor.from(gpu, data.slice(0, 72), [1, 4, 6, 3]), pixels), 'RGBA pixels');
});

test.run();
