// first driver only: runs of several steps, whose step noise-gans.test.ts takes there
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticDigits } from '../../src/data/synthetic-digits.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import type { ImageSet } from '../../src/data/unpaired.js';
import { savedLearningRate } from '../../src/node/training/saved-rate.js';
import { newSettings, learningRateAt } from '../../src/training/run/settings.js';
import type { TrainFlags } from '../../src/node/training/flags.js';
import { SGD } from '../../src/optim/sgd.js';
import { cgan, gan, type GANOptions } from '../../src/schemes/index.js';
import type { GANNetworks } from '../../src/schemes/gan-step.js';
import type { ObjectiveName } from '../../src/schemes/objectives.js';
import { completeOptions, type TrainerOptions } from '../../src/training/trainer-options.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { Trainer } from '../../src/training/trainer.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

// Runs of GAN and conditional GAN as a Trainer takes them; noise-gans.test.ts compares single steps with PyTorch.

const gpu = await testGpu();
type Scheme = TrainingScheme<GANOptions, GANNetworks>;
type Options = Partial<TrainerOptions<GANOptions, GANNetworks>>;

const OPTIONS = { architecture: 'mlp', size: 8, channels: 1, nz: 4, units: 24, ngf: 2, ndf: 2, dropout: true, batch: 5 } as const;
const digits = syntheticDigits({ count: 12, seed: 1, split: 'train' });
const start = (scheme: Scheme, options: Options = {}, data: ImageSet = digits): Promise<Trainer<GANOptions, GANNetworks>> =>
  Trainer.create(gpu, scheme, data, { ...OPTIONS, learningRate: 0.05, seed: 7, ...options });

test('momentum grows from the first epoch to the 250th as in the code of the first GAN, and the rate falls with each step', async () => {
  const trainer = await start(gan);
  const momentum = async (step: number): Promise<number[]> => {
    trainer.resumeAt(step);
    await trainer.train();
    return Object.values(trainer.optimizers).map((optimizer) => (optimizer as SGD).groups[0]!.options.momentum);
  };
  const { stepsPerEpoch } = trainer;
  assert.is(stepsPerEpoch, 2);
  assert.ok(trainer.optimizers.generatorOptimizer instanceof SGD);
  for (const [epoch, expected] of [
    [0, 0.5],
    [1, 0.5],
    [50.5, 0.5 + (0.2 * 49) / 249],
    [250, 0.7],
    [900, 0.7],
  ] as const)
    for (const each of await momentum(epoch * stepsPerEpoch)) assert.ok(Math.abs(each - expected) < 1e-12, `${epoch}: ${each}`);
  trainer.dispose();
  const { options } = { options: completeOptions(gan, OPTIONS_ONLY) };
  const rate = (scheme: Scheme, step: number, base = 0.1): number => scheme.schedule!({ step, totalSteps: null, base, usual: 0, options });
  assert.is(rate(gan, 0), 0.1);
  assert.ok(Math.abs(rate(gan, 1000) - 0.1 * Math.exp(-1000 * Math.log(1.000004))) < 1e-12);
  assert.ok(Math.abs(rate(cgan, 1000) - 0.1 * Math.exp(-1000 * Math.log(1.00004))) < 1e-12);
  assert.equal([rate(gan, 1e9), rate(cgan, 1e7), rate(cgan, 1e9, 1e-8)], [1e-6, 1e-6, 1e-8]);
  assert.is(gan.schedule!({ step: 9, totalSteps: null, base: 1, usual: 0.25, options: { ...options, optimizer: 'adam' } }), 0.25);
});
const { batch: _, ...OPTIONS_ONLY } = OPTIONS;

test('a momentum that grows is used by a recorded step as by one that is called', async () => {
  const results = [];
  for (const replay of [true, false]) {
    const trainer = await start(gan, { replay });
    for (const step of [0, 1, 400, 401]) {
      trainer.resumeAt(step);
      await trainer.train();
    }
    results.push(await Promise.all([...trainer.networks.generator.namedParameters().values()].map((tensor) => tensor.data())));
    trainer.dispose();
  }
  assert.equal(results[0], results[1]);
});

