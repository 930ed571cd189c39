// first driver only: whole steps of pix2pix
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/random.js';
import { pix2pix } from '../../src/schemes/index.js';
import { colorJitter } from '../../src/training/augmentations/color-jitter.js';
import { augmentationsOf, AUGMENTATIONS, type AugmentationOptions } from '../../src/training/augmentations/registry.js';
import { Batches, type BatchesOptions } from '../../src/training/batches.js';
import type { OptionRow } from '../../src/training/option-table.js';
import type { ImageSide } from '../../src/training/scheme.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';

const gpu = await testGpu();
const SIDE = 18;
/** Every augmentation, turned on. */
const ALL: Partial<AugmentationOptions> = { flipVertical: true, quarterTurns: true, rotate: 20, colorJitter: 0.8, jitterHue: 0.3 };

const picture = (name: string) => ({
  width: SIDE,
  height: SIDE,
  data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => pcg(hashName(`${name} ${i >> 3}`)) >>> 24),
});
const pairsOf = (length: number): PairedDataset => ({
  name: 'pairs',
  length,
  get: (index) => ({ name: String(index), a: picture(`a ${index}`), b: picture(`b ${index}`) }),
});
const alike: PairedDataset = { ...pairsOf(6), get: (index) => ({ name: String(index), a: picture(`${index}`), b: picture(`${index}`) }) };

const OPTIONS: BatchesOptions = {
  ...{ batch: 2, seed: 3, serial: true, data: 'paired', labelled: false, storedSize: SIDE },
  plan: { size: 16, loadSize: SIDE, jitter: true },
  sides: { input: { half: 'a', channels: 3, role: 'input' }, target: { half: 'b', channels: 3, role: 'target' } },
};

/** What each step sees, by the names of the sides. */
async function seen(dataset: PairedDataset, steps: number, augment: Partial<AugmentationOptions>, options: Partial<BatchesOptions> = {}) {
  const batches = new Batches(gpu, dataset, { ...OPTIONS, augmentations: augmentationsOf(augment), ...options });
  const result: Record<string, readonly number[]>[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      (await batches.take(step))();
      const images = batches.images();
      const read = Object.entries(images).map(async ([name, tensor]) => [name, [...(await tensor.data())]] as const);
      result.push(Object.fromEntries(await Promise.all(read)));
      for (const tensor of Object.values(images)) tensor.dispose();
    }
  } finally {
    batches.dispose();
  }
  return result;
}

test('this file turns on every augmentation', () => {
  assert.is(augmentationsOf(ALL).length, AUGMENTATIONS.length);
  assert.is(new Set(AUGMENTATIONS.map(({ stream }) => stream)).size, AUGMENTATIONS.length, 'a stream for each');
});

test('both halves of a pair have one draw, another in each epoch; the same again in another run and another batch', async () => {
  const [first, second, third, again] = await seen(alike, 4, ALL, { batch: 6 });
  for (const step of [first, second, third, again]) assert.equal(step!.input, step!.target);
  const plain = await seen(alike, 1, {}, { batch: 6 });
  assert.not.equal(first!.input, plain[0]!.input);
  assert.not.equal(first!.input, second!.input);
  const alone = await seen(alike, 12, ALL, { batch: 1 });
  assert.equal(
    alone.slice(0, 6).flatMap(({ input }) => input!),
    first!.input,
  );
  assert.equal(
    alone.slice(6).flatMap(({ input }) => input!),
    second!.input,
  );
});

test('a batch of 64, of grey images, too', async () => {
  const sides: Record<string, ImageSide> = { input: { half: 'a', channels: 1 }, target: { half: 'b', channels: 3 } };
  const [step] = await seen(pairsOf(64), 1, ALL, { batch: 64, sides });
  assert.ok([...step!.input!, ...step!.target!].every((value) => value >= -1.000001 && value <= 1.000001));
});

test('the images of two sets have draws of their own', async () => {
  const sides: Record<string, ImageSide> = { a: { half: 'a', channels: 3 }, b: { half: 'b', channels: 3 } };
  const plan = { size: SIDE, loadSize: SIDE, jitter: false };
  const [step] = await seen(alike, 1, ALL, { data: 'unpaired', batch: 6, sides, plan });
  assert.not.equal(step!.a, step!.b);
});

test('the colours of one half alone', async () => {
  const [plain] = await seen(pairsOf(6), 1, {}, { batch: 6 });
  for (const [meant, other] of [
    ['input', 'target'],
    ['target', 'input'],
  ] as const) {
    const [step] = await seen(pairsOf(6), 1, { colorJitter: 1, jitterOn: meant }, { batch: 6 });
    assert.equal(step![other], plain![other]);
    assert.not.equal(step![meant], plain![meant]);
  }
});

