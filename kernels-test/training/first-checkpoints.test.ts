// Checkpoints of the first version, 'shadegrad-pix2pix': one that such a version wrote, and such descriptions over today's tensors.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { parseHeader } from '../../src/formats/safetensors.js';
import { PatchGAN, type PatchGANOptions } from '../../src/models/patchgan.js';
import { UNet, type UNetOptions } from '../../src/models/unet.js';
import { Adam } from '../../src/optim/adam.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { checkpointBlocks, type CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import oldRun from '../goldens/old_run.json';
import { rewritten } from '../harness/checkpoint-files.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, goldenPix2Pix, targetOf, type PaperModel } from '../harness/models.js';
import { collect } from '../harness/weights.js';

const gpu = await testGpu();

/** Networks of other weights than those of a file, in which nothing of them can be left. */
function fresh(g: UNetOptions, d: PatchGANOptions): PaperModel {
  const generator = new UNet({ size: 32, ...g }).to(gpu, { seed: 11 });
  const discriminator = new PatchGAN(d).to(gpu, { seed: 12 });
  return { generator, discriminator, generatorOptimizer: new Adam(generator), discriminatorOptimizer: new Adam(discriminator) };
}

/** Everything that a checkpoint holds of a target, by the names of the file. */
async function stateOf(target: CheckpointTarget): Promise<Record<string, Uint8Array | object>> {
  const state: Record<string, Uint8Array | object> = {};
  for (const { name, shape, storage, offset } of checkpointBlocks(target).flat()) {
    const { buffer } = await gpu.read(storage, offset * 4, 4 * shape.reduce((product, length) => product * length, 1));
    state[name] = new Uint8Array(buffer);
  }
  for (const [name, optimizer] of Object.entries(target.optimizers ?? {}))
    state[`${name} steps`] = Object.fromEntries(optimizer.stepCounts());
  return state;
}

/** What a file has for each tensor but its checksums. */
function contentsOf(file: Uint8Array): Record<string, Uint8Array> {
  const { tensors, dataStart } = parseHeader(file, file.length);
  assert.ok(tensors.every(({ start }) => start >= dataStart));
  return Object.fromEntries(tensors.slice(0, -1).map(({ name, start, end }) => [name, file.slice(start, end)]));
}

async function oldFile(): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(oldRun.checkpoint), (character) => character.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

