import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, crop, expectImage, imageGrid, joinPair, mirror, paste, splitPair, type RgbImage } from '../../src/data/image.js';
import { boundedInteger, pcg4d, RandomStream } from '../../src/random.js';
import { resizeBicubic } from '../../src/data/resize.js';
import { bicubicWeights } from '../../src/data/resize-weights.js';
import { epochPermutation, jitterDraw } from '../../src/data/shuffle.js';
import { ShadegradError } from '../../src/errors.js';
import golden from '../goldens/image_resize.json';

function numbered(width: number, height: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => i % 251) };
}

function fromGolden(entry: { width: number; height: number; data: string }): RgbImage {
  return { width: entry.width, height: entry.height, data: Uint8Array.from(atob(entry.data), (c) => c.charCodeAt(0)) };
}

function throwsCode(code: string, run: () => unknown, ...words: string[]): void {
  try {
    run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, code);
    for (const word of words) assert.ok((error as Error).message.includes(word), `"${word}" in: ${(error as Error).message}`);
    return;
  }
  assert.unreachable(`expected ${code}`);
}

/** Pearson's statistic against equal counts, and a bound far in its tail (mean k, variance 2k, five sigmas). */
function uniformEnough(counts: number[]): void {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = counts.length - 1;
  assert.ok(statistic < freedom + 5 * Math.sqrt(2 * freedom), `chi-square ${statistic} at ${freedom} degrees of freedom`);
}

test('crop takes the rectangle and refuses one that sticks out', () => {
  const image = numbered(5, 4);
  const part = crop(image, 2, 1, 2, 3);
  assert.equal([part.width, part.height], [2, 3]);
  const wanted: number[] = [];
  for (let y = 1; y < 4; y++) for (let i = 0; i < 6; i++) wanted.push((y * 15 + 6 + i) % 251);
  assert.equal([...part.data], wanted);
  throwsCode('IMAGE_SIZE', () => crop(image, 4, 0, 2, 2), '5 x 4');
  throwsCode('IMAGE_SIZE', () => crop(image, 0.5, 0, 2, 2));
});

test('mirror swaps left and right and twice is nothing', () => {
  const image = numbered(3, 2);
  assert.equal([...mirror(image).data.subarray(0, 9)], [6, 7, 8, 3, 4, 5, 0, 1, 2]);
  assert.equal(mirror(mirror(image)).data, image.data);
});

test('splitPair and joinPair are inverse; an odd width names the file', () => {
  const whole = numbered(8, 3);
  const pair = splitPair(whole, 'train/7.jpg');
  assert.equal([pair.a.width, pair.a.height, pair.b.width, pair.b.height], [4, 3, 4, 3]);
  assert.equal([...pair.b.data.subarray(0, 3)], [12, 13, 14]);
  assert.equal(joinPair(pair), whole);
  throwsCode('IMAGE_SIZE', () => splitPair(numbered(7, 3), 'train/7.jpg'), 'train/7.jpg', '7 x 3', 'fix:');
  throwsCode('IMAGE_SIZE', () => joinPair({ ...pair, b: numbered(3, 3) }), 'train/7.jpg');
});

test('imageGrid places every image and leaves the background between', () => {
  const grid = imageGrid([[numbered(2, 2), numbered(3, 1)], [numbered(1, 1)]], { gap: 1, background: [9, 8, 7] });
  assert.equal([grid.width, grid.height], [8, 6]);
  const pixel = (x: number, y: number) => [...grid.data.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)];
  assert.equal(pixel(0, 0), [9, 8, 7]);
  assert.equal(pixel(1, 1), [0, 1, 2]);
  assert.equal(pixel(4, 1), [0, 1, 2]);
  assert.equal(pixel(1, 4), [0, 1, 2]);
  assert.equal(pixel(4, 2), [9, 8, 7]);
  throwsCode('INVALID_ARGUMENT', () => imageGrid([]));
  throwsCode('IMAGE_SIZE', () => paste(numbered(2, 2), numbered(2, 2), 1, 0));
  throwsCode('INVALID_ARGUMENT', () => createImage(0, 4));
});

