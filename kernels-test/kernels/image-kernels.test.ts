import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../src/errors.js';
import { bicubicTable } from '../../src/kernels/bicubic-table.js';
import { floatToImage, imageDraws, imageJitter, imageResizeBicubic, imageToFloat, writeImageDraws } from '../../src/kernels/image.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { hashName, pcg, values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import golden from '../goldens/image_resize.json';
import { widthAndHeight } from '../../src/pixel-size.js';
import * as reference from '../reference/image.js';

const gpu = await testGpu();

/** Noise with hard edges, which overshoot: a third of the bytes are 0 or 255. */
function noise(shape: [number, number, number, number]): reference.ByteImages {
  const seed = hashName(`image ${shape.join()}`);
  const data = Uint8Array.from({ length: shape.reduce((product, length) => product * length, 1) }, (_, i) => {
    const byte = pcg((seed ^ pcg(i)) >>> 0) >>> 24;
    return byte < 40 ? 0 : byte > 215 ? 255 : byte;
  });
  return { shape, data };
}

function upload({ data, shape }: reference.ByteImages): Tensor {
  return Tensor.fromBytes(gpu, data, shape);
}

/** Exact; assert.equal would draw its picture of the difference for minutes. */
function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assertClose(actual, expected, { label: 'bytes' });
}

/** The bytes that a result in -1..1 stands for; fails where it is none. */
function asBytes(numbers: Float32Array): Uint8Array {
  const exact = Float64Array.from(numbers, (value) => (value + 1) * 127.5);
  const bytes = Uint8Array.from(exact, Math.round);
  assertClose(numbers, reference.toFloat(bytes), { absolute: 1.2e-7, label: 'levels' });
  return bytes;
}

function throwsCode(code: string, run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, code);
    return;
  }
  assert.unreachable(`expected ${code}`);
}

test('every byte becomes its level and comes back; both ends are exact', async () => {
  const bytes = Tensor.fromBytes(
    gpu,
    Uint8Array.from({ length: 256 }, (_, i) => i),
    [1, 16, 16, 1],
  );
  const numbers = imageToFloat(bytes);
  const read = await numbers.data();
  assertClose(
    read,
    Float64Array.from({ length: 256 }, (_, i) => i / 127.5 - 1),
    { absolute: 1.2e-7, label: 'levels' },
  );
  assert.is(read[0], -1);
  assert.is(read[255], 1);
  sameBytes(await floatToImage(numbers).bytes(), await bytes.bytes());
});

for (const shape of [
  [1, 1, 1, 1],
  [1, 31, 31, 3],
  [3, 5, 7, 1],
  [2, 9, 4, 4],
  [4, 1, 3, 3],
] as [number, number, number, number][]) {
  test(`bytes to numbers and back: [${shape.join(', ')}]`, async () => {
    const images = noise(shape);
    const numbers = imageToFloat(upload(images));
    assertClose(await numbers.data(), reference.toFloat(images.data), { absolute: 1.2e-7, label: 'levels' });
    sameBytes(await floatToImage(numbers).bytes(), images.data);
  });
}

test('numbers are rounded to the nearest byte and clamped', async () => {
  const numbers = [-7, -1.001, -1, -0.9962, -0.996, 0.996, 0.9962, 1, 1.001, 90];
  const actual = await floatToImage(Tensor.from(gpu, numbers, [numbers.length])).bytes();
  assert.equal([...actual], [0, 0, 0, 0, 1, 254, 255, 255, 255, 255]);
});

test('converts from and to channel slices and leaves the rest alone', async () => {
  const images = noise([2, 5, 3, 3]);
  const wide = Tensor.from(gpu, new Float32Array(2 * 5 * 3 * 7).fill(0.5), [2, 5, 3, 7]);
  imageToFloat(upload(images), wide.sliceChannels(1, 4));
  const all = await wide.data();
  assert.ok(all.every((value, i) => (i % 7 >= 1 && i % 7 < 4) || value === 0.5));
  sameBytes(await floatToImage(wide.sliceChannels(1, 4)).bytes(), images.data);
});

golden.cases.forEach(({ input, output }) => {
  test(`resizing equals Pillow's byte for byte: ${input.width} x ${input.height} to ${output.width} x ${output.height}`, async () => {
    const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bytes = Tensor.fromBytes(gpu, decode(input.data), [1, input.height, input.width, 3]);
    const resized = imageResizeBicubic(bytes, output.height, output.width);
    assert.equal([...resized.shape], [1, output.height, output.width, 3]);
    sameBytes(await resized.bytes(), decode(output.data));
  });
});

const RESIZES: [shape: [number, number, number, number], outHeight: number, outWidth: number][] = [
  [[1, 1, 1, 1], 3, 2],
  [[2, 31, 31, 1], 31, 64],
  [[3, 31, 17, 4], 7, 17],
  [[4, 6, 5, 3], 31, 1],
  [[1, 64, 64, 3], 72, 72],
  [[2, 9, 13, 6], 5, 20],
];
for (const [shape, outHeight, outWidth] of RESIZES) {
  test(`resizing [${shape.join(', ')}] to ${outHeight} x ${outWidth} equals the CPU's`, async () => {
    const images = noise(shape);
    const actual = await imageResizeBicubic(upload(images), outHeight, outWidth).bytes();
    sameBytes(actual, reference.resize(images, outHeight, outWidth));
  });
}

