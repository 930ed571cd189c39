// first driver only: whole runs; on SwiftShader stargan.test.ts takes such steps of one set
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { joinLabelledSets } from '../../src/data/label-sets.js';
import { placedSets, targetLabels } from '../../src/data/labels.js';
import type { ImageSet, Labelling } from '../../src/data/unpaired.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import type { Network } from '../../src/models/kind.js';
import { withLabels } from '../../src/models/labels.js';
import { buildNetwork } from '../../src/models/registry.js';
import { cgan, dcgan, stargan, type StarGANNetworks, type StarGANOptions } from '../../src/schemes/index.js';
import { trainStarGAN } from '../../src/schemes/stargan-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { mostInStep } from '../../src/training/batches.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { Translator } from '../../src/training/translator.js';
import golden from '../goldens/stargan_both.json';
import { generate, hashName, pcg, type GeneratedArray } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

// StarGAN on two sets with labels of their own: steps beside PyTorch's, which scripts/goldens/stargan_both.py takes, and runs of a Trainer.

const gpu = await testGpu();
const { batch } = golden;

type Losses = Readonly<Record<string, number>>;

function picture(name: string): RgbImage {
  const seed = hashName(name);
  return { width: 16, height: 16, data: Uint8Array.from({ length: 768 }, (_, i) => pcg((seed ^ pcg(i >> 4)) >>> 0) >>> 24) };
}

/** A set of images with labels, and the indices of those that were read. */
function labelled(name: string, labelling: Labelling, rows: readonly (readonly number[])[]): ImageSet & { read: number[] } {
  const read: number[] = [];
  return {
    kind: 'images',
    name,
    length: rows.length,
    read,
    get: (index) => {
      read.push(index);
      return { name: `${name} ${index}`, image: picture(`${name} ${index}`) };
    },
    labels: { ...labelling, of: (index) => rows[index]! },
  };
}

// Beside PyTorch

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
const oneHot = (index: number, count: number): number[] => Array.from({ length: count }, (_, at) => Number(at === index));
const both = joinLabelledSets([
  labelled('first', { names: names('attribute', golden.attributes), exclusive: false }, (golden.labels[0] as number[][][]).flat()),
  labelled(
    'second',
    { names: names('class', golden.classes), exclusive: true },
    (golden.labels[1] as number[][]).flat().map((index) => oneHot(index, golden.classes)),
  ),
]);
const rounds = both.parts![0]! / batch;

async function assertGradients(networks: StarGANNetworks, summaries: readonly ArraySummary[], label: string): Promise<void> {
  for (const summary of summaries) {
    const [, network, name] = /^(\w+)\.(.*)$/.exec(summary.name)!;
    const gradient = (networks as Record<string, Network>)[network!]!.namedParameters().get(name!)!.grad;
    assert.ok(gradient, `${label}: ${summary.name}`);
    assertMatchesSummary(await gradient.data(), summary, { relative: 1e-3 });
  }
}

test("networks have PyTorch's parameters, also the paper's for CelebA with RaFD", () => {
  const small = stargan.complete!({ ...golden.options, decay: 'linear', mirror: false }, both.labels);
  const papers: Labelling = joinLabelledSets([
    labelled('celeba', { names: names('attribute', 5), exclusive: false }, [[0, 0, 0, 0, 0]]),
    labelled('rafd', { names: names('class', 8), exclusive: true }, [oneHot(0, 8)]),
  ]).labels!;
  const large = stargan.complete!({ ...small, size: 256, ngf: 64, ndf: 64, blocks: 6, layers: 6 }, papers);
  for (const [options, labels, counts] of [
    [small, both.labels!, golden.counts.small],
    [large, papers, golden.counts.papers],
  ] as const)
    for (const [name, architecture] of Object.entries(stargan.networks(options, {}, labels)))
      assert.is(buildNetwork(architecture).parameterCount, counts[name as keyof StarGANNetworks], name);
});

