import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { PreprocessName } from '../../src/data/preprocess/registry.js';
import { Batches } from '../../src/training/batches.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const SIZE = 8;

/** An image whose pixels say which one it is, and where they are in it. */
function placed(number: number, width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) image.data.set([number, x, y], 3 * (y * width + x));
  return image;
}

/** Pairs of several sizes. */
const pairs = (sizes: readonly [number, number][]): PairedDataset => ({
  name: 'sizes',
  length: sizes.length,
  get: (index) => ({ name: `pair ${index}`, a: placed(index, ...sizes[index]!), b: placed(100 + index, ...sizes[index]!) }),
});
const SIZES: [number, number][] = [
  [40, 9],
  [8, 30],
  [25, 25],
  [60, 50],
];

const batchesOf = (data: PairedDataset, preprocess: PreprocessName, jitter = true): Batches =>
  new Batches(gpu, data, {
    ...{ batch: 2, seed: 3, serial: false, data: 'paired', labelled: false, storedSize: SIZE },
    plan: { size: SIZE, loadSize: SIZE, jitter, preprocess },
    sides: { a: { half: 'a', channels: 3 }, b: { half: 'b', channels: 3 } },
  });

/** The bytes of both sides of a step. */
async function step(batches: Batches, at: number): Promise<Uint8Array[]> {
  (await batches.take(at))();
  const { a, b } = batches.images();
  return Promise.all([a!, b!].map(async (images) => Uint8Array.from(await images.data(), (value) => Math.round((value + 1) * 127.5))));
}

/** What a step saw: for each sample its number, the corner of its part, and whether it is mirrored. */
const seen = (bytes: Uint8Array): number[][] =>
  [0, 1].map((sample) => {
    const image = bytes.subarray(sample * SIZE * SIZE * 3);
    const [left, right] = [image[1]!, image[3 * (SIZE - 1) + 1]!];
    assert.is(Math.abs(left - right), SIZE - 1);
    return [image[0]!, Math.min(left, right), image[2]!, Number(left > right)];
  });

test('parts of images of several sizes: one for both halves, another in each epoch, the same again after a pause', async () => {
  const batches = batchesOf(pairs(SIZES), 'crop');
  const corners = new Map<number, Set<string>>();
  const steps: Uint8Array[][] = [];
  for (let at = 0; at < 12; at++) {
    const [a, b] = await step(batches, at);
    steps.push([a!, b!]);
    const [inA, inB] = [seen(a!), seen(b!)];
    assert.equal(
      inB,
      inA.map(([number, ...draw]) => [100 + number!, ...draw]),
    );
    for (const [number, x, y] of inA) {
      const [width, height] = SIZES[number!]!;
      assert.ok(x! <= width - SIZE && y! <= height - SIZE);
      corners.set(number!, (corners.get(number!) ?? new Set()).add(`${x} ${y}`));
    }
  }
  assert.is(corners.size, 4);
  for (const number of [0, 2, 3]) assert.ok(corners.get(number)!.size > 3, `image ${number}: ${corners.get(number)!.size} corners`);
  batches.dispose();
  // As after --resume, in the middle of an epoch.
  const later = batchesOf(pairs(SIZES), 'crop');
  assert.equal(await step(later, 7), steps[7]);
  later.dispose();
});

test('without jitter it is the middle', async () => {
  const batches = batchesOf(pairs(SIZES.slice(2)), 'crop', false);
  const [a] = await step(batches, 0);
  assert.equal(
    seen(a!).sort(([one], [other]) => one! - other!),
    [
      [0, 8, 8, 0],
      [1, 26, 21, 0],
    ],
  );
  batches.dispose();
});

test('an image that is too small, or of another size where nothing is cut, is refused by name', async () => {
  for (const [preprocess, word] of [
    ['crop', /pair 1 is smaller/],
    ['none', /pair \d does not come to the size/],
  ] as const) {
    const batches = batchesOf(
      pairs([
        [8, 12],
        [7, 12],
      ]),
      preprocess,
    );
    assert.match((await failure('IMAGE_SIZE', () => batches.take(0))).message, word);
    batches.dispose();
  }
});

test.run();
