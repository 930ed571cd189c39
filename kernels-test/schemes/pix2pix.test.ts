import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { RgbImage } from '../../src/data/image.js';
import { expectOptions } from '../../src/checks.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { registerNetwork } from '../../src/models/registry.js';
import type { ForwardOptions } from '../../src/nn/forward.js';
import { Conv2d } from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import { pix2pix, type Pix2PixNetworks, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import type { Architectures } from '../../src/training/scheme.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectTable } from '../../src/training/option-table.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

const OPTIONS: Pix2PixOptions = { size: 32, ngf: 2, ndf: 3, lambda: 100, dropout: true, jitter: true, direction: 'BtoA' };
const RUN: TrainerOptions<Pix2PixOptions> = { ...OPTIONS, learningRate: 1e-3, seed: 3, replay: false };
type Given = Partial<Architectures<Pix2PixNetworks>>;
const unet = (options: object): NetworkArchitecture => ({ kind: 'unet', options });
const patchgan = (options: object): NetworkArchitecture => ({ kind: 'patchgan', options });

const SIDE = 36;
const image = (name: string): RgbImage => ({
  width: SIDE,
  height: SIDE,
  data: Uint8Array.from(values(name, SIDE * SIDE * 3, 100, 128)),
});
const dataset: PairedDataset = {
  name: 'noise',
  length: 2,
  get: (index) => ({ name: String(index), a: image(`a ${index}`), b: image(`b ${index}`) }),
};

test('images are resized to 286 for 256 before the crop, where they are jittered and nothing else is said', () => {
  const sizes = (changes: Partial<Pix2PixOptions>) => pix2pix.sizes(pix2pix.complete!({ ...OPTIONS, ...changes }));
  assert.equal(sizes({ size: 256 }), { size: 256, loadSize: 286, jitter: true });
  assert.equal(sizes({ size: 32 }), { size: 32, loadSize: 36, jitter: true });
  assert.equal(sizes({ size: 256, jitter: false }), { size: 256, loadSize: 256, jitter: false });
  assert.equal(sizes({ size: 256, loadSize: 300 }), { size: 256, loadSize: 300, jitter: true });
});

test('a training that would learn nothing is refused', () => {
  assert.throws(() => pix2pix.complete!({ ...OPTIONS, lambda: 0, lambdaGan: 0 }), /nothing is learned/);
  assert.throws(() => pix2pix.complete!({ ...OPTIONS, dSteps: 2, lambdaGan: 0 }), /dSteps of the training/);
});

test('a place for random numbers without any is refused', () => {
  const options = { size: 64, ngf: 1, ndf: 1, jitter: false, lambda: 100, dropout: 0, direction: 'BtoA' } as const;
  assert.throws(() => pix2pix.complete!({ ...options, z: 0, zAt: 'bottleneck' }), /zAt of the training[^]*z 0[^]*--z N/);
  assert.is(pix2pix.complete!({ ...options, z: 1, zAt: 'bottleneck' }).zAt, 'bottleneck');
});

test('its own networks are those of the paper, and given ones keep their options', () => {
  const networks = (given: Given, changes: Partial<Pix2PixOptions> = {}) => pix2pix.networks({ ...OPTIONS, ...changes }, given);
  assert.equal(networks({}), {
    generator: unet({ size: 32, norm: 'batch', dropout: 0.5, ngf: 2 }),
    discriminator: patchgan({ inChannels: 6, ndf: 3, norm: 'batch' }),
  });
  for (const [dropout, rate] of [
    [false, 0],
    [0.25, 0.25],
  ] as const) {
    assert.equal(networks({}, { dropout }).generator, unet({ size: 32, norm: 'batch', dropout: rate, ngf: 2 }));
  }
  const generator = unet({ size: 16, ngf: 5, inChannels: 1, norm: 'none', dropout: 0.9 });
  assert.equal(networks({ generator }), {
    generator: unet({ size: 16, ngf: 5, inChannels: 1, norm: 'none', dropout: 0.9 }),
    discriminator: patchgan({ inChannels: 4, ndf: 3, norm: 'batch' }),
  });
  const discriminator: NetworkArchitecture = { kind: 'pixelgan', options: { inChannels: 6, ndf: 2 } };
  assert.equal(networks({ discriminator }).discriminator, discriminator);
});

test('networks are those that the options ask for, and what a kind does not have is refused', () => {
  const asked = (changes: Partial<Pix2PixOptions>, given: Given = {}) => pix2pix.networks({ ...OPTIONS, ...changes }, given);
  assert.equal(asked({ generator: 'resnet', blocks: 2, norm: 'none', inChannels: 1, outChannels: 3, discriminator: 'pixelgan' }), {
    generator: { kind: 'resnet', options: { inChannels: 1, outChannels: 3, ngf: 2, norm: 'none', dropout: 0.5, blocks: 2 } },
    discriminator: { kind: 'pixelgan', options: { inChannels: 4, ndf: 3, norm: 'none' } },
  });
  assert.equal(asked({ generator: 'encoder-decoder' }).generator.kind, 'encoder-decoder');
  assert.equal(
    asked({ discriminatorLayers: 1, conditional: false }).discriminator,
    patchgan({ inChannels: 3, ndf: 3, norm: 'batch', layers: 1 }),
  );
  const wrong: [RegExp, Partial<Pix2PixOptions>, Given?][] = [
    [/blocks of the training[^]*none with the network U-Net[^]*choose resnet/, { blocks: 3 }],
    [/discriminatorLayers of the training[^]*PixelGAN[^]*choose patchgan/, { discriminator: 'pixelgan', discriminatorLayers: 2 }],
    [/discriminatorLayers of the training[^]*at least 96 x 96 pixels/, { discriminatorLayers: 5 }],
    [/z of the training[^]*choose unet/, { generator: 'resnet', z: 2 }],
    [/generator of the training[^]*unet/, { generator: 'resnet' }, { generator: unet({ size: 32 }) }],
    [/discriminator of the training[^]*patchgan/, { discriminator: 'pixelgan' }, { discriminator: patchgan({}) }],
    [/discriminator of pix2pix[^]*3 channels, those of the result/, { conditional: false }, { discriminator: patchgan({}) }],
  ];
  for (const [words, changes, given] of wrong) assert.throws(() => asked(changes, given), words);
});

/** A generator that has nothing to drop. */
class Tint extends Module {
  readonly options = Object.freeze({ outChannels: 3 });
  readonly inChannels = 3;
  readonly outChannels = 3;
  readonly imageSizes = { own: 1, multipleOf: 1, least: 1 };
  private readonly tint = this.child('tint', new Conv2d({ inChannels: 3, outChannels: 3, kernel: 1 }));

  constructor(options: { outChannels?: number } = {}) {
    super();
    expectOptions('a tint', options, ['outChannels']);
  }

  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.tint.forward(x, options);
  }
}