test('an image from outside must have the bytes of its sides; an array of another kind of bytes will do', () => {
  const image = (width: number, height: number, data: unknown) => ({ width, height, data }) as RgbImage;
  expectImage(image(2, 3, new Uint8Array(18)), 'x');
  expectImage(image(2, 3, new Uint8ClampedArray(18)), 'x');
  for (const [data, words] of [
    [new Uint8Array(24), 'RGBA'],
    [new Uint8ClampedArray(24), 'alpha'],
    [new Uint8Array(17), '17 bytes'],
    [new Float32Array(18), 'Float32Array'],
    [new Int8Array(18), 'Int8Array'],
    [Array.from({ length: 18 }, () => 0), 'object'],
    [undefined, 'no elements'],
  ] as const)
    throwsCode('IMAGE_SIZE', () => expectImage(image(2, 3, data), 'photo 7'), 'photo 7', words, '2 x 3', 'fix:');
  const canvas = image(4, 4, new Uint8ClampedArray(64));
  for (const use of [
    () => crop(canvas, 0, 0, 2, 2),
    () => mirror(canvas),
    () => paste(createImage(9, 9), canvas, 0, 0),
    () => joinPair({ name: 'x', a: canvas, b: canvas }),
  ]) {
    throwsCode('IMAGE_SIZE', use, 'RGBA');
  }
  for (const [width, height] of [
    [0, 3],
    [-2, -3],
    [1.5, 4],
    [NaN, 1],
  ] as const)
    throwsCode('IMAGE_SIZE', () => expectImage(image(width, height, new Uint8Array(18)), 'x'));
});

/** The same in numbers of 53 bits, pixel by pixel. */
function resizedExactly({ width, height, data }: RgbImage, outWidth: number, outHeight: number): Uint8Array {
  const along = (lines: number, length: number, out: number, at: (line: number, i: number) => number): number[][] => {
    const { taps, first, weights } = bicubicWeights(length, out);
    const fixed = [...weights].map((weight) => Math.trunc(weight * 2 ** 22 + (weight < 0 ? -0.5 : 0.5)));
    return Array.from({ length: lines }, (_, line) =>
      Array.from({ length: out }, (_, o) => {
        let sum = 2 ** 21;
        for (let t = 0; t < Math.min(taps, length - first[o]!); t++) sum += at(line, first[o]! + t) * fixed[o * taps + t]!;
        return Math.min(Math.max(Math.floor(sum / 2 ** 22), 0), 255);
      }),
    );
  };
  const result = new Uint8Array(outWidth * outHeight * 3);
  for (let c = 0; c < 3; c++) {
    const byte = (y: number, x: number): number => data[(y * width + x) * 3 + c]!;
    const rows = outWidth === width ? null : along(height, width, outWidth, byte);
    const wide = (y: number, x: number): number => (rows ? rows[y]![x]! : byte(y, x));
    const columns = outHeight === height ? null : along(outWidth, height, outHeight, (x, y) => wide(y, x));
    for (let i = 0; i < outWidth * outHeight; i++) {
      const [x, y] = [i % outWidth, Math.floor(i / outWidth)];
      result[3 * i + c] = columns ? columns[x]![y]! : wide(y, x);
    }
  }
  return result;
}