test('label maps that are turned keep their values', async () => {
  const plan = { size: SIDE, loadSize: SIDE, jitter: false };
  const sides: Record<string, ImageSide> = {
    input: { half: 'a', channels: 3, role: 'input' },
    target: { half: 'b', channels: 3, role: 'target' },
    classes: { half: 'a', channels: 3, holds: 'other' },
  };
  const options = { batch: 6, sides, plan };
  const [plain] = await seen(pairsOf(6), 1, {}, options);
  const [smooth] = await seen(pairsOf(6), 1, { rotate: 30 }, options);
  const [nearest] = await seen(pairsOf(6), 1, { rotate: 30, rotateNearest: 'input' }, options);
  const known = (step: typeof plain, side: string): boolean => step![side]!.every((value) => new Set(plain![side]).has(value));
  assert.not.ok(known(smooth, 'input'));
  assert.ok(known(smooth, 'classes') && known(nearest, 'input') && known(nearest, 'classes'));
  assert.not.equal(nearest!.input, plain!.input);
  assert.equal(nearest!.target, smooth!.target);
});

test('what is drawn lies in the ranges, as often as was asked for, in every order', () => {
  const options = {
    colorJitter: 0.25,
    jitterBrightness: 0.4,
    jitterContrast: 1.5,
    jitterSaturation: 0,
    jitterHue: 0.1,
    jitterOn: 'both',
  } as const;
  const draws = Array.from({ length: 2000 }, (_, index) => colorJitter.draw(new RandomStream(5, 2, index), options));
  const changed = draws.filter(([on]) => on === 1);
  assert.ok(Math.abs(changed.length - 500) < 80, `${changed.length} of 2000`);
  const range = (place: number): [number, number] => [
    Math.min(...changed.map((draw) => draw[place]!)),
    Math.max(...changed.map((draw) => draw[place]!)),
  ];
  const near = ([low, high]: [number, number], least: number, most: number): void => {
    const slack = 0.05 * (most - least);
    assert.ok(low >= least - 1e-6 && low <= least + slack && high <= most + 1e-6 && high >= most - slack, `${low} to ${high}`);
  };
  near(range(1), 0.6, 1.4);
  near(range(2), 0, 2.5);
  assert.equal(range(3), [1, 1]);
  near(range(4), -0.1, 0.1);
  assert.is(new Set(changed.map((draw) => draw[5])).size, 24);
});

const TINY = {
  size: 32,
  ngf: 1,
  ndf: 1,
  batch: 2,
  learningRate: 2e-4,
  seed: 7,
  jitter: true,
  direction: 'BtoA',
  dropout: 0.5,
  lambda: 100,
};
const start = (options: object): Promise<Trainer> => Trainer.create(gpu, pix2pix as never, pairsOf(5), { ...TINY, ...options } as never);

/** The losses of some steps: replayed, and eager; both the same. That runs go on to the same bits, every-scheme.test.ts tests. */
async function lossesOf(options: object): Promise<TrainedStep[]> {
  const taken = [true, false].map(async (replay) => {
    const trainer = await start({ ...options, replay });
    for (let step = 0; step < 3; step++) await trainer.train();
    const losses = await trainer.collectLosses();
    trainer.dispose();
    return losses;
  });
  const [replayed, eager] = await Promise.all(taken);
  assert.equal(eager, replayed);
  return replayed!;
}

test('each augmentation changes what is trained', async () => {
  const plain = await lossesOf({});
  for (const { options, turnedOnBy } of AUGMENTATIONS) {
    const own = Object.fromEntries(Object.entries(ALL).filter(([name]) => name in options));
    assert.not.equal(await lossesOf(own), plain, turnedOnBy);
    // Turned off by name is off, to the bit.
    assert.equal(await lossesOf({ [turnedOnBy]: (options as Record<string, OptionRow>)[turnedOnBy]!.default }), plain);
  }
});

testHalf(gpu, 'in f16, too', async () => {
  await lossesOf({ ...ALL, precision: 'f16' });
});

test('what goes with nothing is refused', async () => {
  await failure('INVALID_ARGUMENT', () => start({ jitterHue: 0.1 }), 'jitterHue of the training', '`colorJitter` with it');
  await failure('INVALID_ARGUMENT', () => start({ colorJitter: 1.5 }), 'colorJitter of the training');
  await failure('INVALID_ARGUMENT', () => start({ colorJitter: 1, jitterOn: 'left' }), 'jitterOn of the training');
  const other: Record<string, ImageSide> = { labels: { half: 'a', channels: 3, holds: 'other' } };
  const batchesOf = (sides: Record<string, ImageSide>, options: Partial<AugmentationOptions>) => () => seen(alike, 1, options, { sides });
  await failure('INVALID_ARGUMENT', batchesOf(other, { colorJitter: 1 }), 'images without colours');
  const nameless: Record<string, ImageSide> = { real: { half: 'a', channels: 3 } };
  await failure('INVALID_ARGUMENT', batchesOf(nameless, { colorJitter: 1, jitterOn: 'input' }), 'jitterOn of the training');
  await failure('INVALID_ARGUMENT', batchesOf(nameless, { rotate: 5, rotateNearest: 'target' }), 'rotateNearest of the training');
});

test.run();