test('a generator of a kind that a program has made known is trained, with dropout or without', async () => {
  registerNetwork({
    kind: 'test-tint',
    role: 'generator',
    title: 'tint',
    network: Tint,
    describe: () => ['tint'],
    exampleInput: () => ({ shape: [1, 8, 8, 3], dynamicAxes: [] }),
    chosen: { follows: [], options: ({ outChannels = 3 }) => ({ outChannels }) },
  });
  const options = expectTable('the training', { ...OPTIONS, generator: 'test-tint' }, pix2pix.options);
  assert.equal(pix2pix.networks(options, {}).generator, { kind: 'test-tint', options: { outChannels: 3 } });
  const trainer = await Trainer.create(gpu, pix2pix, dataset, { ...RUN, networks: { generator: { kind: 'test-tint', options: {} } } });
  assert.instance(trainer.networks.generator, Tint);
  await trainer.train();
  const [taken] = await trainer.collectLosses();
  assert.ok(Object.values(taken!.losses).every((loss) => loss > 0));
  trainer.dispose();
});

test('networks that it cannot train are refused by what is wrong with them, before anything is on the device', async () => {
  const wrong: [Given, ...(string | RegExp)[]][] = [
    [{ generator: patchgan({}) as never }, 'generator of pix2pix', 'a network that translates images', 'received: patchgan'],
    [{ generator: unet({ size: 32, inChannels: 2 }) }, 'channels of the generator', '3 (colours) or 1 (grey)', 'received: 2'],
    [{ generator: unet({ size: 32, outChannels: 4 }) }, 'channels of the generator', 'received: 4'],
    [{ generator: unet({ size: 64 }) }, 'size of the training', 'multiples of 64', 'received: 32'],
    [{ discriminator: patchgan({ inChannels: 3 }) }, 'discriminator of pix2pix', 'one of 3 + 3 channels', 'received: 3 channels'],
    [{ generator: unet({ size: 32, inChannels: 1 }), discriminator: patchgan({}) }, 'one of 1 + 3 channels', 'received: 6 channels'],
    [{ generator: unet({ size: 32, norm: 'layer' }) }, 'norm'],
    [{ generator: { kind: 'no-such-kind', options: {} } }, 'no-such-kind'],
  ];
  const { tensors, bytesInUse } = gpu.memory();
  for (const [networks, ...words] of wrong) {
    await failure('INVALID_ARGUMENT', () => Trainer.create(gpu, pix2pix, dataset, { ...RUN, networks }), 'fix:', ...words);
  }
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('each half of a pair reaches the networks with the channels that they take: grey is the luminance of the colours', async () => {
  const networks: Given = { generator: unet({ size: 32, ngf: 2, inChannels: 1 }), discriminator: patchgan({ inChannels: 4, ndf: 2 }) };
  for (const direction of ['BtoA', 'AtoB'] as const) {
    const trainer = await Trainer.create(gpu, pix2pix, dataset, { ...RUN, direction, networks });
    const [source, target] = direction === 'BtoA' ? ['b', 'a'] : ['a', 'b'];
    assert.equal(pix2pix.sides(trainer.options, trainer.networks), {
      source: { half: source, channels: 1, role: 'input' },
      target: { half: target, channels: 3, role: 'target' },
    });
    await trainer.train();
    const [{ losses }] = (await trainer.collectLosses()) as [TrainedStep];
    assert.equal(Object.keys(losses), ['discriminatorReal', 'discriminatorFake', 'generatorGan', 'generatorL1']);
    assert.ok(Object.values(losses).every((loss) => loss > 0 && Number.isFinite(loss)));
    trainer.dispose();
  }
});

test('from networks out of a file follow the size and the widths', async () => {
  const optionsOf = (given: Given) => pix2pix.optionsOf!(given, 'net.pth');
  const colours = { inChannels: 3, outChannels: 3 };
  const ofUNet = { generator: 'unet', norm: 'batch', upsample: 'transposed', ...colours, size: 64, levels: 6, ngf: 8 } as const;
  assert.equal(optionsOf({ generator: unet({ size: 64, ngf: 8 }) }), ofUNet);
  const judge = { discriminator: 'patchgan', ndf: 4, discriminatorLayers: 2, discriminators: 1 };
  const judged = (inChannels: number): object =>
    optionsOf({ generator: unet({ size: 64, ngf: 8 }), discriminator: patchgan({ ndf: 4, layers: 2, inChannels }) });
  assert.equal(judged(6), { ...ofUNet, ...judge, conditional: true });
  assert.equal(judged(3), { ...ofUNet, ...judge, conditional: false });
  // A ResNet takes any multiple of four: its file says nothing of the size.
  assert.equal(optionsOf({ generator: { kind: 'resnet', options: { ngf: 8, blocks: 1 } } }), {
    ...{ generator: 'resnet', norm: 'instance', blocks: 1, upsample: 'transposed', ngf: 8, dropout: false, ...colours },
  });
  // Of other channels than those of pictures: arrays, or index maps.
  const { inChannels, outChannels } = optionsOf({ generator: unet({ size: 64, inChannels: 2 }) });
  assert.equal([inChannels, outChannels], [2, 3]);
  const wrong: [Given, ...string[]][] = [
    [{ generator: patchgan({}) as never }, 'a generator that translates images', 'PatchGAN'],
    [
      { generator: unet({ size: 64, inChannels: 1 }), discriminator: patchgan({}) },
      'a discriminator of 1 + 3 channels',
      '--from-discriminator',
    ],
  ];
  for (const [given, ...words] of wrong) {
    await failure('WEIGHTS_UNSUPPORTED', () => optionsOf(given), 'net.pth: these networks are not for pairs of pictures', 'fix:', ...words);
  }
});

test('what its watch says names what the run has not tried yet', () => {
  const { losses, describe } = pix2pix.watch!;
  assert.ok(losses.every((name) => name in pix2pix.losses));
  const said = describe.call(pix2pix.watch!, 1500, { ndf: 8, dropout: false, jitter: false }, 5e-5);
  for (const word of ['by step 1,500', '300 steps', '--lr 0.00005', '--ndf 4', '--dropout', '--jitter']) assert.match(said, word);
  const tried = describe.call(pix2pix.watch!, 400, { ndf: 1, dropout: true, jitter: true }, 5e-5);
  for (const word of [/--ndf/, /--dropout/, /--jitter/]) assert.not.match(tried, word);
});

test.run();
