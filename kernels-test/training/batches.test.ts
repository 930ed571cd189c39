import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { ImageSet, NamedImage, UnpairedDataset } from '../../src/data/unpaired.js';
import { cyclegan, pix2pix } from '../../src/schemes/index.js';
import { Batches, epochLength, type BatchesOptions, type TrainingDataset } from '../../src/training/batches.js';
import { Trainer } from '../../src/training/trainer.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const SIDE = 12;

/** An image whose every pixel says which one it is: its number in red, its place in green and blue. */
function numbered(number: number): RgbImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) data.set([number, 20 * x, 20 * y], 3 * (y * SIDE + x));
  return { width: SIDE, height: SIDE, data };
}

function set(name: string, length: number, first: number): ImageSet {
  return { kind: 'images', name, length, get: async (index) => ({ name: `${name} ${index}`, image: numbered(first + index) }) };
}
/** Images 0, 1, ... in the first set, 100, 101, ... in the second. */
const sets = (a: number, b: number): UnpairedDataset => ({ name: 'two sets', a: set('a', a, 0), b: set('b', b, 100) });
const pairs = (length: number): PairedDataset => ({
  name: 'pairs',
  length,
  get: (index) => ({ name: String(index), a: numbered(index), b: numbered(100 + index) }),
});

const OPTIONS: BatchesOptions = {
  batch: 1,
  seed: 3,
  serial: false,
  data: 'unpaired',
  labelled: false,
  plan: { size: 4, loadSize: SIDE, jitter: true },
  sides: { a: { half: 'a', channels: 3 }, b: { half: 'b', channels: 3 } },
  storedSize: SIDE,
};

/** What a step saw of an image. */
interface Seen {
  readonly number: number;
  readonly cropX: number;
  readonly cropY: number;
  readonly mirror: boolean;
}

/** Reads the number and the jitter of each image of a batch back from its pixels. */
function seenIn(pixels: Float32Array, size: number): Seen[] {
  const bytes = Uint8Array.from(pixels, (value) => Math.round((value + 1) * 127.5));
  const each = size * size * 3;
  return Array.from({ length: bytes.length / each }, (_, index) => {
    const image = bytes.subarray(index * each);
    const [left, right] = [image[1]! / 20, image[3 * (size - 1) + 1]! / 20];
    return { number: image[0]!, cropX: Math.min(left, right), cropY: image[2]! / 20, mirror: left > right };
  });
}

/** What the steps from one to before another see, of each half. */
async function seen(
  dataset: TrainingDataset,
  { from = 0, to, ...options }: Partial<BatchesOptions> & { from?: number; to: number },
): Promise<{ a: Seen[]; b: Seen[]; stepsPerEpoch: number }> {
  const all = { ...OPTIONS, ...options };
  const batches = new Batches(gpu, dataset, all);
  const [a, b]: [Seen[], Seen[]] = [[], []];
  try {
    for (let step = from; step < to; step++) {
      (await batches.take(step))();
      batches.prefetch(step + 1);
      const images = batches.images();
      a.push(...seenIn(await images.a!.data(), all.plan.size as number));
      b.push(...seenIn(await images.b!.data(), all.plan.size as number));
    }
    return { a, b, stepsPerEpoch: batches.stepsPerEpoch };
  } finally {
    batches.dispose();
  }
}
const numbers = (images: readonly Seen[]): number[] => images.map(({ number }) => number);
const sorted = (list: readonly number[]): number[] => [...list].sort((x, y) => x - y);
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

