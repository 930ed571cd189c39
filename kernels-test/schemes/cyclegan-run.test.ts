// first driver only: on SwiftShader it takes minutes, and cyclegan.test.ts takes the same steps there
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImagePair, RgbImage } from '../../src/data/image.js';
import type { ImageSet, UnpairedDataset } from '../../src/data/unpaired.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import type { MemoryReport } from '../../src/gpu/dispatch-call.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { architectureOf } from '../../src/models/registry.js';
import { cyclegan, type CycleGANNetworks, type CycleGANOptions, type ObjectiveName } from '../../src/schemes/index.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { imageL1 } from '../../src/training/metrics.js';
import { lossRows } from '../../src/training/scheme.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure, withLimits } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

// Runs of CycleGAN as a Trainer takes them; cyclegan.test.ts compares single steps with PyTorch.

const gpu = await testGpu();

type Options = Partial<TrainerOptions<CycleGANOptions, CycleGANNetworks>>;
type Run = Trainer<CycleGANOptions, CycleGANNetworks>;

const OPTIONS = {
  size: 32,
  loadSize: 36,
  ngf: 2,
  ndf: 2,
  blocks: 1,
  lambdaA: 10,
  lambdaB: 8,
  lambdaIdentity: 0.5,
  ganMode: 'lsgan',
  poolSize: 5,
  jitter: true,
  batch: 2,
  learningRate: 2e-3,
  seed: 7,
} as const satisfies Options;

const SIDE = 36;
function picture(name: string): RgbImage {
  const seed = hashName(name);
  return {
    width: SIDE,
    height: SIDE,
    data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => pcg((seed ^ pcg(i >> 4)) >>> 0) >>> 24),
  };
}
const set = (name: string, length: number): ImageSet => ({
  kind: 'images',
  name,
  length,
  get: (index) => ({ name: `${name} ${index}`, image: picture(`${name} ${index}`) }),
});
const dataset: UnpairedDataset = { name: 'noise', a: set('a', 7), b: set('b', 5) };

const start = (options: Options = {}): Promise<Run> => Trainer.create(gpu, cyclegan, dataset, { ...OPTIONS, ...options });

async function take(trainer: Run, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

/** All that a run goes on from, as bytes. */
const save = (trainer: Run): Promise<Uint8Array> =>
  collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'any' }));

/** The losses of some steps, and all that is left behind. */
async function run(options: Options, steps: number): Promise<{ losses: TrainedStep[]; saved: Uint8Array }> {
  const trainer = await start(options);
  const losses = await take(trainer, steps);
  const saved = await save(trainer);
  trainer.dispose();
  return { losses, saved };
}

const sameBytes = (actual: Uint8Array, expected: Uint8Array): void =>
  assert.ok(actual.length === expected.length && actual.every((byte, index) => byte === expected[index]), 'to the bit');

for (const ganMode of ['lsgan', 'vanilla', 'wgangp', 'hinge'] as const satisfies readonly ObjectiveName[])
  test(`${ganMode}: steps that are called and steps that are replayed are the same, to the bit`, async () => {
    const [replayed, eager] = [await run({ ganMode }, 5), await run({ ganMode, replay: false }, 5)];
    assert.equal(eager.losses, replayed.losses);
    sameBytes(eager.saved, replayed.saved);
    for (const { losses } of eager.losses) {
      assert.equal(Object.keys(losses), Object.keys(lossRows(cyclegan, { ...OPTIONS, ganMode })));
      assert.ok(Object.values(losses).every(Number.isFinite));
    }
    assert.is(new Set(eager.losses.map(({ losses }) => losses.cycleA)).size, 5, 'every step changes something');
  });

for (const [ganMode, before] of [
  ['lsgan', 2],
  ['lsgan', 7],
  ['wgangp', 4],
] as const)
  test(`${ganMode}: a run that goes on after step ${before} of a checkpoint is the run that never stopped`, async () => {
    const whole = await run({ ganMode }, 12);
    const { saved } = await run({ ganMode }, before);
    // Other weights and an empty pool, until the checkpoint is in place.
    const trainer = await start({ ganMode });
    await take(trainer, 1);
    const { step } = await restoreCheckpoint(bytesSource(saved), trainer);
    assert.is(step, before);
    trainer.resumeAt(step);
    assert.equal(await take(trainer, 12 - before), whole.losses.slice(before));
    sameBytes(await save(trainer), whole.saved);
    trainer.dispose();
  });

