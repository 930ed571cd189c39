// first driver only: on SwiftShader it would take minutes, and stargan.test.ts takes the same steps there
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { targetLabels } from '../../src/data/labels.js';
import type { ImageLabels, ImageSet, Labelling } from '../../src/data/unpaired.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { stargan, type StarGANNetworks, type StarGANOptions } from '../../src/schemes/index.js';
import { agrees } from '../../src/schemes/stargan-evaluator.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { Translator } from '../../src/training/translator.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

// Runs of StarGAN as a Trainer takes them; stargan.test.ts compares single steps with PyTorch.

const gpu = await testGpu();

type Options = Partial<TrainerOptions<StarGANOptions, StarGANNetworks>>;
type Run = Trainer<StarGANOptions, StarGANNetworks>;

const OPTIONS = {
  size: 16,
  ngf: 2,
  ndf: 2,
  blocks: 1,
  layers: 2,
  lambdaCls: 1,
  lambdaRec: 10,
  lambdaGp: 10,
  nCritic: 3,
  decay: 'linear',
  mirror: true,
  batch: 4,
  learningRate: 2e-3,
  seed: 7,
} as const satisfies Options;
const { size } = OPTIONS;

function picture(name: string): RgbImage {
  const seed = hashName(name);
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => pcg((seed ^ pcg(i >> 4)) >>> 0) >>> 24);
  return { width: size, height: size, data };
}

const HAIR: Labelling = { names: ['black', 'blond', 'smiling'], exclusive: false, groups: [['black', 'blond']] };
const CLASSES: Labelling = { names: ['happy', 'sad', 'angry'], exclusive: true };
const of = {
  hair: (index: number): number[] => [Number(index % 3 === 0), Number(index % 3 === 1), index % 2],
  classes: (index: number): number[] => [0, 1, 2].map((each) => Number(index % 3 === each)),
};

const set = (labels?: ImageLabels, length = 9): ImageSet => ({
  kind: 'images',
  name: 'noise',
  length,
  get: (index) => ({ name: `noise ${index}`, image: picture(`noise ${index}`) }),
  ...(labels && { labels }),
});
const hair = set({ ...HAIR, of: of.hair });
const classes = set({ ...CLASSES, of: of.classes });

const start = (options: Options = {}, dataset: ImageSet = hair): Promise<Run> =>
  Trainer.create(gpu, stargan, dataset, { ...OPTIONS, ...options });

async function take(trainer: Run, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

/** All that a run goes on from, as bytes. */
const save = (trainer: Run): Promise<Uint8Array> =>
  collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'any' }));

/** The losses of some steps, and all that is left behind. */
async function run(options: Options, steps: number, dataset?: ImageSet): Promise<{ losses: TrainedStep[]; saved: Uint8Array }> {
  const trainer = await start(options, dataset);
  const losses = await take(trainer, steps);
  const saved = await save(trainer);
  trainer.dispose();
  return { losses, saved };
}

const sameBytes = (actual: Uint8Array, expected: Uint8Array): void =>
  assert.ok(actual.length === expected.length && actual.every((byte, index) => byte === expected[index]), 'to the bit');

const ALL = Object.keys(stargan.losses);
const CRITIC = ['discriminatorReal', 'discriminatorFake', 'penalty', 'discriminatorLabels'];

test('steps that are called and steps that are replayed are the same, to the bit; the generator learns in every third', async () => {
  const [replayed, eager] = [await run({}, 7), await run({ replay: false }, 7)];
  assert.equal(eager.losses, replayed.losses);
  sameBytes(eager.saved, replayed.saved);
  for (const { step, losses } of eager.losses) {
    assert.equal(Object.keys(losses), step % 3 === 0 ? ALL : CRITIC, `step ${step}`);
    assert.ok(Object.values(losses).every(Number.isFinite));
  }
  assert.is(new Set(eager.losses.map(({ losses }) => losses.penalty)).size, 7, 'every step changes something');
});

test('the generator stays as it is in the steps of the discriminator', async () => {
  const trainer = await start();
  const weights = async (): Promise<string> => JSON.stringify([...(await [...trainer.networks.generator.parameters()][0]!.data())]);
  const before = await weights();
  await take(trainer, 2);
  assert.is(await weights(), before);
  await take(trainer, 1);
  assert.is.not(await weights(), before);
  assert.equal(
    Object.values(trainer.optimizers).map(({ stepCount }) => stepCount),
    [1, 3],
  );
  trainer.dispose();
});

for (const before of [2, 3])
  test(`a run that goes on after step ${before} of a checkpoint is the run that never stopped`, async () => {
    const whole = await run({}, 7);
    const { saved } = await run({}, before);
    // Other weights, until the checkpoint is in place.
    const trainer = await start();
    await take(trainer, 1);
    const { step } = await restoreCheckpoint(bytesSource(saved), trainer);
    trainer.resumeAt(step);
    assert.equal(await take(trainer, 7 - before), whole.losses.slice(before));
    sameBytes(await save(trainer), whole.saved);
    trainer.dispose();
  });

