// A scheme that the library does not know: one network, a number that the scheme keeps on the device, images that it encodes itself.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addScaled, mean, mseLoss, mul } from '../../src/autograd/ops.js';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { RgbImage } from '../../src/data/image.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { parseHeader } from '../../src/formats/safetensors.js';
import { copy } from '../../src/kernels/elementwise.js';
import type { Network } from '../../src/models/kind.js';
import { registerNetwork } from '../../src/models/registry.js';
import type { ForwardOptions } from '../../src/nn/forward.js';
import { Conv2d, Dropout, ReLU, Sequential } from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import { findScheme, registerScheme, SCHEMES } from '../../src/schemes/registry.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from '../../src/training/checkpoint.js';
import type { CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

const gpu = await testGpu();

/** Tells for each pixel whether it belongs to the mask: [batch, height, width, 3] -> [batch, height, width, 1]. */
class Masker extends Module {
  readonly options: { readonly width: number };
  private readonly layers: Sequential;

  constructor({ width = 4 }: { width?: number } = {}) {
    super();
    this.options = { width };
    const first = new Conv2d({ inChannels: 3, outChannels: width, kernel: 3, padding: 1 });
    const last = new Conv2d({ inChannels: width, outChannels: 1, kernel: 1 });
    this.layers = this.child('layers', new Sequential([first, new ReLU(), new Dropout(0.25), last]));
  }

  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.layers.forward(x, options);
  }
}

registerNetwork({
  kind: 'test-masker',
  role: 'generator',
  title: 'masker',
  network: Masker,
  describe: ({ options }) => [`masker of width ${options.width}`],
  exampleInput: () => ({ shape: [1, 8, 8, 3], dynamicAxes: [] }),
});

interface MaskOptions {
  width: number;
  size: number;
  pull: number;
}
type MaskNetworks = { readonly masker: Network };
type MaskScheme = TrainingScheme<MaskOptions, MaskNetworks>;

const scheme: MaskScheme = {
  name: 'test-masking',
  title: 'masking',
  summary: 'Trains a masker.',
  options: { width: { default: 4 }, size: {}, pull: { default: 0.5 } },
  presets: {
    description: 'small',
    full: { epochs: 1, learningRate: 1e-3 },
    preview: { minutes: 1, learningRate: 1e-3 },
    previewScales: { hardware: [{}], software: [{}] },
  },
  describe: ({ width }) => [`width ${width}`],
  networks: ({ width }, { masker = { kind: 'test-masker', options: { width } } }) => ({ masker }),
  optimizers: { maskerOptimizer: { network: 'masker', create: (network, { learningRate }) => new Adam(network, { learningRate }) } },
  // How much of the image the masks of the steps so far have covered.
  state: (gpu) => ({ level: Tensor.from(gpu, [0], [1]) }),
  sizes: ({ size }) => ({ size, loadSize: size, jitter: false }),
  sides: () => ({
    photo: { half: 'a', channels: 3 },
    // A channel that is no grey of the image: whether a pixel has more red than blue.
    mask: {
      half: 'b',
      channels: 1,
      encode: ({ width, data }, size) => {
        const side = size as number;
        const pixel = (index: number): number => 3 * (Math.floor(index / side) * width + (index % side));
        return Uint8Array.from({ length: side * side }, (_, index) => (data[pixel(index)]! > data[pixel(index) + 2]! ? 255 : 0));
      },
    },
  }),
  losses: { error: { label: 'error', plot: 'Losses' }, drift: { label: 'drift', plot: 'Losses' } },
  step({ networks: { masker }, optimizers, state, images, options }) {
    const level = state.level!;
    optimizers.maskerOptimizer!.zeroGrad();
    const made = masker.forward(images.photo!, { training: true });
    const error = mseLoss(made, images.mask!);
    const covered = mean(made);
    const drift = mul(covered, level.reshape([]));
    backward(addScaled(error, drift, 1, options.pull));
    optimizers.maskerOptimizer!.step();
    noGrad(() => copy(addScaled(level, covered.detach().reshape([1]), 0.75, 0.25), level));
    return { error, drift };
  },
  metrics: {},
  pictures: () => ({ given: [], made: [], wanted: [] }),
  evaluator: () => Promise.reject(new Error('nothing is measured here')),
};

