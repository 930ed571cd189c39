import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as api from '../../src/index.js';
import {
  Adam,
  AdamW,
  BatchNorm2d,
  clipGradNorm,
  Conv2d,
  ConvTranspose2d,
  ExponentialMovingAverage,
  Flatten,
  GELU,
  InstanceNorm2d,
  Linear,
  MultiscalePatchGAN,
  PatchGAN,
  pix2pixStep,
  rand,
  randn,
  ReduceOnPlateau,
  SGD,
  Translator,
  UNet,
} from '../../src/index.js';
import * as ops from '../../src/autograd/ops.js';
import { DropoutState } from '../../src/kernels/dropout.js';
import type { Layer } from '../../src/nn/forward.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const image = Tensor.from(gpu, [1, 2, 3, 4], [1, 2, 2, 1]);
const kernel = Tensor.from(gpu, [1], [1, 1, 1, 1]);
const one = Tensor.from(gpu, [1], [1]);
const labels = Tensor.from(gpu, new Int32Array([0]), [1]);
const logits = Tensor.from(gpu, [1, 2], [1, 2]);
const state = new DropoutState(gpu, 1);

const leaf = Tensor.from(gpu, [1, 2], [2]);
leaf.requiresGrad = true;

const layer = (): Linear => new Linear({ inFeatures: 1, outFeatures: 1 }).to(gpu);
const convolution = { inChannels: 1, outChannels: 1, kernel: 1 };