test('an equal size is no work and no copy', async () => {
  const images = noise([2, 6, 5, 3]);
  const bytes = upload(images);
  const same = imageResizeBicubic(bytes, 6, 5);
  assert.is(same.storage, bytes.storage);
  bytes.dispose();
  sameBytes(await same.bytes(), images.data);
});

test('weights sum to 1 and lie inside the image, whatever the sizes', () => {
  for (const [inputSize, outputSize] of [
    [1, 1],
    [1, 9],
    [9, 1],
    [256, 286],
    [1024, 286],
    [31, 30],
    [7, 7],
  ] as const) {
    const { taps, entries } = bicubicTable(inputSize, outputSize);
    assert.is(entries.length, outputSize * (1 + taps));
    for (let position = 0; position < outputSize; position++) {
      const [first, ...weights] = entries.subarray(position * (1 + taps), (position + 1) * (1 + taps));
      const used = weights.reduce((end, weight, t) => (weight === 0 ? end : t + 1), 0);
      assert.ok(first! >= 0 && first! + used <= inputSize);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      assert.ok(Math.abs(sum - 2 ** 22) <= taps / 2, `sum ${sum}`);
    }
  }
  assert.equal([...bicubicTable(3, 3).entries], [0, 2 ** 22, 1, 2 ** 22, 2, 2 ** 22]);
});

interface JitterCase extends reference.Jitter {
  shape: [number, number, number, number];
  draws: reference.Draw[];
}

const JITTERS: JitterCase[] = [
  { shape: [1, 1, 1, 1], loadSize: 3, cropSize: 2, draws: [{ cropX: 1, cropY: 0, mirror: true, source: 0 }] },
  {
    shape: [2, 31, 31, 3],
    loadSize: 35,
    cropSize: 31,
    draws: [
      { cropX: 0, cropY: 4, mirror: true, source: 1 },
      { cropX: 4, cropY: 1, mirror: false, source: 0 },
    ],
  },
  { shape: [1, 40, 64, 4], loadSize: 18, cropSize: 16, draws: [{ cropX: 2, cropY: 0, mirror: false, source: 0 }] },
  {
    shape: [3, 16, 16, 7],
    loadSize: 16,
    cropSize: 11,
    draws: [
      { cropX: 5, cropY: 3, mirror: true, source: 2 },
      { cropX: 0, cropY: 5, mirror: false, source: 2 },
      { cropX: 2, cropY: 2, mirror: true, source: 0 },
      { cropX: 1, cropY: 0, mirror: false, source: 1 },
    ],
  },
  // Rectangles: width, then height.
  {
    shape: [2, 20, 31, 3],
    loadSize: [36, 18],
    cropSize: [31, 16],
    draws: [
      { cropX: 5, cropY: 2, mirror: true, source: 1 },
      { cropX: 0, cropY: 1, mirror: false, source: 0 },
    ],
  },
  { shape: [1, 33, 9, 1], loadSize: [10, 40], cropSize: [7, 40], draws: [{ cropX: 3, cropY: 0, mirror: true, source: 0 }] },
  { shape: [1, 64, 64, 3], loadSize: 72, cropSize: 64, draws: [{ cropX: 8, cropY: 8, mirror: true, source: 0 }] },
];

for (const { shape, loadSize, cropSize, draws } of JITTERS) {
  const sizes = `to ${String(loadSize)}, cropped to ${String(cropSize)}`;
  test(`jitter of [${shape.join(', ')}] ${sizes}, batch ${draws.length}, equals the CPU's`, async () => {
    const images = noise(shape);
    const drawn = imageDraws(gpu, draws.length);
    writeImageDraws(drawn, draws);
    const result = imageJitter(upload(images), drawn, { loadSize, cropSize });
    const [cropWidth, cropHeight] = widthAndHeight(cropSize);
    assert.equal([...result.shape], [draws.length, cropHeight, cropWidth, shape[3]]);
    sameBytes(asBytes(await result.data()), reference.jitter(images, draws, { loadSize, cropSize }));
  });
}

test('a pair with one draw fills the two halves of a six-channel tensor', async () => {
  const [a, b] = [noise([2, 20, 22, 3]), noise([2, 20, 22, 3])];
  b.data.reverse();
  const draws = [
    { cropX: 1, cropY: 3, mirror: true, source: 0 },
    { cropX: 3, cropY: 0, mirror: false, source: 1 },
  ];
  const drawn = imageDraws(gpu, 2);
  writeImageDraws(drawn, draws);
  const sizes = { loadSize: 19, cropSize: 16 };
  const pair = Tensor.from(gpu, new Float32Array(2 * 16 * 16 * 6).fill(9), [2, 16, 16, 6]);
  for (const [half, images] of [a, b].entries()) imageJitter(upload(images), drawn, sizes, pair.sliceChannels(half * 3, half * 3 + 3));
  for (const [half, images] of [a, b].entries()) {
    sameBytes(asBytes(await pair.sliceChannels(half * 3, half * 3 + 3).data()), reference.jitter(images, draws, sizes));
  }
});