const SIDE = 8;
const OPTIONS: TrainerOptions<MaskOptions, MaskNetworks> = { width: 4, size: SIDE, pull: 0.5, batch: 2, learningRate: 1e-2, seed: 5 };

const image = (name: string): RgbImage => ({
  width: SIDE,
  height: SIDE,
  data: Uint8Array.from(values(name, SIDE * SIDE * 3, 100, 128)),
});
const dataset: PairedDataset = {
  name: 'noise',
  length: 5,
  get: (index) => ({ name: String(index), a: image(`a ${index}`), b: image(`b ${index}`) }),
};

type MaskTrainer = Trainer<MaskOptions, MaskNetworks>;
const create = (changes: Partial<typeof OPTIONS> = {}, changed: Partial<MaskScheme> = {}): Promise<MaskTrainer> =>
  Trainer.create(gpu, { ...scheme, ...changed }, dataset, { ...OPTIONS, ...changes });

async function take(trainer: MaskTrainer, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

const save = (trainer: CheckpointTarget & { readonly step: number }): Promise<Uint8Array> =>
  collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: 0, adapter: 'any' }));

const weightsOf = ({ memory }: Network): Promise<Float32Array[]> => Promise.all(memory.windows.map(({ values: flat }) => flat.data()));

/** Fails unless the work does, by these words, and leaves nothing behind. */
async function refused(work: () => Promise<{ dispose(): void }>, ...words: (string | RegExp)[]): Promise<void> {
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  await failure('INVALID_ARGUMENT', work, 'fix:', ...words);
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
}

test('it trains eagerly and replayed to the same bits, and gives everything back', async () => {
  // The first step of all leaves the table by which images are resized, which stays with the device.
  (await create()).dispose();
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  const runs = [];
  for (const replay of [true, false]) {
    const trainer = await create({ replay });
    const losses = await take(trainer, 6);
    runs.push({ losses, file: await save(trainer), level: await trainer.state.level!.data() });
    trainer.dispose();
    await gpu.sync();
    assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
  }
  const [replayed, eager] = runs;
  assert.equal(eager, replayed);
  assert.equal(Object.keys(replayed!.losses[0]!.losses), ['error', 'drift']);
  assert.is(new Set(replayed!.losses.map(({ losses }) => losses.error)).size, 6);
  assert.is(replayed!.losses[0]!.losses.drift, 0, 'the level begins at 0');
  assert.ok(replayed!.losses.every(({ losses }) => Object.values(losses).every(Number.isFinite)));
  assert.ok(replayed!.level[0] !== 0, 'the level has moved');
});

test('what a step sees of an image is what the scheme encodes, in [-1, 1]', async () => {
  const seen: Promise<Float32Array>[] = [];
  const trainer = await create(
    { batch: 1, replay: false },
    {
      step(context) {
        seen.push(context.images.mask!.data());
        return scheme.step(context);
      },
    },
  );
  await take(trainer, 5);
  const kept = (index: number): number[] => {
    const { data } = image(`b ${index}`);
    return Array.from({ length: SIDE * SIDE }, (_, pixel) => (data[3 * pixel]! > data[3 * pixel + 2]! ? 1 : -1));
  };
  const masks = (await Promise.all(seen)).map((mask) => [...mask].join());
  assert.equal(masks.sort(), [0, 1, 2, 3, 4].map((index) => kept(index).join()).sort());
  trainer.dispose();
});

test('every option that the scheme names reaches its step, and those that are left out have their default', async () => {
  const losses = async (changes: Partial<typeof OPTIONS>): Promise<unknown> => {
    const trainer = await create(changes);
    const taken = await take(trainer, 3);
    trainer.dispose();
    return taken;
  };
  const plain = await losses({});
  const trainer = await Trainer.create(gpu, scheme, dataset, { size: SIDE, batch: 2, learningRate: 1e-2, seed: 5 } as typeof OPTIONS);
  assert.equal(trainer.options, { width: 4, size: SIDE, pull: 0.5 });
  assert.equal(await take(trainer, 3), plain);
  trainer.dispose();
  for (const changes of [{ pull: 2 }, { width: 5 }, { networks: { masker: { kind: 'test-masker', options: { width: 3 } } } }]) {
    assert.not.equal(await losses(changes), plain, JSON.stringify(changes));
  }
  await refused(() => create({ strange: 1 } as object), /strange/);
});