// As programs without types call them: with any options.
const calls = new Map<string, (options: never) => unknown>([
  ['conv2d', (options) => ops.conv2d(image, kernel, null, options)],
  ['convTranspose2d', (options) => ops.convTranspose2d(image, kernel, null, options)],
  ['batchNorm', (options) => ops.batchNorm(image, one, one, options)],
  ['running of batchNorm', (options) => ops.batchNorm(image, one, one, { running: options })],
  ['groupNorm', (options) => ops.groupNorm(image, 1, options)],
  ['instanceNorm', (options) => ops.instanceNorm(image, options)],
  ['layerNorm', (options) => ops.layerNorm(image, [1], options)],
  ['matmul', (options) => ops.matmul(logits, logits.reshape([2, 1]), options)],
  ['linear', (options) => ops.linear(logits, logits.reshape([2, 1]), null, options)],
  ['softmax', (options) => ops.softmax(logits, options)],
  ['logSoftmax', (options) => ops.logSoftmax(logits, options)],
  ['crossEntropy', (options) => ops.crossEntropy(logits, labels, options)],
  ['nllLoss', (options) => ops.nllLoss(logits, labels, options)],
  ['maxPool2d', (options) => ops.maxPool2d(image, options)],
  ['avgPool2d', (options) => ops.avgPool2d(image, options)],
  ['upsample', (options) => ops.upsample(image, options)],
  ['pad', (options) => ops.pad(image, 1, options)],
  ['clamp', (options) => ops.clamp(image, options)],
  ['gelu', (options) => ops.gelu(image, options)],
  ['softplus', (options) => ops.softplus(image, 1, options)],
  ['elu', (options) => ops.elu(image, 1, options)],
  ['dropout', (options) => ops.dropout(image, options)],
  ['concat', (options) => ops.concat([image, image], options)],
  ['stack', (options) => ops.stack([image, image], options)],
  ['split', (options) => ops.split(image, 1, options)],
  ['slice', (options) => ops.slice(image, options)],
  ['sum', (options) => ops.sum(image, options)],
  ['mean', (options) => ops.mean(image, options)],
  ['max', (options) => ops.max(image, options)],
  ['argmax', (options) => ops.argmax(image, options)],
  ['add', (options) => ops.add(image, image, options)],
  ['less', (options) => ops.less(image, image, options)],
  ['addScaled', (options) => ops.addScaled(image, image, 1, 1, options)],
  ['exp', (options) => ops.exp(image, options)],
  ['relu', (options) => ops.relu(image, options)],
  ['leakyRelu', (options) => ops.leakyRelu(image, 0.1, options)],
  ['tanh', (options) => image.tanh(options)],
  ['copy', (options) => ops.copy(image, options)],
  ['rand', (options) => rand(gpu, [1], options)],
  ['randn', (options) => randn(gpu, [1], options)],
  ['a Conv2d', (options) => new Conv2d(options)],
  ['a ConvTranspose2d', (options) => new ConvTranspose2d(options)],
  ['a Linear', (options) => new Linear(options)],
  ['a BatchNorm2d', (options) => new BatchNorm2d(1, options)],
  ['an InstanceNorm2d', (options) => new InstanceNorm2d(1, options)],
  ['a Flatten', (options) => new Flatten(options)],
  ['a GELU', (options) => new GELU(options)],
  ['a GroupNorm', (options) => new api.GroupNorm(1, 1, options)],
  ['a LayerNorm', (options) => new api.LayerNorm(1, options)],
  ['an Embedding', (options) => new api.Embedding(options)],
  ['a MaxPool2d', (options) => new api.MaxPool2d(options)],
  ['an AvgPool2d', (options) => new api.AvgPool2d(options)],
  ['an Upsample', (options) => new api.Upsample(options)],
  ['a Softmax', (options) => new api.Softmax(options)],
  ['a LogSoftmax', (options) => new api.LogSoftmax(options)],
  ['an Unflatten', (options) => new api.Unflatten([1], options)],
  ['Adam', (options) => new Adam(layer(), options)],
  ['AdamW', (options) => new AdamW(layer(), options)],
  ['SGD', (options) => new SGD(layer(), options)],
  ['a group of Adam', (options) => new Adam(layer(), { groups: [options] })],
  ['ExponentialMovingAverage', (options) => new ExponentialMovingAverage(layer(), options)],
  ['ReduceOnPlateau', (options) => new ReduceOnPlateau(new SGD(layer()), options)],
  ['clipGradNorm', (options) => clipGradNorm(layer(), 1, options)],
  ['grad', (options) => gpu.scope(() => api.grad(ops.sum(leaf), [leaf], options))],
  ['checkGradients', (options) => api.checkGradients(gpu, options)],
  ['kaimingNormal', (options) => api.kaimingNormal(options)],
  ['kaimingUniform', (options) => api.kaimingUniform(options)],
  ['Module.to()', (options) => new Linear({ inFeatures: 1, outFeatures: 1 }).to(gpu, options)],
  ['a module file', (options) => api.encodeModule(layer(), options)],
  ['stateDict()', (options) => layer().stateDict(options)],
  ['defineOperation', (options) => api.defineOperation(options)],
  ['a constant schedule', (options) => api.schedules.constant(options)],
  ['a linear schedule', (options) => api.schedules.linear(options)],
  ['a step schedule', (options) => api.schedules.step(options)],
  ['a multi-step schedule', (options) => api.schedules.multiStep(options)],
  ['an exponential schedule', (options) => api.schedules.exponential(options)],
  ['a cosine schedule', (options) => api.schedules.cosine(options)],
  ['a schedule of cosines with restarts', (options) => api.schedules.cosineRestarts(options)],
  ['a polynomial schedule', (options) => api.schedules.polynomial(options)],
  ['a warm-up', (options) => api.schedules.warmUp(options)],
  ['a U-Net', (options) => new UNet(options)],
  ['a PatchGAN', (options) => new PatchGAN(options)],
  ['a multi-scale PatchGAN', (options) => new MultiscalePatchGAN(options)],
  ['an encoder-decoder', (options) => new api.EncoderDecoder(options)],
  ['a ResNet generator', (options) => new api.ResNetGenerator(options)],
  ['a PixelGAN', (options) => new api.PixelGAN(options)],
  ['a DCGAN generator', (options) => new api.DCGANGenerator(options)],
  ['a DCGAN discriminator', (options) => new api.DCGANDiscriminator(options)],
  ['a GAN generator', (options) => new api.GANGenerator(options)],
  ['a GAN discriminator', (options) => new api.GANDiscriminator(options)],
  ['a CGAN generator', (options) => new api.CGANGenerator(options)],
  ['a CGAN discriminator', (options) => new api.CGANDiscriminator(options)],
  ['a conditional DCGAN generator', (options) => new api.ConditionalDCGANGenerator(options)],
  ['a conditional DCGAN discriminator', (options) => new api.ConditionalDCGANDiscriminator(options)],
  ['a segmenter', (options) => new api.Segmenter(options)],
  ['a StarGAN generator', (options) => new api.StarGANGenerator(options)],
  ['a StarGAN discriminator', (options) => new api.StarGANDiscriminator(options)],
]);