for (const scheme of [gan, cgan])
  test(`${scheme.title} with a gradient penalty, dropout and all: called, replayed and resumed steps are the same to the bit`, async () => {
    const weights = (trainer: Trainer<GANOptions, GANNetworks>): Promise<Float32Array[]> =>
      Promise.all([...trainer.networks.discriminator.namedParameters().values()].map((tensor) => tensor.data()));
    const [called, replayed] = [await start(scheme, { ganMode: 'wgangp', replay: false }), await start(scheme, { ganMode: 'wgangp' })];
    for (const trainer of [called, replayed]) for (let step = 0; step < 4; step++) await trainer.train();
    const [ofCalled, ofReplayed] = [await called.collectLosses(), await replayed.collectLosses()];
    assert.equal(ofReplayed, ofCalled);
    assert.equal(await weights(replayed), await weights(called));
    called.dispose();

    const save = async (trainer: Trainer<GANOptions, GANNetworks>): Promise<Uint8Array> =>
      collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'any' }));
    const stopped = await start(scheme, { ganMode: 'wgangp' });
    for (let step = 0; step < 2; step++) await stopped.train();
    const saved = await save(stopped);
    stopped.dispose();
    const again = await start(scheme, { ganMode: 'wgangp' });
    again.resumeAt((await restoreCheckpoint(bytesSource(saved), again)).step);
    for (let step = 0; step < 2; step++) await again.train();
    assert.equal(await again.collectLosses(), ofCalled.slice(2));
    assert.equal(await save(again), await save(replayed));
    for (const trainer of [again, replayed]) trainer.dispose();
  });

test('generated images are to show what real ones of the batch do, chosen anew by seed and step', async () => {
  const wanted = async (seed: number, step: number): Promise<number[]> => {
    const inputs = cgan.inputs!(gpu, { ...OPTIONS, batch: 5 });
    const { networks, optimizers, options, dispose } = await parts(seed);
    cgan.prepare!({ step, epoch: 0, seed, batch: 5, inputs, networks, optimizers, options });
    const chosen = [...(await inputs.wanted!.ints())];
    dispose();
    for (const tensor of Object.values(inputs)) tensor.dispose();
    return chosen;
  };
  const parts = async (seed: number) => {
    const trainer = await start(cgan, { seed });
    return {
      ...trainer,
      networks: trainer.networks,
      optimizers: trainer.optimizers,
      options: trainer.options,
      dispose: () => trainer.dispose(),
    };
  };
  const first = await wanted(1, 0);
  assert.ok(first.every((each) => Number.isInteger(each) && each >= 0 && each < 5));
  assert.equal(await wanted(1, 0), first);
  const others = [await wanted(1, 1), await wanted(1, 2), await wanted(2, 0)];
  assert.ok(others.every((each) => each.join() !== first.join()));
});

test('labels matter to a conditional GAN, and only to it', async () => {
  const relabelled: ImageSet = { ...digits, labels: { ...digits.labels, of: (index) => [...digits.labels.of(index)].reverse() } };
  for (const [scheme, differs] of [
    [gan, false],
    [cgan, true],
  ] as const) {
    const losses = [];
    for (const data of [digits, relabelled]) {
      const trainer = await start(scheme, {}, data);
      for (let step = 0; step < 3; step++) await trainer.train();
      losses.push(await trainer.collectLosses());
      trainer.dispose();
    }
    assert.is(JSON.stringify(losses[0]) !== JSON.stringify(losses[1]), differs, scheme.name);
  }
  const { labels: _labels, ...bare } = digits;
  await failure('INVALID_ARGUMENT', () => start(cgan, {}, bare as ImageSet), /labels/);
});