test('its checkpoint says what it is of, holds its state, and goes on to the bit', async () => {
  const whole = await create();
  const before = await take(whole, 3);
  const file = await save(whole);
  const after = await take(whole, 3);

  const source = bytesSource(file, 'file');
  const { scheme: name, networks, optimizers } = await readCheckpointHeader(source);
  assert.is(name, 'test-masking');
  assert.equal(networks, { masker: { kind: 'test-masker', options: { width: 4 } } });
  assert.equal(optimizers, { maskerOptimizer: { network: 'masker', steps: 3 } });
  const tensors = parseHeader(file, file.length).tensors.map((tensor) => tensor.name);
  assert.ok(tensors.includes('state.level'));
  assert.ok(
    tensors.every((tensor) => /^(masker|state|maskerOptimizer|__checksums__)(\.|$)/.test(tensor)),
    tensors.join(),
  );

  const resumed = await create({ seed: 5 });
  for (const { values: flat } of resumed.networks.masker.memory.windows) flat.write(values('other', flat.size));
  await restoreCheckpoint(source, resumed);
  resumed.resumeAt(3);
  assert.equal(await take(resumed, 3), after);
  assert.equal(await save(resumed), await save(whole));
  assert.not.equal(after, before);

  // Were the state not restored, the run would be another one.
  await restoreCheckpoint(source, resumed);
  resumed.resumeAt(3);
  resumed.state.level!.write([0]);
  assert.not.equal(await take(resumed, 3), after);
  for (const trainer of [whole, resumed]) trainer.dispose();
});

test('a checkpoint without the state, or of another scheme, is refused and changes nothing', async () => {
  const trainer = await create();
  await take(trainer, 2);
  const { networks, optimizers, state, step } = trainer;
  const weights = await weightsOf(networks.masker);
  const stateless = bytesSource(await save({ scheme, networks, optimizers, step }), 'stateless');
  const foreign = bytesSource(await save({ scheme: pix2pix, networks, optimizers, state, step }), 'foreign');
  await take(trainer, 1);
  const before = await save(trainer);
  await failure('CHECKPOINT_MISMATCH', () => restoreCheckpoint(stateless, trainer), 'stateless', '"state.level" is missing');
  await failure(
    'CHECKPOINT_MISMATCH',
    () => restoreCheckpoint(foreign, trainer),
    'expected: scheme test-masking',
    'received: scheme pix2pix',
  );
  assert.equal(await save(trainer), before);
  // The network alone comes from it all the same.
  const masker = new Masker().to(gpu, { seed: 1 });
  await restoreCheckpoint(stateless, { networks: { masker } });
  assert.equal(await weightsOf(masker), weights);
  masker.dispose();
  trainer.dispose();
});

test('losses other than those that the scheme names are refused, replayed and eager', async () => {
  const results: [Record<string, unknown> | undefined, ...(string | RegExp)[]][] = [
    [{ drift: 'a number' }, 'received: no error'],
    [{ error: 'a number', drift: 'a number', strange: 'a number' }, 'received: strange'],
    [{ error: 'several', drift: 'a number' }, 'received: error of several numbers'],
    [{ error: 'several', strange: 'a number' }, 'received: no drift, strange, error of several numbers'],
    [{ error: 0.5, drift: 'a number' }, 'received: error'],
    [undefined, 'received: undefined'],
  ];
  for (const [result, ...words] of results) {
    const step: MaskScheme['step'] = (context) => {
      const { error } = scheme.step(context);
      const tensors: Record<string, unknown> = { 'a number': error, several: context.images.mask };
      if (result === undefined) return undefined as never;
      return Object.fromEntries(Object.entries(result).map(([name, kind]) => [name, tensors[kind as string] ?? kind])) as never;
    };
    await refused(() => create({}, { step }), 'losses that step() ', 'masking', 'one number for each of error, drift', ...words);
    const eager = await create({ replay: false }, { step });
    await failure('INVALID_ARGUMENT', () => eager.train(), ...words);
    eager.dispose();
  }
});