/** Options that the calls cannot do without. */
const NEEDED: Record<string, object> = {
  checkGradients: { operation: (x: Tensor) => ops.neg(x), shapes: [[1]] },
  maxPool2d: { kernel: 1 },
  avgPool2d: { kernel: 1 },
  upsample: { scale: 2 },
  clamp: { min: 0 },
  dropout: { layer: 0, state },
  rand: { seed: 1 },
  randn: { seed: 1 },
  'running of batchNorm': { mean: one, variance: one },
  'a Conv2d': convolution,
  'a ConvTranspose2d': convolution,
  'a Linear': { inFeatures: 1, outFeatures: 1 },
  'an Embedding': { entries: 1, dimensions: 1 },
  'a MaxPool2d': { kernel: 1 },
  'an AvgPool2d': { kernel: 1 },
  'an Upsample': { scale: 1 },
  defineOperation: { name: 'one', forward: (x: Tensor) => x, backward: () => [] },
  'a linear schedule': { steps: 1 },
  'a step schedule': { every: 1 },
  'a multi-step schedule': { milestones: [1] },
  'an exponential schedule': { gamma: 1 },
  'a cosine schedule': { steps: 1 },
  'a schedule of cosines with restarts': { steps: 1 },
  'a polynomial schedule': { steps: 1 },
  'a warm-up': { steps: 1 },
  'a group of Adam': { parameters: () => true },
};

test('options of other names are refused by the name, and those without are not', async () => {
  for (const [name, call] of calls) {
    await call({ ...NEEDED[name] } as never);
    for (const options of [
      { ...NEEDED[name], strid: 2 },
      { ...NEEDED[name], alpha: undefined },
    ]) {
      const unknown = Object.keys(options).at(-1)!;
      await failure('INVALID_ARGUMENT', () => call(options as never), `options of ${name}`, `received: ${unknown}`, 'fix: ');
    }
  }
});

test('required options that are missing are named, and no message calls them optional', async () => {
  const refused = (call: () => unknown, ...words: (string | RegExp)[]): Promise<unknown> => failure('INVALID_ARGUMENT', call, ...words);
  await refused(
    () => calls.get('a Conv2d')!({ inChannels: 3, outChannels: undefined } as never),
    'options of a Conv2d',
    /expected: an object with inChannels, outChannels and kernel, and if wanted stride, .* or paddingMode\n/,
    /received: no outChannels and no kernel\n/,
    /fix: add outChannels and kernel/,
  );
  const misspelled = { ...convolution, kernel: undefined, kernelSize: 3 } as never;
  await refused(() => calls.get('a Conv2d')!(misspelled), /received: kernelSize, but no kernel/);
  for (const [name, needed] of Object.entries(NEEDED)) {
    if (['clamp', 'upsample', 'an Upsample'].includes(name)) continue;
    for (const missing of Object.keys(needed)) {
      const options = { ...needed, [missing]: undefined } as never;
      const error = await failure('INVALID_ARGUMENT', () => calls.get(name)!(options), `received: no ${missing}`);
      assert.not.match(error.message, /or none/);
    }
    // Those may be left out as a whole.
    if (name === 'running of batchNorm') continue;
    await refused(() => calls.get(name)!(undefined as never), 'received: undefined', /fix: pass options by their names/);
  }
  await refused(() => ops.clamp(image), 'at least one bound');
  await refused(() => ops.upsample(image), 'either scale or size');
  assert.equal(ops.slice(image).shape, image.shape);
});