test('resizeBicubic stays exact where black and white meet, at every kind of scale and at the borders', () => {
  for (const [width, height, outWidth, outHeight] of [
    [31, 17, 7, 5],
    [9, 8, 31, 29],
    [40, 3, 13, 3],
    [5, 40, 5, 11],
    [2, 2, 9, 7],
    [1, 1, 4, 3],
    [64, 64, 1, 1],
    [37, 23, 36, 24],
  ] as const) {
    for (const pattern of [
      (x: number) => x % 2,
      (x: number) => (x % 3) >> 1,
      (x: number, y: number) => (x ^ y) & 1,
      (x: number) => (x % 7) % 2,
    ]) {
      const image = createImage(width, height);
      for (let i = 0; i < width * height; i++) image.data.fill(255 * pattern(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
      image.data[0] = 77;
      assert.equal(
        resizeBicubic(image, outWidth, outHeight).data,
        resizedExactly(image, outWidth, outHeight),
        `${width} x ${height} to ${outWidth} x ${outHeight}`,
      );
    }
  }
});

test('resizeBicubic equals Pillow byte for byte', () => {
  assert.ok(golden.cases.length >= 8);
  for (const { input, output } of golden.cases) {
    const wanted = fromGolden(output);
    const got = resizeBicubic(fromGolden(input), wanted.width, wanted.height);
    assert.equal(got, wanted, `${input.width}x${input.height} -> ${wanted.width}x${wanted.height}`);
  }
});

test('bicubic weights sum to one and reproduce the identity', () => {
  for (const [from, to] of [
    [256, 286],
    [286, 256],
    [7, 3],
    [9, 9],
  ]) {
    const { taps, weights } = bicubicWeights(from!, to!);
    for (let i = 0; i < to!; i++) {
      const sum = weights.subarray(i * taps, (i + 1) * taps).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12);
    }
  }
  const same = numbered(6, 5);
  const copy = resizeBicubic(same, 6, 5);
  assert.equal(copy, same);
  assert.is.not(copy.data, same.data);
  throwsCode('IMAGE_SIZE', () => resizeBicubic({ width: 4, height: 4, data: new Uint8Array(3) }, 2, 2), '48 bytes', 'fix:');
  throwsCode('IMAGE_SIZE', () => resizeBicubic({ width: 4, height: 4, data: new Uint8Array(64) }, 4, 4), 'RGBA', 'fix:');
});

test('pcg4d gives the published sequence of operations', () => {
  // The same hash in arbitrary-precision integers, so that 32-bit wrap-around is checked rather than repeated.
  const mask = 0xffffffffn;
  const slow = (input: number[]): number[] => {
    let [x, y, z, w] = input.map((v) => (BigInt(v) * 1664525n + 1013904223n) & mask);
    for (let round = 0; round < 2; round++) {
      x = (x! + y! * w!) & mask;
      y = (y! + z! * x) & mask;
      z = (z! + x * y) & mask;
      w = (w! + y * z) & mask;
      if (round === 0) [x, y, z, w] = [x, y, z, w].map((v) => v ^ (v >> 16n));
    }
    return [x, y, z, w].map(Number);
  };
  for (const input of [
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [0xffffffff, 0x80000000, 12345, 0xdeadbeef],
  ]) {
    assert.equal([...pcg4d(input[0]!, input[1]!, input[2]!, input[3]!)], slow(input));
  }
  assert.is(boundedInteger(0xffffffff, 7), 6);
  assert.is(boundedInteger(0, 7), 0);
});

test('an epoch permutation holds every index once and repeats for its seed and epoch', () => {
  const order = epochPermutation(400, 1, 3);
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 400 }, (_, i) => i),
  );
  assert.equal(epochPermutation(400, 1, 3), order);
  assert.not.equal(epochPermutation(400, 1, 4), order);
  assert.not.equal(epochPermutation(400, 2, 3), order);
  assert.equal([...epochPermutation(1, 5, 0)], [0]);
  throwsCode('INVALID_ARGUMENT', () => epochPermutation(0, 1, 1));
});

test('permutations are uniform over places, and over all orders of four', () => {
  const length = 10;
  const places = new Array(length * length).fill(0);
  for (let epoch = 0; epoch < 5000; epoch++) {
    epochPermutation(length, 7, epoch).forEach((sample, place) => places[place * length + sample]++);
  }
  for (let place = 0; place < length; place++) uniformEnough(places.slice(place * length, (place + 1) * length));
  const orders = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const key = epochPermutation(4, 11, epoch).join();
    orders.set(key, (orders.get(key) ?? 0) + 1);
  }
  assert.is(orders.size, 24);
  uniformEnough([...orders.values()]);
});