test('the pools are part of a checkpoint: without them a run goes on differently', async () => {
  const whole = await run({}, 12);
  const { saved } = await run({}, 7);
  const trainer = await start();
  assert.equal(Object.keys(trainer.state), ['poolA', 'poolB']);
  await restoreCheckpoint(bytesSource(saved), trainer);
  for (const pool of Object.values(trainer.state)) pool.write(new Float32Array(pool.size));
  trainer.resumeAt(7);
  assert.not.equal(await take(trainer, 5), whole.losses.slice(7));
  trainer.dispose();
});

test('a checkpoint with a pool of another size is refused, and changes nothing', async () => {
  const { saved } = await run({}, 2);
  for (const poolSize of [0, 4]) {
    const trainer = await start({ poolSize });
    const before = await save(trainer);
    await failure('CHECKPOINT_MISMATCH', () => restoreCheckpoint(bytesSource(saved), trainer), /poolA/, /fix: /);
    sameBytes(await save(trainer), before);
    trainer.dispose();
  }
});

test('pools fill with what the generators make, and stay within [-1, 1]', async () => {
  const trainer = await start();
  const filled = async (): Promise<boolean[]> => {
    const numbers = await trainer.state.poolA!.data();
    assert.ok(numbers.every((each) => Math.abs(each) <= 1));
    const length = numbers.length / OPTIONS.poolSize;
    return Array.from({ length: OPTIONS.poolSize }, (_, place) => numbers.subarray(place * length, (place + 1) * length).some(Boolean));
  };
  assert.equal(await filled(), [false, false, false, false, false]);
  await take(trainer, 1);
  assert.equal(await filled(), [true, true, false, false, false]);
  await take(trainer, 2);
  assert.equal(await filled(), [true, true, true, true, true]);
  trainer.dispose();
});

test('without pools discriminators see the images of the step, as they do of a pool that is not full', async () => {
  const trainer = await start({ poolSize: 0 });
  assert.equal(Object.keys(trainer.state), []);
  const losses = await take(trainer, 6);
  trainer.dispose();
  assert.equal((await run({ poolSize: 12 }, 6)).losses, losses);
  const small = (await run({ poolSize: 1 }, 6)).losses;
  assert.equal(small[0]!.losses.generatorA, losses[0]!.losses.generatorA);
  assert.not.equal(small, losses);
});

test('without an identity weight there are no such losses, and the others begin alike', async () => {
  const [without, withThem] = [await run({ lambdaIdentity: 0 }, 3), await run({}, 3)];
  const names = Object.keys(lossRows(cyclegan, OPTIONS)).filter((name) => !name.startsWith('identity'));
  for (const { losses } of without.losses) assert.equal(Object.keys(losses), names);
  assert.equal(Object.keys(lossRows(cyclegan, { ...OPTIONS, lambdaIdentity: 0 })), names);
  for (const name of names) assert.is(without.losses[0]!.losses[name], withThem.losses[0]!.losses[name], name);
  assert.is.not(without.losses[2]!.losses.cycleA, withThem.losses[2]!.losses.cycleA);
});

for (const replay of [true, false])
  test(`60 ${replay ? 'replayed' : 'eager'} steps leave tensors and memory as they were after the first few`, async () => {
    await gpu.sync();
    gpu.trim();
    const { tensors, bytesInUse } = gpu.memory();
    const trainer = await start({ replay, ganMode: replay ? 'wgangp' : 'lsgan', batch: 1 });
    let early: MemoryReport | undefined;
    for (let step = 0; step < 60; step++) {
      await trainer.train();
      if (step % 10 !== 9) continue;
      await trainer.collectLosses();
      if (!early) early = gpu.memory();
      else assert.equal(gpu.memory(), early, `step ${step}`);
    }
    trainer.dispose();
    await gpu.sync();
    assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
  });

const resnet = (options: object): NetworkArchitecture => ({ kind: 'resnet', options: { ngf: 2, blocks: 1, ...options } });