test('a recorded step follows new draws, also when its table was never used before', async () => {
  const images = noise([3, 21, 21, 3]);
  const bytes = upload(images);
  const sizes = { loadSize: 23, cropSize: 20 };
  const drawn = imageDraws(gpu, 2);
  const { recording, result } = await gpu.record(() => imageJitter(bytes, drawn, sizes));
  // The recording has not run, so the table that both share is not uploaded yet.
  const before = imageJitter(bytes, drawn, sizes);
  const untouched = { cropX: 0, cropY: 0, mirror: false, source: 0 };
  sameBytes(asBytes(await before.data()), reference.jitter(images, [untouched, untouched], sizes));
  for (let run = 0; run < 3; run++) {
    const draws = [
      { cropX: run, cropY: 3 - run, mirror: run === 1, source: run },
      { cropX: 0, cropY: run, mirror: run !== 1, source: 2 - run },
    ];
    writeImageDraws(drawn, draws);
    recording.run();
    sameBytes(asBytes(await result.data()), reference.jitter(images, draws, sizes));
  }
  recording.destroy();
});

test('a recording uploads the table that it is the first to use', async () => {
  const images = noise([1, 10, 10, 3]);
  const bytes = upload(images);
  const { recording, result } = await gpu.record(() => imageResizeBicubic(bytes, 25, 27));
  recording.run();
  sameBytes(await result.bytes(), reference.resize(images, 25, 27));
  recording.destroy();
});

test('tables of many sizes do not pile up, and a recording keeps its own', async () => {
  const images = noise([1, 8, 8, 1]);
  const bytes = upload(images);
  const { recording, result } = await gpu.record(() => imageResizeBicubic(bytes, 11, 11));
  recording.run();
  // Tables of equal size, for inputs of every width in the range.
  const bytesAfter = (firstWidth: number): number => {
    for (let width = firstWidth; width < firstWidth + 80; width++) {
      const line = upload(noise([1, 1, width, 1]));
      imageResizeBicubic(line, 1, 200).dispose();
      line.dispose();
    }
    return gpu.memory().bytesInUse;
  };
  assert.is(bytesAfter(90), bytesAfter(10));
  recording.run();
  sameBytes(await result.bytes(), reference.resize(images, 11, 11));
  recording.destroy();
});

test('draws beyond the images are brought back to their edge', async () => {
  const images = noise([2, 8, 8, 3]);
  const drawn = imageDraws(gpu, 1);
  writeImageDraws(drawn, [{ cropX: 100, cropY: 3, mirror: false, source: 70 }]);
  const sizes = { loadSize: 9, cropSize: 8 };
  const result = await imageJitter(upload(images), drawn, sizes).data();
  sameBytes(asBytes(result), reference.jitter(images, [{ cropX: 1, cropY: 1, mirror: false, source: 1 }], sizes));
});

test('what is no image, no draw or no size is refused', () => {
  const bytes = upload(noise([2, 4, 4, 3]));
  const floats = Tensor.from(gpu, values('floats', 96), [2, 4, 4, 3]);
  const draws = imageDraws(gpu, 2);
  throwsCode('INVALID_ARGUMENT', () => imageToFloat(floats));
  throwsCode('INVALID_ARGUMENT', () => imageToFloat(bytes.sliceChannels(0, 1)));
  throwsCode('SHAPE_MISMATCH', () => imageToFloat(bytes, floats.sliceChannels(0, 2)));
  throwsCode('INVALID_ARGUMENT', () => floatToImage(bytes));
  throwsCode('INVALID_ARGUMENT', () => imageResizeBicubic(bytes, 0, 4));
  throwsCode('INVALID_ARGUMENT', () => imageResizeBicubic(bytes, 4, 1.5));
  throwsCode('INVALID_ARGUMENT', () => imageJitter(bytes, draws, { loadSize: 4, cropSize: 5 }));
  throwsCode('INVALID_ARGUMENT', () => imageJitter(bytes, draws, { loadSize: [4, 6], cropSize: [5, 4] }));
  throwsCode('INVALID_ARGUMENT', () => imageJitter(bytes, draws, { loadSize: [6, 4], cropSize: [4, 5] }));
  throwsCode('INVALID_ARGUMENT', () => imageJitter(bytes, floats, { loadSize: 4, cropSize: 4 }));
  throwsCode('SHAPE_MISMATCH', () => imageJitter(bytes, bytes, { loadSize: 4, cropSize: 4 }));
  throwsCode('SHAPE_MISMATCH', () => writeImageDraws(draws, [{ cropX: 0, cropY: 0, mirror: false }]));
  throwsCode('INVALID_ARGUMENT', () =>
    writeImageDraws(draws, [
      { cropX: -1, cropY: 0, mirror: false },
      { cropX: 0, cropY: 0, mirror: false },
    ]),
  );
});

test.run();