/** Every exported module that runs: one of its kind, and something to run it on. */
const layers: Record<string, () => Layer> = {
  BatchNorm2d: () => new BatchNorm2d(1),
  Conv2d: () => new Conv2d(convolution),
  ConvTranspose2d: () => new ConvTranspose2d(convolution),
  Dropout: () => new api.Dropout(),
  Flatten: () => new Flatten(),
  GELU: () => new GELU(),
  Identity: () => new api.Identity(),
  InstanceNorm2d: () => new InstanceNorm2d(1),
  LeakyReLU: () => new api.LeakyReLU(),
  Linear: () => layer(),
  DCGANDiscriminator: () => new api.DCGANDiscriminator({ ndf: 1 }),
  DCGANGenerator: () => new api.DCGANGenerator({ ngf: 1 }),
  EncoderDecoder: () => new api.EncoderDecoder({ size: 16 }),
  MultiscalePatchGAN: () => new MultiscalePatchGAN(),
  PatchGAN: () => new PatchGAN(),
  PixelGAN: () => new api.PixelGAN(),
  ResNetGenerator: () => new api.ResNetGenerator({ ngf: 1, blocks: 1 }),
  GANDiscriminator: () => new api.GANDiscriminator({ size: 1 }),
  GANGenerator: () => new api.GANGenerator({ size: 1 }),
  CGANDiscriminator: () => new api.CGANDiscriminator({ size: 1 }),
  CGANGenerator: () => new api.CGANGenerator({ size: 1 }),
  ConditionalDCGANDiscriminator: () => new api.ConditionalDCGANDiscriminator({ size: 4 }),
  ConditionalDCGANGenerator: () => new api.ConditionalDCGANGenerator({ size: 4 }),
  StarGANDiscriminator: () => new api.StarGANDiscriminator({ ndf: 1 }),
  Segmenter: () => new api.Segmenter({ width: 1, levels: 1 }),
  InceptionV3: () => new api.InceptionV3({ width: 1 / 64 }),
  StarGANGenerator: () => new api.StarGANGenerator({ ngf: 1, blocks: 1 }),
  ReLU: () => new api.ReLU(),
  Sequential: () => new api.Sequential(),
  Sigmoid: () => new api.Sigmoid(),
  SiLU: () => new api.SiLU(),
  Tanh: () => new api.Tanh(),
  UNet: () => new UNet({ size: 16 }),
  AdaptiveAvgPool2d: () => new api.AdaptiveAvgPool2d(1),
  AvgPool2d: () => new api.AvgPool2d({ kernel: 1 }),
  MaxPool2d: () => new api.MaxPool2d({ kernel: 1 }),
  ELU: () => new api.ELU(),
  Embedding: () => new api.Embedding({ entries: 1, dimensions: 1 }),
  GroupNorm: () => new api.GroupNorm(1, 1),
  LayerNorm: () => new api.LayerNorm(1),
  Softmax: () => new api.Softmax(),
  LogSoftmax: () => new api.LogSoftmax(),
  Softplus: () => new api.Softplus(),
  Unflatten: () => new api.Unflatten([1]),
  PixelShuffle: () => new api.PixelShuffle(1),
  PixelUnshuffle: () => new api.PixelUnshuffle(1),
  Upsample: () => new api.Upsample({ scale: 1 }),
  ZeroPad2d: () => new api.ZeroPad2d(1),
  ReflectionPad2d: () => new api.ReflectionPad2d(1),
  ReplicationPad2d: () => new api.ReplicationPad2d(1),
};