for (const [which, given] of Object.entries({
  'A to B': { generatorA: resnet({ inChannels: 3, outChannels: 1 }) },
  'B to A': { generatorB: resnet({ inChannels: 1, outChannels: 3 }) },
}))
  test(`one set may be grey: the other networks follow from the generator ${which}`, async () => {
    const trainer = await start({ networks: given, lambdaIdentity: 0 });
    const { generatorA, generatorB, discriminatorA, discriminatorB } = trainer.networks;
    assert.equal([generatorA.inChannels, generatorA.outChannels, generatorB.inChannels, generatorB.outChannels], [3, 1, 1, 3]);
    const channels = (options: object): unknown => (options as { inChannels: number }).inChannels;
    assert.equal(
      [discriminatorA, discriminatorB].map(({ options }) => channels(options)),
      [1, 3],
    );
    assert.equal(
      Object.values(trainer.state).map(({ shape }) => [...shape]),
      [
        [5, 32, 32, 1],
        [5, 32, 32, 3],
      ],
    );
    for (const { losses } of await take(trainer, 4)) assert.ok(Object.values(losses).every((loss) => Number.isFinite(loss)));
    const evaluator = await cyclegan.evaluator(gpu, trainer.networks, trainer.options);
    const pair = evaluator.fit({ name: 'x', a: picture('a'), b: picture('b') });
    const grey = ({ data }: RgbImage): boolean => data.every((byte, index) => byte === data[index - (index % 3)]);
    const { made } = await evaluator.run(pair, 0);
    assert.equal([pair.a, pair.b, ...made].map(grey), [false, true, true, false, false, true]);
    evaluator.dispose();
    trainer.dispose();
  });

test('evaluating goes there and back again by both ways, and leaves the training as it was', async () => {
  const trainer = await start();
  await take(trainer, 3);
  const before = await save(trainer);
  const evaluator = await cyclegan.evaluator(gpu, trainer.networks, trainer.options);
  const pairs: ImagePair[] = ['x', 'y'].map((name) => evaluator.fit({ name, a: picture(`a ${name}`), b: picture(`b ${name}`) }));
  const measures: { cycleA: number; cycleB: number }[] = [];
  for (const [index, pair] of pairs.entries()) {
    const { made, measure } = await evaluator.run(pair, index);
    const [toB, againA, toA, againB] = made as [RgbImage, RgbImage, RgbImage, RgbImage];
    assert.is(made.length, cyclegan.pictures(trainer.options).made.length);
    assert.not.equal(toB.data, toA.data);
    measures.push({ cycleA: imageL1(againA, pair.a), cycleB: imageL1(againB, pair.b) });
    assert.equal(measure, measures.at(-1));
  }
  const mean = (name: 'cycleA' | 'cycleB'): number => (measures[0]![name] + measures[1]![name]) / 2;
  const summary = evaluator.summarize(measures);
  assert.equal(summary, { cycle: (mean('cycleA') + mean('cycleB')) / 2, cycleA: mean('cycleA'), cycleB: mean('cycleB') });
  assert.equal(Object.keys(summary), Object.keys(cyclegan.metrics));
  evaluator.dispose();
  sameBytes(await save(trainer), before);
  trainer.dispose();
});

test('U-Nets train in the place of residual networks, and replayed steps are eager ones to the bit', async () => {
  const options = { generator: 'unet', blocks: undefined, ngf: 1 } as const;
  const trainer = await start(options);
  const architectures = Object.values(trainer.networks).map(architectureOf);
  assert.equal(
    architectures.map(({ kind }) => kind),
    ['unet', 'unet', 'patchgan', 'patchgan'],
  );
  assert.is((architectures[0]!.options as { norm: string }).norm, 'instance');
  trainer.dispose();
  const [replayed, eager] = [await run(options, 2), await run({ ...options, replay: false }, 2)];
  assert.equal(replayed.losses, eager.losses);
  assert.equal(replayed.saved, eager.saved);
});