test('a file of that version comes back whole, and is written as one of today', async () => {
  const file = await oldFile();
  assert.match(parseHeader(file, file.length).metadata.get('shadegrad')!, /^{"format":"shadegrad-pix2pix","formatVersion":1,/);
  const model = fresh({ ngf: 1 }, { ndf: 1 });
  const info = await restoreCheckpoint(bytesSource(file, 'old'), targetOf(model), { options: { size: 32, seed: 1, direction: 'BtoA' } });
  const state = await stateOf(targetOf(model));
  const contents = contentsOf(file);
  for (const [name, bytes] of Object.entries(contents)) assert.equal(state[name], bytes, name);
  assert.is(Object.keys(state).length, Object.keys(contents).length + 2);
  for (const optimizer of [model.generatorOptimizer, model.discriminatorOptimizer]) {
    assert.equal([...new Set(optimizer.stepCounts().values())], [8]);
  }

  const { format, formatVersion, scheme, networks, optimizers, options, step, epoch, adapter, choices } = info;
  assert.equal([format, formatVersion, scheme, step, epoch], ['shadegrad-training', 2, 'pix2pix', 8, 0]);
  assert.equal([options.ngf, options.learningRate, options.from, adapter], [1, 0.001, null, 'SwiftShader driver 5.0.0']);
  assert.ok(Object.keys(choices!).length > 0);
  assert.equal(networks, {
    generator: { kind: 'unet', options: model.generator.options },
    discriminator: { kind: 'patchgan', options: model.discriminator.options },
  });
  assert.equal(optimizers, {
    generatorOptimizer: { network: 'generator', steps: 8 },
    discriminatorOptimizer: { network: 'discriminator', steps: 8 },
  });
  const again = await collect(encodeCheckpoint(targetOf(model), info));
  assert.equal(contentsOf(again), contents);
  assert.equal(await readCheckpointHeader(bytesSource(again, 'again')), info);
  disposePix2Pix(model);
});

const SMALL = { size: 32, ngf: 2, ndf: 2 };
const PROGRESS = { options: { size: 32, dropout: false }, step: 3, epoch: 1, adapter: 'an adapter' };
const LATE = 'model.model.0.weight';
const source = Tensor.from(gpu, values('source', 32 * 32 * 3), [1, 32, 32, 3]);
const target = Tensor.from(gpu, values('target', 32 * 32 * 3), [1, 32, 32, 3]);
const losses = Tensor.from(gpu, [0, 0, 0, 0], [4]);

function take(model: PaperModel, steps: number): void {
  for (let step = 0; step < steps; step++) pix2pixStep(model, source, target, losses, { dropout: false });
}

type Description = Record<string, unknown>;

/** The description that the first version wrote of such a run; null for a run without the discriminator. */
function firstDescription(
  changes: Description = {},
  discriminator: Description | null = { inChannels: 6, ndf: 2, layers: 3 },
): Description {
  return {
    format: 'shadegrad-pix2pix',
    formatVersion: 1,
    libraryVersion: '0.1.0',
    architecture: { generator: { size: 32, inChannels: 3, outChannels: 3, ngf: 2 }, discriminator },
    ...PROGRESS,
    generatorSteps: 3,
    discriminatorSteps: 3,
    ...changes,
  };
}

const encoded = (of: CheckpointTarget): Promise<Uint8Array> => collect(encodeCheckpoint(of, PROGRESS));
const first = (file: Uint8Array, description: Description) =>
  bytesSource(
    rewritten(file, () => description),
    'first.safetensors',
  );

/** Three steps, the first layer of the generator thawed after two. */
const trained = goldenPix2Pix(gpu, SMALL);
const late = trained.generator.namedParameters().get(LATE)!;
late.requiresGrad = false;
take(trained, 2);
late.requiresGrad = true;
take(trained, 1);
const bytes = await encoded(targetOf(trained));
const thawed = { generatorStepCounts: { [LATE]: 1 } };

test('step counts of parameters that were frozen for a while come back, and the run goes on to the bit', async () => {
  const model = fresh({ ngf: 2 }, { ndf: 2 });
  const info = await restoreCheckpoint(first(bytes, firstDescription(thawed)), targetOf(model));
  assert.equal(info.optimizers, {
    generatorOptimizer: { network: 'generator', steps: 3, stepCounts: { [LATE]: 1 } },
    discriminatorOptimizer: { network: 'discriminator', steps: 3 },
  });
  assert.is(model.generatorOptimizer.stepCounts().get(LATE), 1);
  assert.equal(await stateOf(targetOf(model)), await stateOf(targetOf(trained)));
  disposePix2Pix(model);

  // Under the optimisers of the run itself, whose options a file does not hold.
  const whole = goldenPix2Pix(gpu, SMALL);
  const resumed = goldenPix2Pix(gpu, SMALL);
  for (const each of [whole, resumed]) await restoreCheckpoint(first(bytes, firstDescription(thawed)), targetOf(each));
  await restoreCheckpoint(bytesSource(bytes, 'today'), targetOf(whole));
  for (const each of [whole, resumed]) take(each, 2);
  assert.equal(await stateOf(targetOf(resumed)), await stateOf(targetOf(whole)));
  assert.is(resumed.generatorOptimizer.stepCounts().get(LATE), 3);

  const strange = first(bytes, firstDescription({ discriminatorStepCounts: { strange: 1 } }));
  await failure('CHECKPOINT_MISMATCH', () => restoreCheckpoint(strange, targetOf(resumed)), 'the steps of "strange" have no place');
  for (const each of [whole, resumed]) disposePix2Pix(each);
});

test('a generator alone is restored alone, from a file of it and from that of a run', async () => {
  const alone = await encoded({ networks: { generator: trained.generator } });
  const steps = { generatorSteps: 0, discriminatorSteps: 0 };
  const small = first(alone, firstDescription(steps, null));
  const { networks, optimizers, scheme } = await readCheckpointHeader(small);
  assert.equal([Object.keys(networks), optimizers, scheme], [['generator'], {}, 'pix2pix']);
  const wanted = await stateOf({ networks: { generator: trained.generator } });
  for (const file of [small, first(bytes, firstDescription(thawed))]) {
    const generator = new UNet({ size: 32, ngf: 2 }).to(gpu, { seed: 9, training: false });
    await restoreCheckpoint(file, { networks: { generator } });
    assert.equal(await stateOf({ networks: { generator } }), wanted);
    generator.dispose();
  }
  const before = await stateOf(targetOf(trained));
  await failure('CHECKPOINT_MISMATCH', () => restoreCheckpoint(small, targetOf(trained)), 'generator alone, without optimisers');
  assert.equal(await stateOf(targetOf(trained)), before);
});

test('options that such a file leaves out are those of the reference, and those that it names are told apart', async () => {
  const named = { norm: 'instance', bias: 'everywhere', slope: 0.3, skip: 'leaky', dropoutBlocks: 'middle' } as const;
  const judged = { norm: 'none', bias: 'everywhere', epsilon: 1e-3 } as const;
  const model = fresh({ ngf: 2, ...named }, { ndf: 2, ...judged });
  const description = firstDescription({
    architecture: {
      generator: { size: 32, inChannels: 3, outChannels: 3, ngf: 2, ...named },
      discriminator: { inChannels: 6, ndf: 2, layers: 3, ...judged },
    },
  });
  const file = first(await encoded(targetOf(model)), { ...description, generatorSteps: 0, discriminatorSteps: 0 });
  const { networks } = await restoreCheckpoint(file, targetOf(model));
  // The options of the run say that nothing was dropped.
  assert.equal(networks.generator, { kind: 'unet', options: { ...model.generator.options, dropout: 0 } });
  assert.equal(networks.discriminator, { kind: 'patchgan', options: model.discriminator.options });
  await failure(
    'CHECKPOINT_MISMATCH',
    () => restoreCheckpoint(file, targetOf(trained)),
    "expected: the generator's dropoutBlocks innermost, the generator's norm batch",
    "received: the generator's dropoutBlocks middle, the generator's norm instance",
    "the discriminator's norm none",
  );
  disposePix2Pix(model);
});

test('how much is dropped is what the options of the run say', async () => {
  for (const [dropout, rate] of [
    [true, 0.5],
    [false, 0],
  ]) {
    const { networks } = await readCheckpointHeader(first(bytes, firstDescription({ options: { dropout } })));
    assert.is((networks.generator!.options as UNetOptions).dropout, rate);
  }
});

test('a run of another scheme does not go on from it', async () => {
  const file = first(bytes, firstDescription());
  await failure(
    'CHECKPOINT_MISMATCH',
    () => restoreCheckpoint(file, { ...targetOf(trained), scheme: { name: 'another' } }),
    'expected: scheme another',
    'received: scheme pix2pix',
  );
});

test('a damaged field is named as the file has it', async () => {
  const { generator, discriminator } = firstDescription().architecture as Record<'generator' | 'discriminator', object>;
  const wrong: Record<string, readonly unknown[]> = {
    architecture: [
      undefined,
      -1,
      ['x'],
      {},
      { generator },
      { generator: null, discriminator },
      { generator, discriminator: {} },
      { generator: { ...generator, size: undefined }, discriminator },
      { generator: { ...generator, ngf: 0 }, discriminator },
      { generator: { ...generator, size: 33 }, discriminator },
      ...[{ norm: 'layer' }, { bias: 1 }, { epsilon: 0 }, { epsilon: '1e-5' }, { slope: -1 }, { skip: null }, { innermostNorm: 'yes' }].map(
        (variant) => ({ generator: { ...generator, ...variant }, discriminator }),
      ),
      { generator, discriminator: { ...discriminator, norm: 'layer' } },
      { generator, discriminator: { ...discriminator, layers: 1e9 } },
    ],
    generatorSteps: [undefined, -1, '3', 1.5],
    discriminatorSteps: [undefined, -1, ['x']],
    generatorStepCounts: [-1, ['x'], { [LATE]: -1 }, null],
    discriminatorStepCounts: [{ x: '1' }],
    step: [undefined, -1, ['x']],
    epoch: [undefined, -1, ['x']],
    options: [undefined, -1, ['x'], { size: [32] }],
    adapter: [undefined, -1, ['x']],
    libraryVersion: [undefined, -1, ['x']],
    choices: [-1, ['x']],
  };
  const before = await stateOf(targetOf(trained));
  for (const [field, damages] of Object.entries(wrong)) {
    for (const damage of damages) {
      const received = damage === undefined ? 'nothing' : JSON.stringify(damage).slice(0, 40);
      await failure(
        'CHECKPOINT_CORRUPT',
        () => restoreCheckpoint(first(bytes, firstDescription({ [field]: damage })), targetOf(trained)),
        'first.safetensors: the description of the run is damaged',
        `a valid "${field}"`,
        `received: ${received}`,
      );
    }
  }
  assert.equal(await stateOf(targetOf(trained)), before);
});

test('a name of one version with the number of the other is no version that there is', async () => {
  for (const [format, formatVersion] of [
    ['shadegrad-pix2pix', 2],
    ['shadegrad-pix2pix', '1'],
    ['shadegrad-training', 1],
  ]) {
    await failure(
      'CHECKPOINT_VERSION',
      () => readCheckpointHeader(first(bytes, firstDescription({ format, formatVersion }))),
      'expected: format version 2 or 1',
      `received: format version ${JSON.stringify(formatVersion)}`,
    );
  }
});

test.after(() => disposePix2Pix(trained));

test.run();