/** Those that are given two tensors and no options. */
const OF_TWO = ['PerceptualDistance'];

test('every layer and network refuses options of forward() that there are not', async () => {
  const running = Object.entries(api).filter(
    ([name, each]) =>
      typeof each === 'function' && each.prototype instanceof api.Module && 'forward' in each.prototype && !OF_TWO.includes(name),
  );
  assert.equal(running.map(([name]) => name).sort(), Object.keys(layers).sort());
  for (const [name, make] of Object.entries(layers)) {
    const each = make();
    for (const options of [{ traning: false }, { training: false, train: undefined }]) {
      const unknown = Object.keys(options).at(-1)!;
      await failure(
        'INVALID_ARGUMENT',
        () => each.forward(image, options as never),
        `options of ${name}.forward()`,
        `received: ${unknown}`,
        'an object with out, training, statistics or dropout, or none',
      );
    }
    for (const options of [image, null, 1, [image]]) {
      await failure('INVALID_ARGUMENT', () => each.forward(image, options as never), `options of ${name}.forward()`);
    }
  }
});

test("a network hands all options of forward() to layers that need none of them, and they reach a layer of somebody's", async () => {
  class Own extends api.Module {
    seen: api.ForwardOptions = {};
    forward(x: Tensor, options: api.ForwardOptions = {}): Tensor {
      this.seen = options;
      return x;
    }
  }
  const own = new Own();
  const network = new api.Sequential([new api.Identity(), new api.Sequential([new api.ReLU(), own]), new api.Tanh()]);
  const options = { training: false, statistics: 'batch', dropout: false } as const;
  gpu.scope(() => void network.forward(image, options));
  assert.equal(own.seen, { ...options, out: undefined });
  await failure('INVALID_ARGUMENT', () => network.forward(image, { traning: false } as never), 'options of Sequential.forward()');
});

test('what is no object of options is refused', async () => {
  for (const name of ['conv2d', 'batchNorm', 'softmax', 'concat', 'relu', 'mean']) {
    for (const options of [2, 'x', null, [1]])
      await failure('INVALID_ARGUMENT', () => calls.get(name)!(options as never), `options of ${name}`);
  }
});

test('values of options that are names are refused by those there are', async () => {
  const typo = 'runing' as 'running';
  await failure('INVALID_ARGUMENT', () => ops.batchNorm(image, one, one, { statistics: typo }), "'batch', 'running'", 'received: runing');
  await failure('INVALID_ARGUMENT', () => ops.gelu(image, { approximate: 'Tanh' as 'tanh' }), "'none', 'tanh'");
  for (const running of [{ mean: one }, { variance: one }, {}]) {
    const call = (): unknown => ops.batchNorm(image, one, one, { running: running as never });
    await failure('INVALID_ARGUMENT', call, /an object with mean and variance/, /fix: add/);
  }
  const generator = new UNet({ size: 16, ngf: 1, norm: 'instance' }).to(gpu);
  await failure('INVALID_ARGUMENT', () => Translator.create(gpu, generator, { statistics: typo }), "'batch' or 'running'");
  await failure('INVALID_ARGUMENT', () => Translator.create(gpu, generator, { dropout: 'no' as never }), 'true or false');
  await failure('INVALID_ARGUMENT', () => Translator.create(gpu, generator, { sise: 16 } as never), 'received: sise');
  for (const size of ['Image', '16', null, {}]) {
    await failure(
      'INVALID_ARGUMENT',
      () => Translator.create(gpu, generator, { size: size as never }),
      /'image', a multiple of 16/,
      /received/,
    );
  }
  generator.dispose();
  for (const lambda of [-1, NaN, '1' as never]) {
    await failure('INVALID_ARGUMENT', () => pix2pixStep({} as never, image, image, one, { lambda }), 'lambda of pix2pixStep');
  }
});

test.run();