test('options and networks that cannot be are refused with a mend, and nothing is left behind', async () => {
  const patchgan = (options: object): NetworkArchitecture => ({ kind: 'patchgan', options: { ndf: 2, norm: 'instance', ...options } });
  const cases: [Options, ...(string | RegExp)[]][] = [
    [{ size: 33 }, /size of the training/, /multiple of 4/, '33'],
    [{ size: 28 }, /size of the training/, /at least 32/],
    [{ loadSize: 30 }, /loadSize/],
    [{ loadSize: 33 }, /even/],
    [{ poolSize: -1 }, /poolSize/, /0 to 10000/],
    [{ poolSize: 2.5 }, /poolSize/],
    [{ poolSize: 10_001 }, /poolSize/],
    [{ lambdaA: -1 }, /lambdaA/, /at least 0/],
    [{ lambdaB: NaN }, /lambdaB/],
    [{ lambdaIdentity: Infinity }, /lambdaIdentity/],
    [{ ngf: 0 }, /ngf/],
    [{ ndf: 1.5 }, /ndf/],
    [{ blocks: 0 }, /blocks/],
    [{ ganMode: 'wgan' as ObjectiveName }, /ganMode/, /'wgangp'/, /'wgan'/],
    [{ jitter: 1 as unknown as boolean }, /jitter/],
    [{ dropout: true } as unknown as Options, /dropout/],
    [{ batch: 8 }, /batch/, /7/],
    [{ networks: { generatorA: patchgan({ inChannels: 3 }) } }, /generator of CycleGAN/, 'patchgan'],
    [{ networks: { generatorB: patchgan({ inChannels: 3 }) } }, /generator of CycleGAN/, 'patchgan'],
    [{ networks: { discriminatorA: resnet({}) } }, /discriminator of CycleGAN/, /judges/, 'resnet'],
    [{ networks: { discriminatorB: patchgan({ inChannels: 6 }) } }, /discriminator of CycleGAN/, /3 channels/, '6'],
    [{ networks: { generatorA: resnet({ inChannels: 1 }) } }, /lambdaIdentity/, /1 -> 3/, /set lambdaIdentity to 0/],
    [{ networks: { generatorA: resnet({ inChannels: 1 }), generatorB: resnet({}) } }, /undo each other/, /1 -> 3 and 3 -> 3/],
    [{ networks: { generatorA: resnet({ outChannels: 4 }) } }, /channels of a generator of CycleGAN/, '4'],
    [{ generator: 'unet' }, /blocks of the training/, /none with the network U-Net/, '1'],
    [{ networks: { generatorA: { kind: 'unet', options: { size: 64, ngf: 1 } } } }, /size of the training/, /64/, '32'],
    [{ networks: { generator: resnet({}) } as Options['networks'] }, /networks of CycleGAN/, 'generator'],
  ];
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  for (const [options, ...words] of cases) {
    const error = await failure('INVALID_ARGUMENT', () => start(options), /expected: /, /received: /, /fix: /);
    for (const word of words) assert.match(error.message, word, JSON.stringify(options));
  }
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('a pool that no buffer of the adapter holds is refused before it is made', async () => {
  const small = withLimits(gpu, { maxStorageBufferBindingSize: 20 * 32 * 32 * 3 * 4 });
  const options = { ...OPTIONS, poolSize: 21 };
  await failure(
    'INVALID_ARGUMENT',
    () => Trainer.create(small, cyclegan, dataset, options),
    /poolSize/,
    /at most 20 /,
    '21',
    /smaller pool/,
  );
  const trainer = await Trainer.create(small, cyclegan, dataset, { ...options, poolSize: 20 });
  await trainer.train();
  trainer.dispose();
});

test('load size and depth follow from the size as in the paper', () => {
  const complete = (options: object): CycleGANOptions => cyclegan.complete!({ ...OPTIONS, ...options } as CycleGANOptions);
  assert.is(complete({ size: 256, loadSize: undefined }).loadSize, 286);
  assert.is(complete({ size: 256, loadSize: undefined, jitter: false }).loadSize, 256);
  assert.is(complete({ size: 256, loadSize: undefined, blocks: undefined }).blocks, 9);
  assert.is(complete({ size: 128, loadSize: undefined, blocks: undefined }).blocks, 6);
  for (const size of [32, 36, 60, 64, 100, 128, 200, 512]) {
    const { loadSize } = complete({ size, loadSize: undefined });
    assert.ok(loadSize! % 2 === 0 && loadSize! > size, `${size}: ${loadSize}`);
  }
});

test.run();
