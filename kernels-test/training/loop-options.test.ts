// first driver only: whole steps of pix2pix. Options of every training that change its steps: eager, replayed, and after a checkpoint.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import type { Module } from '../../src/nn/module.js';
import { adversarialObjective } from '../../src/schemes/adversarial-options.js';
import { OBJECTIVES, type ObjectiveName } from '../../src/schemes/objectives.js';
import { pix2pix, type Pix2PixNetworks, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';

const gpu = await testGpu();

const OPTIONS = {
  ...{ size: 32, loadSize: 36, ngf: 4, ndf: 4, batch: 2, learningRate: 2e-4, seed: 7 },
  ...{ jitter: true, dropout: 0.5, lambda: 100, direction: 'BtoA' },
} as const;

const side = 36;
const picture = (name: string, index: number) => ({
  width: side,
  height: side,
  data: Uint8Array.from({ length: side * side * 3 }, (_, i) => pcg(hashName(`${name} ${index} ${i >> 4}`)) >>> 24),
});
const pairs: PairedDataset = {
  name: 'noise',
  length: 4,
  get: (index) => ({ name: String(index), a: picture('a', index), b: picture('b', index) }),
};

type Pix2PixTrainer = Trainer<Pix2PixOptions, Pix2PixNetworks>;
const create = (options: object = {}): Promise<Pix2PixTrainer> => Trainer.create(gpu, pix2pix, pairs, { ...OPTIONS, ...options } as never);

async function take(trainer: Pix2PixTrainer, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

async function checkpointOf(trainer: Pix2PixTrainer): Promise<Uint8Array<ArrayBuffer>> {
  const progress = { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'test' };
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeCheckpoint(trainer, progress)) pieces.push(Uint8Array.from(piece));
  return Uint8Array.from(Buffer.concat(pieces));
}

/** The bits after four steps: replayed, eager, and with a checkpoint after two of them; all the same. */
async function bitsOf(options: object): Promise<Uint8Array> {
  const [replayed, eager] = [await create(options), await create({ ...options, replay: false })];
  const [first, second] = [await take(replayed, 2), await take(eager, 2)];
  assert.equal(first, second, 'losses');
  const saved = await checkpointOf(replayed);
  const resumed = await create(options);
  await restoreCheckpoint(bytesSource(saved), resumed);
  resumed.resumeAt(2);
  const losses = await Promise.all([replayed, eager, resumed].map((trainer) => take(trainer, 2)));
  assert.equal(losses[1], losses[0], 'losses of eager steps');
  assert.equal(losses[2], losses[0], 'losses after a checkpoint');
  const bits = [];
  for (const trainer of [replayed, eager, resumed]) bits.push(await checkpointOf(trainer));
  for (const trainer of [replayed, eager, resumed]) trainer.dispose();
  assert.ok(Buffer.from(bits[1]!).equals(Buffer.from(bits[0]!)), 'eager steps');
  assert.ok(Buffer.from(bits[2]!).equals(Buffer.from(bits[0]!)), 'after a checkpoint');
  return bits[0]!;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(Buffer.from(b));

test('gradients are clipped by the norm of each network', async () => {
  const clipped = await bitsOf({ clipGrad: 0.05 });
  assert.not(same(clipped, await bitsOf({})), 'clipping changes something');
  assert.ok(same(await bitsOf({ clipGrad: 1e30 }), await bitsOf({})), 'what is small enough stays as it is');
  await failure('INVALID_ARGUMENT', () => create({ clipGrad: 0 }), 'clipGrad');
});

testHalf(gpu, 'gradients are clipped in f16, too', async () => {
  assert.not(same(await bitsOf({ clipGrad: 0.05, precision: 'f16' }), await bitsOf({ precision: 'f16' })));
});

test('the betas of all optimisers', async () => {
  assert.ok(same(await bitsOf({ beta1: 0.5, beta2: 0.999 }), await bitsOf({})));
  assert.not(same(await bitsOf({ beta1: 0.9 }), await bitsOf({})));
  await failure('INVALID_ARGUMENT', () => create({ beta2: 1 }), 'beta2');
});

const weightsOf = async (module: Module): Promise<number[]> =>
  (await Promise.all(module.memory.windows.map(({ values }) => values.data()))).flatMap((each) => [...each]);

test('the weights of the generator are averaged beside it, and the training is the same', async () => {
  const decay = 0.75;
  const [averaging, plain] = [await create({ ema: decay }), await create()];
  assert.is(plain.evaluated.generator, plain.networks.generator);
  assert.is(averaging.evaluated.discriminator, averaging.networks.discriminator);
  const average = averaging.evaluated.generator;
  assert.equal(await weightsOf(average), await weightsOf(averaging.networks.generator), 'it begins with the weights');
  let expected: number[] = [];
  for (let update = 0; update < 12; update++) {
    await take(averaging, 1);
    const weights = await weightsOf(averaging.networks.generator);
    // The first update copies; early ones keep less.
    const kept = update === 0 ? 0 : Math.min(decay, (1 + update) / (10 + update));
    expected = weights.map((weight, index) => (update === 0 ? weight : expected[index]! * kept + weight * (1 - kept)));
  }
  assertClose(await weightsOf(average), expected, { relative: 1e-4, absolute: 1e-6, label: 'average' });
  const difference = (await weightsOf(averaging.networks.generator)).filter((weight, index) => weight !== expected[index]);
  assert.ok(difference.length > 0, 'the average is another one than the weights');
  await take(plain, 12);
  assert.equal(await weightsOf(averaging.networks.generator), await weightsOf(plain.networks.generator), 'the training is the same');
  averaging.dispose();
  plain.dispose();
  await bitsOf({ ema: 0.9 });
  await failure('INVALID_ARGUMENT', () => create({ ema: 1 }), 'ema');
});

test('the generator learns in every d-th step alone', async () => {
  const trainer = await create({ dSteps: 3 });
  const generator = async (): Promise<number[]> => weightsOf(trainer.networks.generator);
  const discriminator = async (): Promise<number[]> => weightsOf(trainer.networks.discriminator);
  let before = [await generator(), await discriminator()];
  for (let step = 1; step <= 6; step++) {
    const [taken] = await take(trainer, 1);
    const after = [await generator(), await discriminator()];
    const learns = step % 3 === 0;
    assert.is(JSON.stringify(after[0]) !== JSON.stringify(before[0]), learns, `generator in step ${step}`);
    assert.is('generatorL1' in taken!.losses, learns, `losses of step ${step}`);
    assert.not.equal(after[1], before[1], `discriminator in step ${step}`);
    before = after;
  }
  assert.is(trainer.optimizers.generatorOptimizer!.stepCount, 2);
  trainer.dispose();
  await bitsOf({ dSteps: 2, ema: 0.9, clipGrad: 1 });
});

test('real samples are taken for a little less than real', async () => {
  const numbers = [-3, -0.5, 0, 0.25, 4];
  const logits = Tensor.from(gpu, numbers, [1, 1, 1, 5]);
  const mean = (term: (x: number) => number): number => numbers.reduce((sum, x) => sum + term(x), 0) / numbers.length;
  const expected = { vanilla: mean((x) => Math.log1p(Math.exp(-x)) + 0.1 * x), lsgan: mean((x) => (x - 0.9) ** 2) };
  for (const [ganMode, wanted] of Object.entries(expected)) {
    const smooth = adversarialObjective({ ganMode: ganMode as ObjectiveName, labelSmoothing: 0.1 });
    assertClose([await smooth.real(logits).item()], [wanted], { relative: 1e-5, label: ganMode });
    assert.is(smooth.fake, OBJECTIVES[ganMode as ObjectiveName].fake);
    assert.is(smooth.generator, OBJECTIVES[ganMode as ObjectiveName].generator);
  }
  await failure('INVALID_ARGUMENT', () => create({ ganMode: 'hinge', labelSmoothing: 0.1 }), 'labelSmoothing');
  await bitsOf({ ganMode: 'lsgan', labelSmoothing: 0.1 });
});

testHalf(gpu, 'averages in f16 go on to the same bits', async () => void (await bitsOf({ ema: 0.9, precision: 'f16', clipGrad: 1 })));

test.run();