test('evaluating leaves the training as it was; a conditional GAN shows an image for each label, others four', async () => {
  for (const [scheme, columns] of [
    [gan, 4],
    [cgan, 10],
  ] as const) {
    const trainer = await start(scheme);
    await trainer.train();
    const weights = async (): Promise<Float32Array[]> =>
      Promise.all(Object.values(trainer.networks).flatMap((network) => [...network.namedTensors()].map(([, { value }]) => value.data())));
    const before = await weights();
    const evaluator = await scheme.evaluator(gpu, trainer.networks, trainer.options);
    const { image } = await digits.get(0);
    const sample = evaluator.fit({ name: 'x', a: image, b: image, labels: digits.labels.of(0) });
    assert.equal([sample.a.width, sample.labels], [8, digits.labels.of(0)]);
    const [first, again] = [await evaluator.run(sample, 0), await evaluator.run(sample, 0)];
    assert.equal(first, again);
    assert.is(first.made.length, columns);
    assert.is(scheme.pictures(trainer.options, digits.labels).made.length, columns);
    const summary = evaluator.summarize([first.measure]);
    assert.ok(summary.real! > 0 && summary.real! < 1 && summary.fake! > 0 && summary.fake! < 1);
    evaluator.dispose();
    assert.equal(await weights(), before);
    trainer.dispose();
  }
});

test('a verdict is read as the objective means it: a probability of cross-entropy, of others what the discriminator says', async () => {
  const trainer = await start(gan);
  const verdicts = async (ganMode: ObjectiveName): Promise<number[]> => {
    const evaluator = await gan.evaluator(gpu, trainer.networks, { ...trainer.options, ganMode });
    const { image } = await digits.get(0);
    const { measure } = await evaluator.run(evaluator.fit({ name: 'x', a: image, b: image }), 0);
    const { real, fake } = evaluator.summarize([measure]);
    evaluator.dispose();
    return [real!, fake!];
  };
  const says = await verdicts('lsgan');
  for (const name of ['wgangp', 'hinge'] as const) assert.equal(await verdicts(name), says);
  // Of four images the mean is of their probabilities, so only of the one real image it is that of the mean.
  const [real, fake] = (await verdicts('vanilla')) as [number, number];
  assert.ok(Math.abs(real - 1 / (1 + Math.exp(-says[0]!))) < 1e-6, `${real} of ${says[0]}`);
  assert.ok(fake > 0 && fake < 1);
  trainer.dispose();
});

test('what the preset leaves open follows from the kind of networks: size, optimiser, rate and batch', () => {
  const settings = (scheme: Scheme, flags: Record<string, unknown>) => {
    const given = new Set(Object.keys(flags));
    const usual = { architecture: 'mlp', dropout: true, seed: 1 };
    return newSettings(scheme as unknown as TrainingScheme, { ...usual, ...flags } as unknown as TrainFlags, given, true)[0]!;
  };
  const facts = (scheme: Scheme, flags: Record<string, unknown>): unknown[] => {
    const { learningRate, batch, architecture, optimizer } = settings(scheme, flags);
    return [architecture, optimizer, learningRate, batch];
  };
  assert.equal(facts(gan, { preset: 'full' }), ['mlp', null, 0.1, 100]);
  assert.equal(facts(gan, { preset: 'full', architecture: 'conv' }), ['conv', null, 2e-4, 100]);
  assert.equal(facts(gan, { preset: 'full', optimizer: 'adam', batch: 7 }), ['mlp', 'adam', 2e-4, 7]);
  // With a gradient penalty SGD would diverge; who asks for it has it.
  assert.equal(facts(gan, { preset: 'full', 'gan-mode': 'wgangp' }), ['mlp', null, 2e-4, 100]);
  assert.equal(facts(gan, { preset: 'full', 'gan-mode': 'wgangp', optimizer: 'sgd' }), ['mlp', 'sgd', 0.1, 100]);
  assert.equal(facts(cgan, { preset: 'preview' }), ['conv', 'adam', 5e-4, 32]);
  assert.equal(facts(cgan, { preset: 'preview', optimizer: 'sgd' }), ['conv', 'sgd', 0.1, 32]);
  assert.equal(facts(cgan, { preset: 'preview', optimizer: 'sgd', lr: 0.3 }), ['conv', 'sgd', 0.3, 32]);
  const complete = (scheme: Scheme, architecture: 'mlp' | 'conv'): unknown[] => {
    const { size, optimizer } = completeOptions(scheme, { ...OPTIONS_ONLY, size: undefined, architecture });
    return [size, optimizer];
  };
  assert.equal(
    [complete(gan, 'mlp'), complete(gan, 'conv')],
    [
      [28, 'sgd'],
      [32, 'adam'],
    ],
  );
  assert.equal(
    [complete(cgan, 'mlp'), complete(cgan, 'conv')],
    [
      [28, 'sgd'],
      [28, 'adam'],
    ],
  );
  const run = settings(gan, { preset: 'full' });
  const options = completeOptions(gan, OPTIONS_ONLY);
  const scheme = gan as unknown as TrainingScheme;
  assert.ok(
    Math.abs(learningRateAt(run, 100, 120, 10, { trainer: { scheme, options } }) - 0.1 / 1.000004 ** 100) < 1e-12,
    'its own schedule',
  );
  assert.ok(
    learningRateAt(run, 100, 120, 10, { trainer: { scheme, options: { ...options, optimizer: 'adam' } } }) === 0.1,
    'the usual one',
  );
});