test('a scheme whose parts do not go together is refused, and nothing stays on the device', async () => {
  const { create: adam } = scheme.optimizers.maskerOptimizer!;
  await refused(
    () => create({}, { optimizers: { maskerOptimizer: { network: 'painter', create: adam } } }),
    'network that maskerOptimizer of masking trains',
    'expected: one of masker',
    'received: painter',
  );
  const strange = { painter: { kind: 'test-masker', options: {} } };
  await refused(() => create({ networks: strange as object }), 'networks of masking: masker', 'received: painter');
  await refused(() => create({}, { sizes: () => ({ size: SIDE, loadSize: SIDE - 2, jitter: true }) }), 'loadSize of at least the size');
  await refused(() => create({ networks: { masker: { kind: 'no-such-kind', options: {} } } }), 'no-such-kind', 'registerNetwork');
  const broken = (): never => {
    throw new Error('broken');
  };
  for (const changed of [
    { state: broken },
    { sides: broken },
    { step: broken },
    { optimizers: { one: { network: 'masker', create: broken } } },
  ]) {
    await gpu.sync();
    const { tensors, bytesInUse } = gpu.memory();
    let caught: unknown;
    await create({}, changed).catch((error: unknown) => (caught = error));
    assert.is((caught as Error | undefined)?.message, 'broken');
    await gpu.sync();
    assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse], Object.keys(changed).join());
  }
});

test('names that a checkpoint could not tell apart are refused', async () => {
  const row = scheme.optimizers.maskerOptimizer!;
  for (const name of ['masker', 'state', 'a.b', '', '__checksums__']) {
    await refused(
      () => create({}, { optimizers: { [name]: row } }),
      'names of the networks and optimisers of masking',
      `received: '${name}'`,
    );
  }
  const networks = (): never => ({ state: { kind: 'test-masker', options: {} } }) as never;
  await refused(() => create({}, { networks }), "received: 'state'");
});

test('bytes of another number than the image has are refused by the sample and the side', async () => {
  const { photo, mask } = scheme.sides(OPTIONS, {} as never);
  for (const [bytes, received] of [
    [new Uint8Array(SIDE * SIDE - 1), 'received: 63 bytes'],
    [new Uint8Array(SIDE * SIDE * 3), 'received: 192 bytes'],
    [new Float32Array(SIDE * SIDE), 'received: '],
    [undefined, 'received: undefined'],
  ] as const) {
    const trainer = await create({}, { sides: () => ({ photo: photo!, mask: { ...mask!, encode: () => bytes as never } }) });
    await failure('IMAGE_SIZE', () => trainer.train(), /^mask of \d/, 'expected: 64 bytes: [8, 8, 1]', received, 'encode()');
    assert.is(trainer.step, 0);
    trainer.dispose();
  }
});

test('a scheme is registered once, under a name of its own', async () => {
  assert.is(findScheme(scheme.name), null);
  registerScheme(scheme);
  assert.is(findScheme(scheme.name), scheme);
  assert.is(SCHEMES.at(-1)!.name, 'test-masking');
  const { length } = SCHEMES;
  const wrong: [object, string][] = [
    [scheme, 'received: test-masking'],
    [{ ...scheme, name: 'pix2pix' }, 'received: pix2pix'],
    [{ ...scheme, name: '' }, 'name of the training scheme masking'],
    [{ ...scheme, name: undefined }, 'received: undefined'],
    [{ name: 'another' }, 'title of the training scheme another'],
  ];
  for (const [row, words] of wrong) await failure('INVALID_ARGUMENT', () => registerScheme(row as MaskScheme), words, 'fix:');
  assert.is(SCHEMES.length, length);
});

test.run();
