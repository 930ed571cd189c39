// first driver only: steps of every scheme. A batch that runs in parts, beside the same batch at once.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { RgbImage } from '../../src/data/image.js';
import type { ImageSet } from '../../src/data/unpaired.js';
import { SCHEMES } from '../../src/schemes/registry.js';
import { inParts } from '../../src/training/accumulation.js';
import type { TrainingDataset } from '../../src/training/batches.js';
import { estimateMemory } from '../../src/training/memory-estimate.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import { fullOptions, type TrainerOptions } from '../../src/training/trainer-options.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';

const gpu = await testGpu();
const SIDE = 32;
const CLASSES = ['first', 'second', 'third'];

/**
 * Small, without what a part of a batch does otherwise than all of it: dropout draws other masks, and the statistics of a batch are those
 * of what runs together.
 */
const SMALL: Readonly<Record<string, unknown>> = {
  ...{ size: SIDE, loadSize: SIDE, ngf: 2, ndf: 2, blocks: 1, poolSize: 2, nz: 3, units: 24, layers: 3, baseChannels: 2, jitter: false },
  ...{ dropout: false, nCritic: 1 },
};
/** DCGAN's networks have the batch's statistics and nothing else. */
const BY_BATCH = ['dcgan'];

function picture(name: string): RgbImage {
  const seed = hashName(name);
  return {
    width: SIDE,
    height: SIDE,
    data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => pcg((seed ^ pcg(i >> 4)) >>> 0) >>> 24),
  };
}

function dataOf({ data = 'paired' }: TrainingScheme): TrainingDataset {
  const pairs: PairedDataset = {
    name: 'pairs',
    length: 8,
    get: (index) => ({ name: `pair ${index}`, a: picture(`a ${index}`), b: picture(`b ${index}`) }),
  };
  const set = (name: string): ImageSet => ({
    kind: 'images',
    name,
    length: 8,
    get: (index) => ({ name: `${name} ${index}`, image: picture(`${name} ${index}`) }),
    labels: { names: CLASSES, exclusive: true, of: (index) => CLASSES.map((_, each) => Number(each === index % CLASSES.length)) },
  });
  if (data === 'unpaired') return { name: 'two sets', a: set('a'), b: set('b') };
  return data === 'images' ? set('images') : pairs;
}

function optionsFor(scheme: TrainingScheme, more: object): TrainerOptions {
  const own = Object.fromEntries(Object.entries(fullOptions(scheme)).map(([name, value]) => [name, SMALL[name] ?? value]));
  // Without batch norms, where there is a choice.
  if ('norm' in scheme.options) own.norm = 'instance';
  return { ...own, batch: 4, learningRate: 1e-4, seed: 3, ...more };
}

const start = (scheme: TrainingScheme, more: object = {}): Promise<Trainer> =>
  Trainer.create(gpu, scheme, dataOf(scheme), optionsFor(scheme, more));