for (const [lengthA, lengthB] of [
  [7, 3],
  [3, 7],
  [7, 7],
  [1, 7],
  [7, 1],
] as const)
  test(`an epoch of ${lengthA} and ${lengthB} images sees every image of the larger set once, others at random`, async () => {
    const dataset = sets(lengthA, lengthB);
    assert.is(epochLength(dataset), 7);
    const { a, b, stepsPerEpoch } = await seen(dataset, { to: 21 });
    assert.is(stepsPerEpoch, 7);
    const [larger, first, other, start, count] = lengthA === 7 ? [a, 0, b, 100, lengthB] : [b, 100, a, 0, lengthA];
    const orders = [0, 7, 14].map((at) => numbers(larger).slice(at, at + 7));
    for (const order of orders) assert.equal(sorted(order), range(first, 7));
    assert.not.equal(orders[1], orders[0], 'another order in another epoch');
    assert.ok(numbers(other).every((number) => number >= start && number < start + count));
    assert.equal(sorted([...new Set(numbers(other))]).length > 1, count > 1, 'more than one of the other set');
  });

test('which image meets which changes from epoch to epoch', async () => {
  const { a, b } = await seen(sets(8, 8), { to: 16 });
  const partners = [0, 8].map((epoch) =>
    range(0, 8).map((number) => b[epoch + numbers(a.slice(epoch, epoch + 8)).indexOf(number)]!.number),
  );
  assert.not.equal(partners[0], partners[1]);
  assert.not.equal(partners[0], range(100, 8), 'pairs are no pairs here');
});

test('serial steps see the images in their order, epoch after epoch, the smaller set again and again', async () => {
  const { a, b } = await seen(sets(3, 5), { serial: true, to: 10 });
  assert.equal(
    a.map(({ number }) => number),
    [0, 1, 2, 0, 1, 0, 1, 2, 0, 1],
  );
  assert.equal(
    b.map(({ number }) => number),
    [100, 101, 102, 103, 104, 100, 101, 102, 103, 104],
  );
  const ofPairs = await seen(pairs(3), { serial: true, data: 'paired', to: 6 });
  assert.equal(
    ofPairs.a.map(({ number }) => number),
    [0, 1, 2, 0, 1, 2],
  );
});

test('each half has crops and mirroring of its own', async () => {
  const { a, b } = await seen(sets(30, 30), { to: 30 });
  for (const draw of ['cropX', 'cropY', 'mirror'] as const) {
    assert.ok(
      a.some((each, index) => each[draw] !== b[index]![draw]),
      `${draw} of the halves differs`,
    );
    for (const half of [a, b]) assert.ok(new Set(half.map((each) => each[draw])).size > 1, `${draw} varies`);
  }
  for (const { cropX, cropY } of [...a, ...b]) assert.ok(cropX >= 0 && cropX <= SIDE - 4 && cropY >= 0 && cropY <= SIDE - 4);
  const same = a.filter((each, index) => each.mirror === b[index]!.mirror).length;
  assert.ok(same > 3 && same < 27, `${same} of 30 mirrored alike`);
});

test('the halves of pairs are jittered alike where a scheme takes pairs, and not where it takes two sets', async () => {
  const paired = await seen(pairs(6), { to: 6, data: 'paired' });
  paired.a.forEach((each, index) => assert.equal(paired.b[index], { ...each, number: each.number + 100 }));
  const { a, b } = await seen(pairs(6), { to: 6 });
  assert.equal(sorted(numbers(a)), range(0, 6));
  assert.ok(a.some((each, index) => b[index]!.number !== each.number + 100));
});

test('without jitter whole images are seen, resized', async () => {
  const plan = { size: SIDE, loadSize: SIDE, jitter: false };
  const { a, b } = await seen(sets(3, 2), { to: 3, plan });
  for (const { cropX, cropY, mirror } of [...a, ...b]) assert.equal([cropX, cropY, mirror], [0, 0, false]);
});

for (const batch of [1, 2, 3])
  test(`images that stay on the device and images that travel are the same, ${batch} in a step`, async () => {
    const resident = await seen(sets(7, 4), { batch, to: 10 });
    assert.equal(await seen(sets(7, 4), { batch, to: 10, residentBytes: 0 }), resident);
    assert.is(resident.a.length, 10 * batch);
  });

test('a run that goes on sees what it would have seen', async () => {
  const whole = await seen(sets(5, 7), { to: 17 });
  const later = await seen(sets(5, 7), { from: 9, to: 17 });
  assert.equal(later, { ...whole, a: whole.a.slice(9), b: whole.b.slice(9) });
});