test('the rate of a saved run is that of its own schedule, by its options; of a scheme that nobody knows the usual one', () => {
  const saved = (scheme: string, own: object = {}) =>
    savedLearningRate({
      scheme,
      step: 100,
      options: { ...OPTIONS_ONLY, ...own, learningRate: 0.1, batch: 10, epochs: null, steps: 120, totalSteps: 120, trainPairs: 100 },
    })!;
  assert.ok(Math.abs(saved('gan') - 0.1 / 1.000004 ** 100) < 1e-12, String(saved('gan')));
  assert.ok(Math.abs(saved('cgan') - 0.1 / 1.00004 ** 100) < 1e-12, String(saved('cgan')));
  const usual = saved('gan', { optimizer: 'adam' });
  assert.ok(usual < 0.05, String(usual));
  assert.is(saved('unknown'), usual);
});

test('options and networks that cannot be are refused with a mend, and nothing is left behind', async () => {
  const cases: [Scheme, Options, ...(string | RegExp)[]][] = [
    [gan, { size: 9 }, /size/, /even/],
    [gan, { channels: 2 }, /channels/, /1 or 3/],
    [gan, { architecture: 'rnn' as 'mlp' }, /architecture/, /'conv'/],
    [gan, { optimizer: 'rmsprop' as 'sgd' }, /optimizer/, /'adam'/],
    [gan, { architecture: 'conv', size: 28 }, /DCGAN/, /power of two/],
    [cgan, { architecture: 'conv', size: 30 }, /conditional DCGAN/, /multiple of 4/],
    [gan, { units: 0 }, /units/],
    [gan, { dropout: 1 as unknown as boolean }, /dropout/],
    [gan, { networks: { generator: { kind: 'gan-generator', options: { size: 8, nz: 5 } } } }, /networks of GAN/, /4 random numbers/],
    [gan, { networks: { generator: { kind: 'cgan-generator', options: { size: 8, nz: 4 } } } }, /networks of GAN/],
    [cgan, { networks: { generator: { kind: 'cgan-generator', options: { size: 8, nz: 4, labels: 3 } } } }, /10 labels/],
    [gan, { networks: { discriminator: { kind: 'patchgan', options: { inChannels: 3 } } } }, /networks of GAN/, /8 x 8 x 1/],
  ];
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  for (const [scheme, options, ...words] of cases) {
    const error = await failure('INVALID_ARGUMENT', () => start(scheme, options), /expected: /, /received: /, /fix: /);
    for (const word of words) assert.match(error.message, word, JSON.stringify(options));
  }
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('the options of networks out of a file are read off them', () => {
  const generator = { kind: 'cgan-generator', options: { size: 12, nz: 7, units: 60, outChannels: 3 } };
  const options = { architecture: 'mlp', units: 60, size: 12, channels: 3, nz: 7 };
  assert.equal(cgan.optionsOf!({ generator }, 'a file'), options);
  const convolutional = { kind: 'dcgan-generator', options: { size: 64, nz: 7, ngf: 5, outChannels: 1 } };
  assert.equal(
    gan.optionsOf!({ generator: convolutional, discriminator: { kind: 'dcgan-discriminator', options: { ndf: 3 } } }, 'a file'),
    {
      ...{ architecture: 'conv', ndf: 3, ngf: 5, size: 64, channels: 1, nz: 7 },
    },
  );
});

test.run();