async function take(trainer: Trainer, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

const schemeOf = (name: string): TrainingScheme => SCHEMES.find((each) => each.name === name)!;

/** The options in which the schemes are tried: those with a penalty have second derivatives. */
const CASES: readonly (readonly [scheme: string, options: object])[] = [
  ...SCHEMES.map(({ name }) => [name, {}] as const),
  ['pix2pix', { ganMode: 'wgangp' }],
  ['pix2pix', { size: 48, loadSize: 48, discriminators: 2, lambdaFeat: 10, dSteps: 2 }],
  ['pix2pix', { lambdaGan: 0 }],
  ['cyclegan', { ganMode: 'wgangp', dSteps: 2 }],
  ['cgan', { ganMode: 'wgangp' }],
  // Pixels of the last colour are not counted: the parts of a batch have unequal shares of them.
  ['segmentation', { palette: 'dark=202020,light=e0e0e0,none=808080' }],
];

for (const [name, options] of CASES) {
  const scheme = schemeOf(name);
  if (BY_BATCH.includes(name)) continue;
  // That such steps are the same to the bit, called, replayed and resumed, is tried in schemes/every-scheme.test.ts.
  test(`${name} ${JSON.stringify(options)}: a batch in parts teaches what the whole batch does`, async () => {
    const [whole, parted] = [await start(scheme, options), await start(scheme, { ...options, accumulate: 2 })];
    const [expected, found] = [await take(whole, 2), await take(parted, 2)];
    for (const [index, { losses }] of expected.entries()) {
      for (const [loss, value] of Object.entries(losses)) {
        const other = found[index]!.losses[loss]!;
        assert.ok(Math.abs(other - value) <= 2e-4 * Math.max(1, Math.abs(value)), `${loss} of step ${index + 1}: ${other}, not ${value}`);
      }
    }
    // Adam's mean of the gradients is linear in them: it tells a wrong weight that a step of Adam would hide.
    for (const [optimizer, { moments }] of Object.entries(await momentsOf(whole))) {
      const others = (await momentsOf(parted))[optimizer]!.moments;
      const [size, distance] = [norm(moments), norm(moments.map((value, index) => value - others[index]!))];
      assert.ok(distance <= 5e-3 * size, `gradients of ${optimizer}: ${distance} apart, of ${size}`);
    }
    whole.dispose();
    parted.dispose();
  });
}

interface Moments {
  readonly moments: readonly number[];
}

async function momentsOf({ optimizers }: Trainer): Promise<Record<string, Moments>> {
  const found: Record<string, Moments> = {};
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const moments: number[] = [];
    for (const [tensor, { read }] of optimizer.stateDict().tensors)
      if (/^(?:firstMoment|momentum)/.test(tensor)) moments.push(...(await read()));
    found[name] = { moments };
  }
  return found;
}

const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

testHalf(gpu, 'in f16 the parts share one scale of the losses, and take less memory than the batch', async () => {
  const scheme = schemeOf('pix2pix');
  const half = { precision: 'f16', batch: 8 };
  const [whole, parted] = [await start(scheme, half), await start(scheme, { ...half, accumulate: 4 })];
  const [[expected], [found]] = [await take(whole, 1), await take(parted, 1)];
  for (const [loss, value] of Object.entries(expected!.losses))
    assert.ok(
      Math.abs(found!.losses[loss]! - value) <= 1e-2 * Math.max(1, Math.abs(value)),
      `${loss}: ${found!.losses[loss]}, not ${value}`,
    );
  for (const [optimizer, { moments }] of Object.entries(await momentsOf(whole))) {
    const others = (await momentsOf(parted))[optimizer]!.moments;
    const distance = norm(moments.map((value, index) => value - others[index]!));
    assert.ok(distance > 0 && distance <= 5e-2 * norm(moments), `gradients of ${optimizer}: ${distance} apart, of ${norm(moments)}`);
  }
  whole.dispose();
  parted.dispose();
  const results = async (more: object): Promise<number> =>
    (await estimateMemory(gpu, scheme, dataOf(scheme), optionsFor(scheme, { ...half, ...more }))).results;
  const [atOnce, inFour] = [await results({}), await results({ accumulate: 4 })];
  assert.ok(inFour < 0.5 * atOnce, `${inFour} bytes in parts, ${atOnce} at once`);
});

test('parts that do not divide the batch are refused, and schemes that know nothing of parts', async () => {
  const scheme = schemeOf('pix2pix');
  await failure('INVALID_ARGUMENT', () => start(scheme, { accumulate: 3 }), '1, 2, 4');
  await failure('INVALID_ARGUMENT', () => start(scheme, { accumulate: 0 }), 'accumulate');
  await failure('INVALID_ARGUMENT', () => start({ ...scheme, accumulates: false }, { accumulate: 2 }), 'runs its batch at once');
  const five = Tensor.from(gpu, new Float32Array(5), [5, 1]);
  await failure('INVALID_ARGUMENT', async () => inParts(2, { five }), 'evenly');
  five.dispose();
});

test.run();