test(`${golden.losses.length} steps that take turns between two sets have PyTorch's losses, images and gradients`, async () => {
  const options = stargan.complete!({ ...golden.options, decay: 'linear', mirror: false }, both.labels);
  const networks = Object.fromEntries(
    Object.entries(stargan.networks(options, {}, both.labels)).map(([name, architecture]) => {
      const network = buildNetwork(architecture).to(gpu, { seed: 1 });
      const described = golden.parameters[name as keyof StarGANNetworks] as Record<string, GeneratedArray>;
      for (const [parameter, tensor] of network.namedParameters()) tensor.write(generate(described[parameter]!));
      return [name, network];
    }),
  ) as unknown as StarGANNetworks;
  const { generator } = networks;
  const optimizers = Object.fromEntries(
    Object.entries(stargan.optimizers).map(([name, { network, create }]) => [
      name,
      create((networks as Record<string, Network>)[network]!, { ...options, learningRate: golden.learningRate }),
    ]),
  );
  const inputs = gpu.scope(() => stargan.inputs!(gpu, { ...options, batch }));
  for (const [step, expected] of (golden.losses as Losses[]).entries()) {
    const [set, round] = [step % 2, Math.floor(step / 2)];
    const first = set * both.parts![0]! + (round % rounds) * batch;
    const rows = Array.from({ length: batch }, (_, image) => [...both.labels!.of(first + image)]);
    inputs.targets!.write(Int32Array.from(golden.orders[step]!));
    inputs.shares!.write(generate(golden.shares[step]!));
    const image = golden.images[set]![round % rounds]!;
    const real = Tensor.from(gpu, generate(image), image.shape).keep();
    const labels = Tensor.from(gpu, rows.flat(), [batch, rows[0]!.length]).keep();
    const compared = round + 1 === options.nCritic ? golden.first[set]! : undefined;
    if (compared) {
      // The generator learns at the end of the step: what it makes now is what it makes in the step.
      const wanted = golden.orders[step]!.flatMap((each) => rows[each]!);
      const made = gpu.scope(() => {
        const there = generator.forward(withLabels(real, Tensor.from(gpu, wanted, labels.shape)));
        return { made: there, again: generator.forward(withLabels(there, labels)) };
      });
      for (const summary of compared.made as ArraySummary[]) {
        assertMatchesSummary(await made[summary.name as keyof typeof made].data(), summary, { relative: 1e-4 });
        made[summary.name as keyof typeof made].dispose();
      }
    }
    const phase = stargan.phase!(round, options);
    const context = { networks, optimizers, state: {}, inputs, options, images: { real }, labels, phase, parts: 1 };
    const losses = gpu.scope(() => trainStarGAN({ ...context, labelSet: placedSets(both.labels!)[set]! }));
    assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort(), `step ${step}`);
    for (const [name, tensor] of Object.entries(losses)) {
      // After some steps what rounding does has grown: twice as much as it does to PyTorch is allowed.
      const relative = step < 5 ? 1e-4 : Math.max(1e-4, 2 * (golden.spread as Losses)[name]!);
      assertClose([(await tensor.data())[0]!], [expected[name]!], { relative, label: `${name} of step ${step}` });
      tensor.dispose();
    }
    if (compared) await assertGradients(networks, compared.gradients as ArraySummary[], `step ${step}`);
    for (const tensor of [real, labels]) tensor.dispose();
  }
  for (const part of [...Object.values(optimizers), ...Object.values(networks), ...Object.values(inputs)] as { dispose(): void }[])
    part.dispose();
});

// Runs

const OPTIONS: StarGANOptions & { batch: number; learningRate: number; seed: number } = {
  ...{ size: 16, ngf: 2, ndf: 2, blocks: 1, layers: 2, lambdaCls: 1, lambdaRec: 10, lambdaGp: 10, nCritic: 2 },
  ...{ decay: 'linear', mirror: true, batch: 2, learningRate: 2e-3, seed: 7 },
};

const HAIR: Labelling = { names: ['black', 'blond', 'smiling'], exclusive: false, groups: [['black', 'blond']] };
const MOODS: Labelling = { names: ['happy', 'sad'], exclusive: true };
const faces = labelled(
  'faces',
  HAIR,
  Array.from({ length: 7 }, (_, index) => [Number(index % 3 === 0), Number(index % 3 === 1), index % 2]),
);
const moods = labelled(
  'moods',
  MOODS,
  Array.from({ length: 5 }, (_, index) => oneHot(index % 2, 2)),
);
const joined = joinLabelledSets([faces, moods]);
const labelling = joined.labels!;

type Run = Trainer<StarGANOptions, StarGANNetworks>;

const start = (options: Partial<TrainerOptions<StarGANOptions, StarGANNetworks>> = {}, dataset: ImageSet = joined): Promise<Run> =>
  Trainer.create(gpu, stargan, dataset, { ...OPTIONS, ...options });