test('jitter is uniform, stays inside, and its parts are independent of each other, the index and the epoch', () => {
  const range = 31;
  const xs = new Array(range).fill(0);
  const ys = new Array(range).fill(0);
  const joint = new Array(4 * 4 * 2).fill(0);
  const neighbours = new Array(4 * 4).fill(0);
  const epochs = new Array(4 * 4).fill(0);
  const draw = (epoch: number, index: number) => jitterDraw({ seed: 5, epoch, index, loadSize: 286, cropSize: 256 });
  const quarter = (v: number) => Math.min(3, Math.floor((v / range) * 4));
  for (let epoch = 0; epoch < 60; epoch++) {
    for (let index = 0; index < 400; index++) {
      const { cropX, cropY, mirror: flip } = draw(epoch, index);
      xs[cropX]++;
      ys[cropY]++;
      joint[(quarter(cropX) * 4 + quarter(cropY)) * 2 + Number(flip)]++;
      neighbours[quarter(cropX) * 4 + quarter(draw(epoch, index + 1).cropX)]++;
      epochs[quarter(cropY) * 4 + quarter(draw(epoch + 1, index).cropY)]++;
    }
  }
  assert.is(xs.length, range);
  uniformEnough(xs);
  uniformEnough(ys);
  independent(joint, 16, 2);
  independent(neighbours, 4, 4);
  independent(epochs, 4, 4);
  assert.equal(draw(3, 9), draw(3, 9));
  assert.equal(jitterDraw({ seed: 1, epoch: 1, index: 1, loadSize: 64, cropSize: 64 }).cropX, 0);
  throwsCode('INVALID_ARGUMENT', () => jitterDraw({ seed: 1, epoch: 1, index: 1, loadSize: 64, cropSize: 65 }));
  // Rectangles: as far as each axis lets it, and for squares the same draw.
  const drawn = (index: number) => jitterDraw({ seed: 1, epoch: 1, index, loadSize: [40, 20], cropSize: [32, 18] });
  const all = Array.from({ length: 200 }, (_, index) => drawn(index));
  assert.equal([Math.max(...all.map(({ cropX }) => cropX)), Math.max(...all.map(({ cropY }) => cropY))], [8, 2]);
  const square = { seed: 3, epoch: 2, index: 5 };
  assert.equal(jitterDraw({ ...square, loadSize: [70, 70], cropSize: [64, 64] }), jitterDraw({ ...square, loadSize: 70, cropSize: 64 }));
  throwsCode('INVALID_ARGUMENT', () => jitterDraw({ seed: 1, epoch: 1, index: 1, loadSize: [64, 32], cropSize: [64, 33] }));
});

/** Chi-square test of independence of a rows x columns table. */
function independent(table: number[], rows: number, columns: number): void {
  const total = table.reduce((a, b) => a + b, 0);
  let statistic = 0;
  for (let r = 0; r < rows; r++) {
    const rowSum = table.slice(r * columns, (r + 1) * columns).reduce((a, b) => a + b, 0);
    for (let c = 0; c < columns; c++) {
      let columnSum = 0;
      for (let k = 0; k < rows; k++) columnSum += table[k * columns + c]!;
      const expected = (rowSum * columnSum) / total;
      statistic += (table[r * columns + c]! - expected) ** 2 / expected;
    }
  }
  const freedom = (rows - 1) * (columns - 1);
  assert.ok(statistic < freedom + 5 * Math.sqrt(2 * freedom), `chi-square ${statistic} at ${freedom} degrees of freedom`);
}

test('a random stream repeats, keeps its bounds and differs from its neighbours', () => {
  const draws = (stream: RandomStream) => Array.from({ length: 50 }, () => stream.integer(3, 9));
  const first = draws(new RandomStream(1, 2, 3));
  assert.equal(draws(new RandomStream(1, 2, 3)), first);
  assert.not.equal(draws(new RandomStream(1, 2, 4)), first);
  assert.ok(first.every((v) => v >= 3 && v <= 9));
  const counts = new Array(8).fill(0);
  const stream = new RandomStream(42);
  for (let i = 0; i < 8000; i++) counts[Math.floor(stream.uniform(0, 8))]++;
  uniformEnough(counts);
});

test.run();
