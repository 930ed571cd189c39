import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../src/errors.js';
import { classesJitter, numbersJitter } from '../../src/kernels/image-values.js';
import { imageDraws, writeImageDraws } from '../../src/kernels/image.js';
import { describeSize, widthAndHeight, type PixelSize } from '../../src/pixel-size.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import type { Draw } from '../reference/image.js';
import * as reference from '../reference/image-values.js';

const gpu = await testGpu();

type ImageShape = [number, number, number, number];

const draw = (cropX: number, cropY: number, mirror: boolean, source: number): Draw => ({ cropX, cropY, mirror, source });

interface Case {
  readonly shape: ImageShape;
  readonly loadSize: PixelSize;
  readonly cropSize: PixelSize;
  readonly draws: readonly Draw[];
}

const CASES: readonly Case[] = [
  { shape: [1, 6, 6, 1], loadSize: 6, cropSize: 6, draws: [draw(0, 0, false, 0)] },
  { shape: [3, 8, 8, 2], loadSize: 9, cropSize: 8, draws: [draw(1, 0, true, 2), draw(0, 1, false, 1)] },
  { shape: [2, 31, 31, 7], loadSize: 37, cropSize: 32, draws: [draw(5, 2, true, 1)] },
  { shape: [2, 16, 16, 3], loadSize: 7, cropSize: 5, draws: [draw(2, 1, false, 0), draw(0, 2, true, 1), draw(1, 1, true, 0)] },
  { shape: [2, 12, 20, 2], loadSize: [22, 14], cropSize: [18, 9], draws: [draw(3, 4, true, 1), draw(1, 0, false, 0)] },
  { shape: [1, 1, 1, 5], loadSize: 3, cropSize: 2, draws: [draw(1, 1, true, 0)] },
];

function drawsOf(draws: readonly Draw[]): Tensor {
  const tensor = imageDraws(gpu, draws.length);
  writeImageDraws(tensor, draws);
  return tensor;
}

const noise = ([images, height, width, channels]: ImageShape): Float32Array => {
  const seed = hashName('image values');
  // A third at the ends, which overshoots.
  return Float32Array.from({ length: images * height * width * channels }, (_, at) =>
    Math.max(-1, Math.min(1, (pcg((seed ^ pcg(at)) >>> 0) / 2 ** 31 - 1) * 1.5)),
  );
};

for (const { shape, loadSize, cropSize, draws } of CASES) {
  const sizes = `to ${describeSize(loadSize)}, cropped to ${describeSize(cropSize)}`;
  test(`jitter of numbers [${shape.join(', ')}] ${sizes}, is that of float64`, async () => {
    const data = noise(shape);
    const result = numbersJitter(Tensor.from(gpu, data, shape), drawsOf(draws), { loadSize, cropSize });
    const [width, height] = widthAndHeight(cropSize);
    assert.equal(result.shape, [draws.length, height, width, shape[3]]);
    const expected = reference.jitterNumbers({ shape, data }, draws, { loadSize, cropSize });
    assertClose(await result.data(), expected, { absolute: shape[1] === loadSize ? 0 : 4e-6, label: 'numbers' });
  });

  test(`jitter of classes [${shape.slice(0, 3).join(', ')}] ${sizes}, is exact`, async () => {
    const classes = shape[3] + 1;
    const maps: ImageShape = [shape[0], shape[1], shape[2], 1];
    // One more than there are: none of the classes.
    const data = Uint8Array.from(noise(maps), (_, at) => pcg(at + 5) % (classes + 1));
    const result = classesJitter(Tensor.fromBytes(gpu, data, maps), drawsOf(draws), { loadSize, cropSize }, classes);
    const [width, height] = widthAndHeight(cropSize);
    assert.equal(result.shape, [draws.length, height, width, classes]);
    const expected = reference.jitterClasses({ shape: maps, data }, draws, { loadSize, cropSize }, classes);
    assertClose(await result.data(), expected, { label: 'classes' });
  });
}

test('draws beyond the images are brought back to their edge, and other operands are refused', async () => {
  const sizes = { loadSize: 4, cropSize: 3 };
  const data = noise([1, 4, 4, 2]);
  const numbers = Tensor.from(gpu, data, [1, 4, 4, 2]);
  const far = await numbersJitter(numbers, drawsOf([draw(9, 9, false, 7)]), sizes).data();
  assertClose(far, reference.jitterNumbers({ shape: [1, 4, 4, 2], data }, [draw(1, 1, false, 0)], sizes), { label: 'numbers' });
  const maps = Tensor.fromBytes(gpu, new Uint8Array(16), [1, 4, 4, 1]);
  const draws = drawsOf([draw(0, 0, false, 0)]);
  const refused: [string, () => unknown][] = [
    ['INVALID_ARGUMENT', () => numbersJitter(numbers, draws, { loadSize: 4, cropSize: 5 })],
    ['INVALID_ARGUMENT', () => numbersJitter(maps, draws, sizes)],
    ['SHAPE_MISMATCH', () => classesJitter(Tensor.fromBytes(gpu, new Uint8Array(32), [1, 4, 4, 2]), draws, sizes, 2)],
    ['INVALID_ARGUMENT', () => classesJitter(maps, draws, sizes, 257)],
    ['INVALID_ARGUMENT', () => classesJitter(maps, draws, { loadSize: 4.5, cropSize: 3 }, 2)],
  ];
  for (const [code, run] of refused) {
    assert.throws(run, (error: unknown) => error instanceof ShadegradError && error.code === code, code);
  }
});

test.run();