test('the loss of the labels is that of attributes or of classes, as the data say or the options', async () => {
  const [attributes, fromData, asked] = [
    await run({ labelLoss: 'attributes' }, 1, classes),
    await run({}, 1, classes),
    await run({ labelLoss: 'classes' }, 1, classes),
  ];
  assert.equal(asked.losses, fromData.losses);
  // A sum of binary cross-entropies of three labels, beside a cross-entropy over them: about 3 log 2 and log 3.
  const [binary, over] = [attributes, fromData].map(({ losses }) => losses[0]!.losses.discriminatorLabels!);
  assert.ok(Math.abs(binary! - 3 * Math.log(2)) < 0.2, String(binary));
  assert.ok(Math.abs(over! - Math.log(3)) < 0.2, String(over));
  for (const name of ['discriminatorReal', 'penalty']) assert.is(asked.losses[0]!.losses[name], attributes.losses[0]!.losses[name]);
  const error = await failure('INVALID_ARGUMENT', () => start({ labelLoss: 'classes' }), /labelLoss/, /fix: /);
  assert.match(error.message, /black, blond, smiling/);
});

test('labels that are wanted are those of the batch in another order, by the seed and the step', async () => {
  const inputs = gpu.scope(() => stargan.inputs!(gpu, { ...OPTIONS, batch: 6 }));
  const drawn = async (seed: number, step: number): Promise<number[]> => {
    stargan.prepare!({ step, epoch: 0, seed, batch: 6, inputs, options: OPTIONS, networks: {} as StarGANNetworks, optimizers: {} });
    const shares = await inputs.shares!.data();
    assert.ok(shares.every((share) => share >= 0 && share < 1) && new Set(shares).size === 6);
    return [...(await inputs.targets!.ints())];
  };
  const orders = [];
  for (const step of [0, 1, 2, 3]) orders.push(await drawn(1, step));
  for (const order of orders) assert.equal([...order].sort(), [0, 1, 2, 3, 4, 5]);
  assert.is(new Set(orders.map(String)).size, 4);
  assert.equal(await drawn(1, 2), orders[2]);
  assert.not.equal(await drawn(2, 2), orders[2]);
  for (const tensor of Object.values(inputs)) tensor.dispose();
});

test('every kind of step is compiled, and has its memory, before the first one', async () => {
  const trainer = await start();
  await gpu.sync();
  const { tensors } = gpu.memory();
  await take(trainer, 2);
  assert.is(gpu.memory().tensors, tensors, 'the first of both networks is still to come');
  await take(trainer, 1);
  assert.is(gpu.memory().tensors, tensors);
  trainer.dispose();
});

test('an evaluator turns images into every label and back, and leaves the training as it was', async () => {
  const trainer = await start();
  await take(trainer, 3);
  const before = await save(trainer);
  const evaluator = await stargan.evaluator(gpu, trainer.networks, trainer.options, HAIR);
  assert.equal(stargan.pictures(trainer.options, HAIR).made, ['black', 'blond', 'smiling, changed']);
  assert.equal(stargan.pictures(trainer.options, CLASSES).made, CLASSES.names);
  const image = picture('x');
  const sample = evaluator.fit({ name: 'x', a: image, b: image, labels: [0, 1, 0] });
  const { made, measure } = await evaluator.run(sample, 0);
  assert.is(made.length, 3);
  // One by one, as a person translates them.
  const translator = await Translator.create(gpu, trainer.networks.generator, { size });
  for (const [index, labels] of targetLabels(HAIR, [0, 1, 0]).entries())
    assert.equal((await translator.translate(image, 0, labels)).data, made[index]!.data, String(labels));
  await failure('INVALID_ARGUMENT', () => translator.translate(image), /labels/, /3 finite numbers/, /fix: /);
  translator.dispose();
  const summary = evaluator.summarize([measure, measure]);
  assert.equal(Object.keys(summary), Object.keys(stargan.metrics));
  assert.ok(summary.reconstruction! > 0 && summary.reconstruction! < 2);
  for (const name of ['targets', 'labels']) assert.ok(summary[name]! >= 0 && summary[name]! <= 100, `${name} ${summary[name]}`);
  assert.throws(() => evaluator.fit({ name: 'x', a: image, b: image }), /one without/);
  evaluator.dispose();
  sameBytes(await save(trainer), before);
  trainer.dispose();
});

