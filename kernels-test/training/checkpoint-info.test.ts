import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { Adam } from '../../src/optim/adam.js';
import { encodeCheckpoint, readCheckpointHeader } from '../../src/training/checkpoint.js';
import { parseCheckpointInfo, type TrainingCheckpoint } from '../../src/training/checkpoint-info.js';
import type { CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import { LIBRARY_VERSION } from '../../src/version.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, goldenPix2Pix, targetOf } from '../harness/models.js';
import { collect } from '../harness/weights.js';

const gpu = await testGpu();
const model = goldenPix2Pix(gpu, { size: 32, ngf: 4, ndf: 4 });
const PROGRESS = {
  options: { size: 32, seed: 7, lambda: 100, direction: 'BtoA', preview: true, data: null },
  step: 3,
  epoch: 1,
  adapter: 'an adapter',
};
/** Options of both networks, as in the reference. */
const VARIANT = { norm: 'batch', bias: 'ends', epsilon: 1e-5, slope: 0.2 };
const GENERATOR = { size: 32, inChannels: 3, outChannels: 3, ngf: 4, ...VARIANT, innermostNorm: false, skip: 'relu' };
const DESCRIPTION: TrainingCheckpoint = {
  format: 'shadegrad-training',
  formatVersion: 2,
  libraryVersion: LIBRARY_VERSION,
  scheme: 'pix2pix',
  networks: {
    generator: {
      kind: 'unet',
      options: { ...GENERATOR, dropout: 0.5, dropoutBlocks: 'innermost', noise: 0, noiseAt: 'input', upsample: 'transposed' },
    },
    discriminator: { kind: 'patchgan', options: { inChannels: 6, ndf: 4, layers: 3, ...VARIANT } },
  },
  optimizers: {
    generatorOptimizer: { network: 'generator', steps: 3 },
    discriminatorOptimizer: { network: 'discriminator', steps: 2 },
  },
  ...PROGRESS,
};

const described = async (target: CheckpointTarget): Promise<TrainingCheckpoint> =>
  readCheckpointHeader(bytesSource(await collect(encodeCheckpoint(target, PROGRESS)), 'file'));

test('the description tells how far the run is and what to build', async () => {
  model.generatorOptimizer.stepCount = 3;
  model.discriminatorOptimizer.stepCount = 2;
  assert.equal(await described(targetOf(model)), DESCRIPTION);
  // Of networks alone, by any names, it says no more than there is.
  const { generator } = model;
  const alone = { ...DESCRIPTION, scheme: null, networks: { painter: DESCRIPTION.networks.generator! }, optimizers: {} };
  assert.equal(await described({ networks: { painter: generator } }), alone);
});

test('an optimiser is described by the network that it trains, and one of none is refused', async () => {
  const { generator, discriminator, generatorOptimizer } = model;
  const swapped = await described({ networks: { discriminator, generator }, optimizers: { first: generatorOptimizer } });
  assert.equal(swapped.optimizers, { first: { network: 'generator', steps: 3 } });
  const half = new Adam(generator.parameters().slice(0, 2));
  const foreign = { networks: { discriminator }, optimizers: { generatorOptimizer } };
  for (const target of [foreign, { networks: { generator }, optimizers: { generatorOptimizer: half } }]) {
    await failure(
      'INVALID_ARGUMENT',
      () => described(target),
      'what generatorOptimizer of a checkpoint trains',
      `all parameters of one of the networks ${Object.keys(target.networks).join()}`,
      'fix:',
    );
  }
  half.dispose();
  await failure('INVALID_ARGUMENT', () => described({ networks: {} }), 'networks of a checkpoint', 'at least one network', 'fix:');
});

test('a description is read back as it was written, and a damaged field is named', async () => {
  const parse = (changes: object): TrainingCheckpoint => parseCheckpointInfo(JSON.stringify({ ...DESCRIPTION, ...changes }), 'file');
  assert.equal(parse({}), DESCRIPTION);
  const unet = DESCRIPTION.networks.generator!;
  const wrong: Record<string, readonly unknown[]> = {
    scheme: [undefined, 7],
    networks: [{}, { generator: null }, { generator: { kind: 7, options: {} } }, { generator: { kind: 'unet', options: null } }],
    optimizers: [
      { a: null },
      { a: { network: 'generator' } },
      { a: { steps: 3 } },
      { a: { network: 'generator', steps: 0.5 } },
      { a: { network: 'generator', steps: 3, stepCounts: { weight: -1 } } },
    ],
  };
  for (const options of [{ size: 33 }, { ngf: 0 }, { strange: 1 }, { norm: [] }]) {
    wrong.networks = [...wrong.networks!, { generator: { kind: 'unet', options: { ...unet.options, ...options } } }];
  }
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) await failure('CHECKPOINT_CORRUPT', () => parse({ [field]: value }), `a valid "${field}"`, 'fix:');
  }
  // A kind that no program has made known yet is no damage.
  const unknown = { networks: { painter: { kind: 'not-registered', options: { depth: 3 } } } };
  assert.equal(parse(unknown).networks, unknown.networks);
});

test.after(() => disposePix2Pix(model));

test.run();
