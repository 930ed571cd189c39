// How images of any size go through a generator: resized, padded, in tiles; and means of several views.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crop, createImage, mirror, type RgbImage } from '../../src/data/image.js';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import type { Generator } from '../../src/models/kind.js';
import { layTiles } from '../../src/training/fits/tiles.js';
import { cropPadded, reflectPad } from '../../src/training/fits/reflect.js';
import { Translator, type TranslatorOptions } from '../../src/training/translator.js';
import { testGpu } from '../harness/gpu.js';
import { formulaNetwork, refuses } from '../harness/weights.js';

const gpu = await testGpu();
/** @param gain of every convolution: without norms, weights by the formula let a picture fade */
async function resnet(norm: 'none' | 'instance', gain = 1): Promise<Generator> {
  const { architecture, tensors } = formulaNetwork({ kind: 'resnet', options: { ngf: 2, blocks: 1, norm } });
  const louder = [...tensors].map(
    ([name, { shape, read }]) => [name, { shape, read: async () => (await read()).map((value) => value * gain) }] as const,
  );
  return (await loadNetwork(gpu, { architecture, tensors: new Map(louder) })) as Generator;
}

/** Smooth waves, so that steps of a result are those of its making. */
function waves(width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let at = 0; at < image.data.length; at++) {
    const [x, y, c] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width), at % 3];
    image.data[at] = Math.round(128 + 60 * Math.sin(x / (5 + c)) + 50 * Math.cos(y / (7 - c)));
  }
  return image;
}

async function translated(generator: Generator, image: RgbImage, options: TranslatorOptions): Promise<RgbImage> {
  const translator = await Translator.create(gpu, generator, { dropout: false, ...options });
  const result = await translator.translate(image);
  translator.dispose();
  return result;
}

const largest = (a: RgbImage, b: RgbImage): number => a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0);

test('tiles cover an axis with weights that sum up to 1, on the grid of the network', () => {
  for (const [length, tile, overlap, unit] of [
    [64, 64, 16, 4],
    [100, 32, 8, 4],
    [513, 256, 64, 1],
    [40, 32, 0, 1],
  ] as const) {
    const { starts, weights } = layTiles(length, tile, overlap, unit);
    const sums = new Float64Array(length);
    starts.forEach((start, at) => weights[at]!.forEach((weight, x) => (sums[start + x]! += weight)));
    assert.ok(sums.every((sum) => Math.abs(sum - 1) < 1e-12));
    assert.ok(starts.every((start, at) => start % unit === 0 && (at === 0 || starts[at - 1]! + tile - start >= overlap)));
    assert.is(starts.at(-1)! + tile, length);
  }
});

test('padding reflects without repeating the border, as often as it takes, and is cropped away', () => {
  const row = { width: 3, height: 1, data: Uint8Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3]) };
  const padded = reflectPad(row, 9, 2);
  assert.equal(
    [...padded.data].filter((_, at) => at % 3 === 0),
    [2, 3, 2, 1, 2, 3, 2, 1, 2, 2, 3, 2, 1, 2, 3, 2, 1, 2],
  );
  assert.equal(cropPadded(padded, 3, 1), row);
});

test('without norms, tiles that share a receptive field give the whole image, whatever its sides', async () => {
  const generator = await resnet('none', 3);
  const image = waves(150, 103);
  const whole = await translated(generator, image, { fit: 'pad' });
  const tiled = await translated(generator, image, { fit: 'tiles', tile: 96, overlap: 44 });
  assert.equal([tiled.width, tiled.height, whole.width, whole.height], [150, 103, 150, 103]);
  assert.ok(new Set(whole.data).size > 32, `a picture, not ${new Set(whole.data).size} tones`);
  assert.ok(largest(whole, tiled) <= 1, `${largest(whole, tiled)} of 255`);
  const apart = await translated(generator, image, { fit: 'tiles', tile: 96, overlap: 0 });
  assert.ok(largest(whole, apart) > 8, `the padding inside the network shows: ${largest(whole, apart)}`);
  // One that has room in a tile is padded up to it.
  assert.is((await translated(generator, crop(image, 0, 0, 17, 5), { fit: 'tiles', tile: 96 })).width, 17);
  generator.dispose();
});

test('with norms, no seam is as steep as the picture itself', async () => {
  const generator = await resnet('instance');
  const image = waves(128, 64);
  const { width, height, data } = await translated(generator, image, { fit: 'tiles', tile: 64, overlap: 16 });
  const step = (x: number): number => {
    let sum = 0;
    for (let y = 0; y < height; y++)
      for (let c = 0; c < 3; c++) sum += Math.abs(data[(y * width + x) * 3 + c]! - data[(y * width + x - 1) * 3 + c]!);
    return sum;
  };
  const all = Array.from({ length: width - 1 }, (_, x) => step(x + 1));
  const { starts } = layTiles(width, 64, 16, 4);
  const seams = starts.slice(1).flatMap((start, at) => [start, starts[at]! + 64]);
  const steepest = Math.max(...all.filter((_, at) => !seams.includes(at + 1)));
  assert.ok(seams.length > 1 && steepest > 0);
  for (const seam of seams) assert.ok(all[seam - 1]! < steepest, `${all[seam - 1]} at ${seam}, elsewhere up to ${steepest}`);
  generator.dispose();
});

test('a mirror ensemble is the mean of the result and of the mirrored result of the mirror image', async () => {
  const generator = await resnet('instance');
  const image = waves(32, 48);
  const size = 'image';
  const one = await translated(generator, image, { size });
  const other = mirror(await translated(generator, mirror(image), { size }));
  assert.ok(largest(one, other) > 1);
  const mean = await translated(generator, image, { size, ensemble: 'mirror' });
  assert.equal(
    [...mean.data],
    [...one.data].map((value, at) => Math.round((value + other.data[at]!) / 2)),
  );
  generator.dispose();
});

test('options that do not go together, and tiles that cannot be, are refused', async () => {
  const generator = await resnet('none');
  const create = (options: TranslatorOptions) => () => Translator.create(gpu, generator, options);
  await refuses(create({ fit: 'crop' as 'pad' }), 'INVALID_ARGUMENT', /'resize' or 'pad' or 'tiles'/);
  await refuses(create({ fit: 'pad', size: 64 }), 'INVALID_ARGUMENT', /size of a Translator/, /'resize'/);
  await refuses(create({ tile: 64 }), 'INVALID_ARGUMENT', /tile and overlap/, /'tiles'/);
  await refuses(create({ fit: 'tiles', tile: 63 }), 'INVALID_ARGUMENT', /multiples of 4/);
  for (const overlap of [32, -1, 0.5]) await refuses(create({ fit: 'tiles', tile: 64, overlap }), 'INVALID_ARGUMENT', /overlap of tiles/);
  await refuses(create({ ensemble: 'turn' as 'mirror' }), 'INVALID_ARGUMENT', /'mirror'/);
  generator.dispose();
});

test.run();