async function take(trainer: Run, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

const save = (trainer: Run): Promise<Uint8Array> =>
  collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'any' }));

async function run(options: Parameters<typeof start>[0], steps: number): Promise<{ losses: TrainedStep[]; saved: Uint8Array }> {
  const trainer = await start(options);
  const losses = await take(trainer, steps);
  const saved = await save(trainer);
  trainer.dispose();
  return { losses, saved };
}

test('called, replayed and resumed steps are the same to the bit; the generator learns in both steps of every second round', async () => {
  const [whole, eager] = [await run({}, 9), await run({ replay: false }, 9)];
  assert.equal(eager.losses, whole.losses);
  assert.equal(eager.saved, whole.saved);
  for (const { step, losses } of whole.losses) {
    assert.is('generatorFake' in losses, [3, 4, 7, 8].includes(step), `step ${step}`);
    assert.ok(Object.values(losses).every(Number.isFinite), `step ${step}`);
  }
  // In the midst of a round, whose other half is to come.
  const { saved } = await run({}, 3);
  const again = await start();
  await take(again, 2);
  again.resumeAt((await restoreCheckpoint(bytesSource(saved), again)).step);
  assert.equal(await take(again, 6), whole.losses.slice(3));
  assert.equal(await save(again), whole.saved);
  again.dispose();
});

test('a step has images of one set; each set has an order of its own, and begins anew at its end', async () => {
  const trainer = await start({ residentBytes: 0 });
  assert.is(trainer.sets, 2);
  assert.is(trainer.stepsPerEpoch, 6);
  for (const set of [faces, moods]) set.read.length = 0;
  await take(trainer, 12);
  trainer.dispose();
  // The step that would come next has been read ahead: one more of the first set.
  assert.is(faces.read.length, 14);
  assert.is(moods.read.length, 12);
  for (const [read, perEpoch] of [
    [faces.read, 6],
    [moods.read, 4],
  ] as const) {
    const epochs = [read.slice(0, perEpoch), read.slice(perEpoch, 2 * perEpoch)];
    for (const epoch of epochs) assert.is(new Set(epoch).size, perEpoch, 'no image twice in an epoch of its set');
    assert.not.equal(epochs[0], epochs[1]);
  }
  assert.ok(Math.max(...moods.read) < moods.length);
});

test('every image is turned into labels of both sets; what is known of it counts, and what is not does not', async () => {
  const trainer = await start();
  assert.equal(stargan.pictures(trainer.options, labelling).made, ['black', 'blond', 'smiling, changed', 'happy', 'sad']);
  const face = [0, 1, 1, 0, 0, 1, 0];
  const mood = [0, 0, 0, 1, 0, 0, 1];
  assert.equal(targetLabels(labelling, face), [
    [1, 0, 1, 0, 0, 1, 0],
    [0, 1, 1, 0, 0, 1, 0],
    [0, 1, 0, 0, 0, 1, 0],
    [0, 0, 0, 1, 0, 0, 1],
    [0, 0, 0, 0, 1, 0, 1],
  ]);
  assert.equal(targetLabels(labelling, mood), [
    [1, 0, 0, 0, 0, 1, 0],
    [0, 1, 0, 0, 0, 1, 0],
    [0, 0, 1, 0, 0, 1, 0],
    [0, 0, 0, 1, 0, 0, 1],
    [0, 0, 0, 0, 1, 0, 1],
  ]);
  // All logits are 0: of those that exclude one another the first is the largest, and of any other none is more likely than not.
  const weight = trainer.networks.discriminator.namedParameters().get('conv2.weight')!;
  weight.write(new Float32Array(weight.size));
  const evaluator = await stargan.evaluator(gpu, trainer.networks, trainer.options, labelling);
  const translator = await Translator.create(gpu, trainer.networks.generator, { size: 16 });
  const image = picture('x');
  for (const [labels, found] of [
    [face, 0],
    [mood, 100],
  ] as const) {
    const { made, measure } = await evaluator.run(evaluator.fit({ name: 'x', a: image, b: image, labels }), 0);
    for (const [index, target] of targetLabels(labelling, labels).entries())
      assert.equal((await translator.translate(image, 0, target)).data, made[index]!.data, String(target));
    assert.is(evaluator.summarize([measure]).labels, found, String(labels));
  }
  assert.throws(() => evaluator.fit({ name: 'x', a: image, b: image, labels: [0, 1, 1, 0, 0] }), /7 labels/);
  evaluator.dispose();
  translator.dispose();
  trainer.dispose();
});