test('of images that stay each is read once, and none that no step sees', async () => {
  const reads: string[] = [];
  const counted = (each: ImageSet): ImageSet => ({ ...each, get: (index) => (reads.push(`${each.name} ${index}`), each.get(index)) });
  const { a, b } = sets(4, 2);
  await seen({ name: 'counted', a: counted(a), b: counted(b) }, { to: 12 });
  assert.equal(sorted(reads.filter((name) => name.startsWith('a')).map((name) => Number(name.slice(2)))), range(0, 4));
  assert.ok(reads.filter((name) => name === 'b 0').length <= 1 && reads.filter((name) => name === 'b 1').length <= 1);
});

test('a grey half comes with one channel, the other with colours', async () => {
  const sides = { a: { half: 'a', channels: 1 }, b: { half: 'b', channels: 3 } } as const;
  const batches = new Batches(gpu, sets(3, 3), { ...OPTIONS, sides });
  (await batches.take(0))();
  const { a, b } = batches.images();
  assert.equal(
    [[...a!.shape], [...b!.shape]],
    [
      [1, 4, 4, 1],
      [1, 4, 4, 3],
    ],
  );
  batches.dispose();
});

test('an image that cannot be read fails the step that sees it, by its name, and no other', async () => {
  const { a, b } = sets(2, 2);
  const broken: ImageSet = { ...b, get: (index) => (index === 1 ? (undefined as unknown as NamedImage) : b.get(index)) };
  const batches = new Batches(gpu, { name: 'broken', a, b: broken }, OPTIONS);
  let [failed, taken] = [0, 0];
  for (let step = 0; step < 12; step++) {
    try {
      (await batches.take(step))();
      taken++;
    } catch (error) {
      await failure('INVALID_ARGUMENT', () => Promise.reject(error as Error), /image 1 of b/);
      failed++;
    }
    batches.prefetch(step + 1);
  }
  assert.ok(failed > 0 && taken > 0, `${failed} failed, ${taken} taken`);
  batches.dispose();
});

const WEIGHTS = { lambdaA: 10, lambdaB: 10, lambdaIdentity: 0.5, ganMode: 'lsgan' } as const;
const CYCLE = { size: 32, ngf: 1, ndf: 1, blocks: 1, ...WEIGHTS, poolSize: 0, jitter: false, learningRate: 1e-3, seed: 1 } as const;
const PIX2PIX = {
  size: 32,
  ngf: 1,
  ndf: 1,
  lambda: 100,
  dropout: 0,
  jitter: false,
  direction: 'BtoA',
  learningRate: 1e-3,
  seed: 1,
} as const;

test('sets that are empty, or say no length, are refused by their half', async () => {
  const cases: [UnpairedDataset, RegExp][] = [
    [sets(0, 3), /length of set a of the data set two sets/],
    [sets(3, 0), /length of set b/],
    [{ ...sets(3, 3), b: { name: 'b', get: set('b', 1, 0).get } as unknown as ImageSet }, /length of set b/],
    [{ ...sets(3, 3), b: undefined as unknown as ImageSet }, /length of set b/],
  ];
  for (const [dataset, words] of cases)
    await failure('INVALID_ARGUMENT', () => Trainer.create(gpu, cyclegan, dataset, CYCLE), words, /fix: /);
});

test('two sets are refused by a scheme that needs pairs', async () => {
  await failure('INVALID_ARGUMENT', () => Trainer.create(gpu, pix2pix, sets(3, 3), PIX2PIX), /two sets/, /pairs/, /CycleGAN/);
});

test('CycleGAN takes pairs', async () => {
  const trainer = await Trainer.create(gpu, cyclegan, pairs(3), CYCLE);
  await trainer.train();
  const [taken] = await trainer.collectLosses();
  assert.ok(Object.values(taken!.losses).every((loss) => Number.isFinite(loss)));
  trainer.dispose();
});

test.run();