test('what the discriminator sees is counted by groups of labels', async () => {
  const trainer = await start();
  // All logits are 0 but those of the second label, which are larger: of a group it is the one; alone, none is more likely than not.
  const weight = trainer.networks.discriminator.namedParameters().get('conv2.weight')!;
  weight.write(new Float32Array(weight.size));
  const evaluator = await stargan.evaluator(gpu, trainer.networks, trainer.options, HAIR);
  const seen = async (labels: number[]): Promise<Record<string, number>> => {
    const image = picture('x');
    const { measure } = await evaluator.run(evaluator.fit({ name: 'x', a: image, b: image, labels }), 0);
    return evaluator.summarize([measure]);
  };
  // Of equal logits the first is the largest; not smiling is what a logit of 0 says.
  const dark = await seen([1, 0, 0]);
  assert.is(dark.labels, 100);
  assert.ok(Math.abs(dark.targets! - 100 / 3) < 1e-9, 'black is seen, blond and smiling are not');
  const bright = await seen([0, 1, 1]);
  assert.is(bright.labels, 0);
  assert.ok(Math.abs(bright.targets! - 200 / 3) < 1e-9, 'black and not smiling are seen, blond is not');
  evaluator.dispose();
  trainer.dispose();
  // An image may have none of a group: then none of it is to be more likely than not.
  assert.equal([agrees([-1, -2], [0, 0], [0, 1]), agrees([1, -2], [0, 0], [0, 1]), agrees([1, 2], [0, 1], [0, 1])], [true, false, true]);
});

test('the rate falls linearly, or as little as in the program of the authors', () => {
  const rate = (decay: StarGANOptions['decay'], step: number, totalSteps: number | null = 200_000): number =>
    stargan.schedule!({ step, base: 1e-4, usual: 7e-5, totalSteps, options: { ...OPTIONS, decay } });
  assert.is(rate('linear', 150_000), 7e-5);
  for (const [step, falls] of [
    [0, 0],
    [100_999, 0],
    [101_000, 1],
    [101_999, 1],
    [150_000, 50],
    [199_999, 99],
  ] as const)
    assert.ok(Math.abs(rate('reference', step) - (1e-4 - falls * 1e-9)) < 1e-15, `step ${step}`);
  assert.is(rate('reference', 5000, null), 1e-4);
});

test('options, labels and networks that cannot be are refused with a mend, and nothing is left behind', async () => {
  const generator = (options: object): NetworkArchitecture => ({ kind: 'stargan-generator', options: { ngf: 2, blocks: 1, ...options } });
  const discriminator = (options: object): NetworkArchitecture => ({
    kind: 'stargan-discriminator',
    options: { size, labels: 3, ndf: 2, layers: 2, ...options },
  });
  const labels = (given: Partial<ImageLabels>): ImageSet => set({ ...HAIR, of: of.hair, ...given });
  const cases: [Options, ImageSet, ...(string | RegExp)[]][] = [
    [{ size: 18 }, hair, /size of the training/, /multiple of 4/, '18'],
    [{ size: 12 }, hair, /size of the training/, /from 16/],
    [{ layers: 5 }, hair, /layers of the training/, '16'],
    [{ nCritic: 0 }, hair, /nCritic/],
    [{ batch: 1 }, hair, /batch of StarGAN/, /at least 2/],
    [{ lambdaGp: -1 }, hair, /lambdaGp/, /at least 0/],
    [{ labelLoss: 'both' as 'classes' }, hair, /labelLoss/, /'attributes' or 'classes'/],
    [{ decay: 'step' as 'linear' }, hair, /decay/],
    [{}, set(), /labels/, /one without/],
    [{}, labels({ names: [] }), /names of the labels/],
    [{}, labels({ names: ['a', 'b', 'a'] }), /names of the labels/, /each once/],
    [{}, labels({ groups: [['black', 'red']] }), /groups of the labels/, /black, blond, smiling/],
    [
      {},
      labels({
        groups: [
          ['black', 'blond'],
          ['blond', 'smiling'],
        ],
      }),
      /groups of the labels/,
      /one group/,
    ],
    [{ networks: { generator: generator({ labels: 5 }) } }, hair, /generator of StarGAN/, /3 labels/],
    [{ networks: { generator: { kind: 'resnet', options: { ngf: 2, blocks: 1 } } } }, hair, /generator of StarGAN/, 'resnet'],
    [{ networks: { discriminator: discriminator({ size: 32 }) } }, hair, /discriminator of StarGAN/, /16 x 16/],
    [{ networks: { discriminator: discriminator({ labels: 2 }) } }, hair, /discriminator of StarGAN/, /3 labels/],
  ];
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  for (const [options, dataset, ...words] of cases) {
    const error = await failure('INVALID_ARGUMENT', () => start(options, dataset), /expected: /, /received: /, /fix: /);
    for (const word of words) assert.match(error.message, word, JSON.stringify(options));
  }
  for (const wrong of [[1, 0], [1, 0, NaN], 'black', undefined]) {
    const trainer = await start({}, labels({ of: () => wrong as number[] }));
    await failure('INVALID_ARGUMENT', () => trainer.train(), /labels of image \d of noise/, /3 numbers from 0 to 1/, /fix: /);
    trainer.dispose();
  }
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('layers follow from the size, as in the paper or fewer', () => {
  const layers = (sizeOf: number): number => stargan.complete!({ ...OPTIONS, size: sizeOf, layers: undefined } as never).layers!;
  assert.equal([128, 256, 64, 32, 96, 20].map(layers), [6, 6, 6, 5, 5, 2]);
});

test.run();