test('of many labels the report shows some of each set', () => {
  const many = joinLabelledSets([
    labelled('celeba', { names: names('attribute', 12), exclusive: false }, [new Array<number>(12).fill(0)]),
    labelled('rafd', { names: names('class', 3), exclusive: true }, [oneHot(0, 3)]),
  ]).labels!;
  const { made } = stargan.pictures(OPTIONS, many);
  assert.equal(made, [...names('attribute', 7).map((name) => `${name}, changed`), ...names('class', 3)]);
});

test('the rate of the authors is that of rounds', () => {
  const rate = (step: number): number =>
    stargan.schedule!({ step, base: 1e-4, usual: 7e-5, totalSteps: 400_000, sets: 2, options: { ...OPTIONS, decay: 'reference' } });
  for (const [step, falls] of [
    [201_999, 0],
    [202_000, 1],
    [399_999, 99],
  ] as const)
    assert.ok(Math.abs(rate(step) - (1e-4 - falls * 1e-9)) < 1e-15, `step ${step}`);
});

test('a scheme that does not see labels draws from all sets as one, in steps of as many images as all of them have', async () => {
  const trainer = await Trainer.create(gpu, dcgan, joined, {
    size: 32,
    nz: 2,
    ngf: 1,
    ndf: 1,
    ganMode: 'vanilla',
    mirror: false,
    learningRate: 1e-3,
    seed: 1,
    batch: joined.length,
  });
  assert.equal([trainer.sets, trainer.stepsPerEpoch, mostInStep(dcgan, joined), mostInStep(stargan, joined)], [1, 1, 12, 5]);
  trainer.dispose();
});

test('sets that cannot be joined, and trainings that take one set, are refused with a mend', async () => {
  const other = (labels: Labelling): ImageSet => labelled('others', labels, [[1, 0]]);
  const joining: [readonly ImageSet[], RegExp][] = [
    [[faces], /two or more/],
    [faces as unknown as ImageSet[], /an array of sets/],
    [[faces, undefined as unknown as ImageSet], /an array of sets/],
    [[faces, { ...moods, labels: undefined } as unknown as ImageSet], /labels of moods.*\n.*one set.*\n.*none/],
    [[faces, joined], /several sets/],
    [[faces, other({ names: ['sad', 'blond'], exclusive: true })], /blond in faces and in others/],
    [[faces, { ...moods, length: 0 }], /length of the set moods/],
  ];
  for (const [sets, words] of joining) await failure('INVALID_ARGUMENT', () => joinLabelledSets(sets), words, /fix: /);
  const wrong: [() => unknown, ...RegExp[]][] = [
    [() => start({ batch: 6 }), /batch of the training/, /1 to 5/],
    [() => start({ labelLoss: 'classes' }), /labelLoss/, /black, blond, smiling\n/],
    [() => start({}, { ...joined, parts: [6, 5] }), /parts/, /joinLabelledSets/],
    [() => start({}, { ...joined, labels: { ...labelling, names: ['black', 'blond', 'sad', 'happy', 'smiling'] } }), /sets of the labels/],
    // Left out, exclusive would make classes attributes, whose loss another one is.
    [
      () =>
        start(
          { labelLoss: 'attributes' },
          { ...joined, labels: { ...labelling, sets: labelling.sets!.map(({ names }) => ({ names })) as never } },
        ),
      /sets of the labels/,
      /exclusive/,
    ],
    [() => start({}, { ...joined, labels: { ...labelling, groups: [['black', 'sad']] } }), /groups of the labels/],
    [() => mostInStep(cgan, joined), /images of one set/, /such as StarGAN/],
  ];
  for (const [make, ...words] of wrong) await failure('INVALID_ARGUMENT', make, ...words, /fix: /);
  for (const row of [
    [0, 0, 1, 0, 0, 1],
    [0, 0, 1, 0, 0, 1, 1],
    [0, 0, 1, 1, 0, 1, 0],
    [0, 0, 0, 0, 0, 0, 1],
  ]) {
    const trainer = await start({}, { ...joined, labels: { ...labelling, of: () => row } });
    await failure('INVALID_ARGUMENT', () => trainer.train(), /7 numbers from 0 to 1.*the labels of other sets 0/);
    trainer.dispose();
  }
});

test.run();
