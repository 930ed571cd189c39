import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { add, batchNorm, conv2d, instanceNorm, mul, relu, sum } from '../../src/autograd/ops.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import type { Layer } from '../../src/nn/forward.js';
import { kaimingNormal, kaimingUniform, xavierNormal, xavierUniform, type Initializer } from '../../src/nn/initializers.js';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  Flatten,
  GroupNorm,
  Identity,
  InstanceNorm2d,
  LayerNorm,
  LeakyReLU,
  Linear,
  MaxPool2d,
  ModuleDict,
  ModuleList,
  PixelShuffle,
  ReflectionPad2d,
  ReLU,
  Sequential,
  Softmax,
  Softplus,
  Unflatten,
  Upsample,
  ZeroPad2d,
} from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const tensor = (label: string, shape: readonly number[]): Tensor =>
  Tensor.from(
    gpu,
    values(
      label,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
const numbers = async (make: () => Tensor): Promise<number[]> => {
  const result = gpu.scope(make);
  const data = [...(await result.data())];
  result.dispose();
  return data;
};
const block = (): Sequential =>
  new Sequential([new Conv2d({ inChannels: 3, outChannels: 4, kernel: 3, padding: 1 }), new BatchNorm2d(4), new ReLU(), new Dropout(0.5)]);

test(
  "layers have PyTorch's defaults: stride 1, no padding, weights and biases within 1 / sqrt(inputs), norms of " + 'one and zero',
  async () => {
    const [conv, up] = [
      new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3 }),
      new ConvTranspose2d({ inChannels: 8, outChannels: 2, kernel: [3, 5] }),
    ];
    const linear = new Linear({ inFeatures: 50, outFeatures: 40 });
    const norm = new BatchNorm2d(6);
    const all = new ModuleDict({ conv, up, linear, norm }).to(gpu, { seed: 2 });
    const x = tensor('x', [1, 8, 9, 3]);
    const shapes = gpu.scope(() => {
      const y = conv.forward(x);
      return [y.shape, up.forward(y).shape];
    });
    assert.equal(shapes, [
      [1, 6, 7, 8],
      [1, 8, 11, 2],
    ]);
    for (const [{ weight, bias }, inputs] of [
      [conv, 27],
      [up, 30],
      [linear, 50],
    ] as const) {
      const bound = 1 / Math.sqrt(inputs);
      for (const part of [weight, bias!]) {
        const found = [...(await part.value.data())];
        const largest = Math.max(...found.map(Math.abs));
        assert.ok(largest <= bound * (1 + 1e-6), `${largest} of ${bound}`);
        if (part === weight) assert.ok(largest > 0.9 * bound, `${largest} of ${bound}`);
      }
    }
    assert.equal(await Promise.all([...norm.namedTensors()].map(async ([name, { value }]) => [name, (await value.data())[5]])), [
      ['weight', 1],
      ['bias', 0],
      ['running_mean', 0],
      ['running_var', 1],
    ]);
    x.dispose();
    all.dispose();
  },
);

test("pix2pix's networks keep pix2pix's beginnings: weights N(0, 0.02), biases 0, norms N(1, 0.02)", async () => {
  for (const network of [new UNet({ size: 16, ngf: 8 }), new PatchGAN({ ndf: 8 })]) {
    network.to(gpu, { seed: 4 });
    for (const [name, { value, shape, trainable }] of network.namedTensors()) {
      if (!trainable) continue;
      const data = await value.data();
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      const deviation = Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
      if (name.endsWith('.bias'))
        assert.ok(
          data.every((each) => each === 0),
          name,
        );
      else if (shape.length === 1) assert.ok(Math.abs(mean - 1) < 0.03 && deviation > 0.002 && deviation < 0.05, name);
      else assert.ok(Math.abs(mean) < 0.006 && Math.abs(deviation - 0.02) < 0.005, `${name}: ${mean}, ${deviation}`);
    }
    network.dispose();
  }
});

test("initialisers have the spread of PyTorch's, which follows from inputs and outputs", async () => {
  // [3, 3, 40, 20]: 360 inputs, 180 outputs.
  const cases: [Initializer, number, boolean][] = [
    [kaimingNormal(), Math.sqrt(2 / 360), false],
    [kaimingNormal({ mode: 'fanOut', slope: 1 }), Math.sqrt(1 / 180), false],
    [kaimingUniform(), Math.sqrt(2 / 360), true],
    [xavierNormal(), Math.sqrt(2 / 540), false],
    [xavierUniform(2), 2 * Math.sqrt(2 / 540), true],
  ];
  const target = Tensor.empty(gpu, [3, 3, 40, 20]).keep();
  for (const [initializer, deviation, bounded] of cases) {
    initializer(target, 7, 1);
    const data = await target.data();
    const found = Math.sqrt(data.reduce((a, b) => a + b * b, 0) / data.length);
    assert.ok(Math.abs(found / deviation - 1) < 0.03, `${found} for ${deviation}`);
    assert.is(Math.max(...data) <= deviation * Math.sqrt(3) * 1.000001, bounded);
  }
  target.dispose();
  const vector = Tensor.from(gpu, [1, 2], [2]);
  await failure('SHAPE_MISMATCH', () => kaimingUniform()(vector, 0, 0), /two axes/, /fix: /);
  await failure('INVALID_ARGUMENT', () => kaimingNormal({ mode: 'fan_out' as 'fanOut' }), 'mode of kaimingNormal', 'fanIn or fanOut');
  await failure('INVALID_ARGUMENT', () => kaimingUniform({ slope: NaN }), 'slope of kaimingUniform');
  vector.dispose();
});

test('a Sequential is its layers one after the other, and writes where it is told', async () => {
  const layers = block().to(gpu, { seed: 1 });
  const [conv, norm] = [layers.at(0) as Conv2d, layers.at(1) as BatchNorm2d];
  const x = tensor('x', [2, 5, 6, 3]);
  const expected = await numbers(() =>
    relu(batchNorm(conv2d(x, conv.weight.value, conv.bias!.value, { padding: 1 }), norm.weight!.value, norm.bias!.value)),
  );
  const wide = Tensor.empty(gpu, [2, 5, 6, 8]).keep();
  const half = wide.channelView(4, 8);
  assert.equal(await numbers(() => layers.forward(x, { training: true, dropout: false })), expected);
  gpu.scope(() => void layers.forward(x, { training: true, dropout: false, out: half }));
  assert.equal(await numbers(() => new Identity().forward(half, { out: Tensor.empty(gpu, [2, 5, 6, 4]) })), expected);
  assert.equal(
    [...layers.namedTensors()].map(([name]) => name),
    ['0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var'],
  );
  assert.is(new Sequential().forward(x), x);
  for (const each of [x, half, wide]) each.dispose();
  layers.dispose();
});

test('children of a Sequential and a ModuleList are run and counted however they are declared', async () => {
  const named = new Sequential({ first: new LeakyReLU(0.5), second: new ReLU() });
  named.child('third', new LeakyReLU(0.1));
  named.add(new ReLU());
  assert.is(named.length, 4);
  assert.equal(
    [...named].map(({ constructor: { name } }) => name),
    ['LeakyReLU', 'ReLU', 'LeakyReLU', 'ReLU'],
  );
  await failure('INVALID_ARGUMENT', () => named.child('list', new ModuleList()), /"list"/, /forward/);
  await failure('INVALID_ARGUMENT', () => named.add(new ReLU(), 'third'), /"third"/);
  assert.is(named.length, 4, 'what is refused is not run either');
  // A layer that knows nothing of `out`, in the last place.
  class Own extends Module {
    forward(x: Tensor): Tensor {
      return relu(x);
    }
  }
  const x = Tensor.from(gpu, [-1, 2], [2]);
  const out = Tensor.empty(gpu, [2]).keep();
  assert.is(
    gpu.scope(() => new Sequential([new Identity(), new Own()]).forward(x, { out })),
    out,
  );
  assert.equal([...(await out.data())], [0, 2]);
  for (const each of [x, out]) each.dispose();
  const list = new ModuleList([new Linear({ inFeatures: 1, outFeatures: 2 }), new Linear({ inFeatures: 2, outFeatures: 1 })]);
  assert.equal(
    [...list.namedTensors()].map(([name]) => name),
    ['0.weight', '0.bias', '1.weight', '1.bias'],
  );
  assert.is(list.at(-1)!.weight.shape[0], 2);
  list.child('more', new Linear({ inFeatures: 1, outFeatures: 1 }));
  assert.is([...list].length, 3);
  assert.is(list.length, 3);
});

test('train() and eval() reach every part, and what forward() is told wins', async () => {
  const layers = block();
  const network = new Sequential([layers]).to(gpu, { seed: 5 });
  const norm = layers.at(1) as BatchNorm2d;
  const x = tensor('x', [2, 5, 6, 3]);
  const mean = async (): Promise<number[]> => [...(await norm.runningMean!.value.data())];
  assert.ok(network.training && norm.training, 'a module begins in training mode');
  const start = await mean();
  network.eval();
  assert.not([...network.modules()].some(({ training }) => training));
  const evaluated = await numbers(() => network.forward(x));
  assert.equal(await mean(), start, 'nothing is learned in eval mode');
  const conv = layers.at(0) as Conv2d;
  assert.equal(
    evaluated,
    await numbers(() =>
      relu(
        batchNorm(conv2d(x, conv.weight.value, conv.bias!.value, { padding: 1 }), norm.weight!.value, norm.bias!.value, {
          statistics: 'running',
          running: { mean: norm.runningMean!.value, variance: norm.runningVariance!.value },
        }),
      ),
    ),
    'running statistics, no dropout',
  );
  assert.not.equal(await numbers(() => network.forward(x, { statistics: 'batch' })), evaluated);
  assert.equal(await mean(), start, 'nor from the batch that it is normalised by');
  const told = await numbers(() => network.forward(x, { training: true, dropout: false }));
  assert.not.equal(await mean(), start, 'told to train, the norm does');
  network.train();
  const now = await mean();
  assert.equal(await numbers(() => network.forward(x, { training: false })), await numbers(() => network.eval().forward(x)));
  assert.equal(await mean(), now);
  network.train();
  norm.eval();
  gpu.scope(() => void network.forward(x));
  assert.equal(await mean(), now, 'a norm alone can be frozen');
  assert.ok(told.length > 0);
  x.dispose();
  network.dispose();
});

test("a module that is placed without gradients is in eval mode; pix2pix's norms use the batch's statistics in either", async () => {
  const network = new UNet({ size: 16, ngf: 2 }).to(gpu, { seed: 1, training: false });
  const x = tensor('x', [1, 16, 16, 3]);
  assert.not(network.training);
  const evaluated = await numbers(() => network.forward(x));
  assert.equal(evaluated, await numbers(() => network.forward(x, { training: false, statistics: 'batch', dropout: false })));
  assert.not.equal(evaluated, await numbers(() => network.forward(x, { statistics: 'running' })));
  network.train();
  assert.not.equal(await numbers(() => network.forward(x)), evaluated, 'dropout is on');
  assert.equal(await numbers(() => network.forward(x, { dropout: false })), evaluated);
  x.dispose();
  network.dispose();
});

test('a recording stays in the mode that it was made in', async () => {
  const network = block().to(gpu, { seed: 6 }).eval();
  const x = tensor('x', [2, 5, 6, 3]);
  const { recording, result } = await gpu.record(() => network.forward(x));
  recording.run();
  const recorded = await result.data();
  network.train();
  recording.run();
  assert.equal(await result.data(), recorded);
  recording.destroy();
  result.dispose();
  x.dispose();
  network.dispose();
});

test('dropout layers draw masks of their own, anew for each pass and each step, and the same again for the same step', async () => {
  const pair = new ModuleDict({ a: new Dropout(0.5), b: new Dropout(0.5) });
  const layers = [...pair.modules()].slice(1) as Dropout[];
  const x = Tensor.from(gpu, new Float32Array(400).fill(1), [20, 20]);
  await failure('INVALID_ARGUMENT', () => layers[0]!.forward(x), /on no device/);
  pair.to(gpu, { seed: 3 });
  const draw = (layer: Dropout): Promise<number[]> => numbers(() => layer.forward(x));
  pair.advanceDropout(7);
  const [a, b, again] = [await draw(layers[0]!), await draw(layers[1]!), await draw(layers[0]!)];
  assert.not.equal(a, b);
  assert.not.equal(a, again);
  assert.equal([...new Set(a)].sort(), [0, 2]);
  pair.advanceDropout(8);
  assert.not.equal(await draw(layers[0]!), a);
  pair.advanceDropout(7);
  assert.equal(await draw(layers[0]!), a);
  assert.is(layers[0]!.forward(x, { training: false }), x);
  pair.eval();
  assert.is(layers[0]!.forward(x), x);
  assert.equal((await numbers(() => layers[0]!.forward(x, { dropout: true }))).includes(0), true);
  await failure('INVALID_ARGUMENT', () => new Dropout(1), /below 1/);
  x.dispose();
  pair.dispose();
});

test('recorded dropout is eager dropout to the bit, with advanceDropout() and without', async () => {
  const layers = block().to(gpu, { seed: 8 });
  const x = tensor('x', [2, 5, 6, 3]);
  const step = (): Tensor => gpu.scope(() => layers.forward(layers.forward(x).sliceChannels(0, 3)));
  const eager: number[][] = [];
  // Twice in each step: the second time draws masks of its own.
  for (let index = 0; index < 6; index++) {
    if (index % 2 === 0) layers.advanceDropout(index);
    eager.push(await numbers(step));
  }
  assert.is(new Set(eager.map(String)).size, 6);
  const fresh = block().to(gpu, { seed: 8 });
  const { recording, result } = await gpu.record(() => gpu.scope(() => fresh.forward(fresh.forward(x).sliceChannels(0, 3))));
  for (let index = 0; index < 6; index++) {
    if (index % 2 === 0) fresh.advanceDropout(index);
    recording.run();
    assert.equal([...(await result.data())], eager[index]);
  }
  recording.destroy();
  for (const each of [result, x]) each.dispose();
  layers.dispose();
  fresh.dispose();
});

test("Flatten has the order of PyTorch's unless told otherwise, and lets gradients through", async () => {
  const x = Tensor.from(
    gpu,
    Float32Array.from({ length: 12 }, (_, i) => i),
    [1, 2, 3, 2],
  );
  assert.equal(await numbers(() => new Flatten().forward(x)), [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
  assert.equal(await numbers(() => new Flatten({ order: 'channels last' }).forward(x)), [...Array(12).keys()]);
  x.requiresGrad = true;
  gpu.scope(() => {
    const flat = new Flatten().forward(x);
    assert.equal([...flat.shape], [1, 12]);
    backward(
      sum(
        mul(
          flat,
          Tensor.from(
            gpu,
            Float32Array.from({ length: 12 }, (_, i) => i),
            [1, 12],
          ),
        ),
      ),
    );
  });
  assert.equal([...(await x.grad!.data())], [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
  const wide = Tensor.from(
    gpu,
    Float32Array.from({ length: 6 }, (_, i) => i),
    [3, 2],
  );
  assert.equal(await numbers(() => new Flatten().forward(wide.sliceChannels(0, 1))), [0, 2, 4]);
  for (const each of [x, wide]) each.dispose();
  await failure('INVALID_ARGUMENT', () => new Flatten({ order: 'nchw' as 'channels last' }), /channels first or channels last/);
});

test('an affine instance norm multiplies and adds, and trains what it does it with', async () => {
  const norm = new InstanceNorm2d(3, { affine: true }).to(gpu);
  norm.weight!.value.write(new Float32Array([1, 2, 3]));
  norm.bias!.value.write(new Float32Array([0.5, 0, -1]));
  const x = tensor('x', [2, 4, 5, 3]);
  const expected = await numbers(() => add(mul(instanceNorm(x), Tensor.from(gpu, [1, 2, 3], [3])), Tensor.from(gpu, [0.5, 0, -1], [3])));
  assertClose(await numbers(() => norm.forward(x)), expected, { absolute: 1e-6, label: 'affine' });
  gpu.scope(() => backward(sum(norm.forward(x))));
  assert.equal([...(await norm.bias!.value.grad!.data())], [40, 40, 40]);
  x.dispose();
  norm.dispose();
});

test('options that no layer can have are refused by name, and a forgotten kernel is one of them', async () => {
  const conv = (options: object): Layer => new Conv2d({ inChannels: 1, outChannels: 1, kernel: 3, ...options });
  await failure('INVALID_ARGUMENT', () => conv({ kernel: undefined }), /options of a Conv2d/, /no kernel/, /fix: add kernel/);
  await failure('INVALID_ARGUMENT', () => conv({ stride: 0 }), /stride/);
  await failure('INVALID_ARGUMENT', () => conv({ padding: -1 }), /padding/, /at least 0/);
  await failure('INVALID_ARGUMENT', () => conv({ inChannels: 1.5 }), /inChannels/);
  await failure('INVALID_ARGUMENT', () => new Linear({ inFeatures: 0, outFeatures: 1 }), /inFeatures of a Linear/);
  await failure('INVALID_ARGUMENT', () => new BatchNorm2d(3, { epsilon: 0 }), /epsilon/);
  const [norm, x] = [new BatchNorm2d(3).to(gpu), Tensor.from(gpu, [1, 2, 3], [1, 3])];
  await failure(
    'INVALID_ARGUMENT',
    () => norm.forward(x, { training: false, statistics: 'runing' as 'running' }),
    /statistics/,
    /batch or running/,
  );
  norm.dispose();
  x.dispose();
  await failure(
    'INVALID_ARGUMENT',
    () => new ConvTranspose2d({ inChannels: 1, outChannels: 1, kernel: 2, outputPadding: -1 }),
    /outputPadding/,
  );
});

test('options that the newer layers cannot have are refused by name, too', async () => {
  const refused = (make: () => unknown, ...words: (string | RegExp)[]): Promise<unknown> =>
    failure('INVALID_ARGUMENT', make, ...words, /fix: /);
  const up = (options: object): Layer => new ConvTranspose2d({ inChannels: 1, outChannels: 1, kernel: 2, ...options });
  const conv = (options: object): Layer => new Conv2d({ inChannels: 4, outChannels: 6, kernel: 3, ...options });
  await refused(() => conv({ padding: 'same', stride: 2 }), "stride of a Conv2d with padding 'same'", 'expected: 1');
  await refused(() => conv({ padding: 'full' }), 'padding of a Conv2d', 'received: full');
  await refused(() => conv({ paddingMode: 'circular' }), 'paddingMode of a Conv2d', 'zeros or reflect or replicate');
  await refused(() => conv({ groups: 4 }), 'groups of a Conv2d', 'a divisor of the 4 and 6 channels');
  await refused(() => conv({ dilation: 0 }), 'dilation of a Conv2d');
  await refused(() => conv({ stride: [1, 1, 1] }), 'stride of a Conv2d', 'two of them');
  await refused(() => up({ paddingMode: 'reflect' }), 'received: paddingMode');
  await refused(() => up({ padding: 'same' }), 'padding of a ConvTranspose2d');
  await refused(() => new BatchNorm2d(3, { momentum: null as never }), 'momentum of a BatchNorm2d');
  await refused(() => new BatchNorm2d(3, { affine: 'no' as never }), 'affine of a BatchNorm2d');
  await refused(() => new BatchNorm2d(3, { trackRunningStatistics: false, statistics: 'running' }), 'keeps no running ones');
  await refused(() => new BatchNorm2d(3, { affine: false, initializer: kaimingNormal() }), 'initializer of a BatchNorm2d without affine');
  await refused(() => new GroupNorm(8, 4), 'groups of a GroupNorm', 'a divisor of its 4 channels');
  await refused(() => new LayerNorm([]), 'shape of a LayerNorm');
  await refused(() => new LayerNorm([4, 0]), 'length 1 of the shape of a LayerNorm');
  await refused(() => new LayerNorm(4, { affine: false, bias: true }), 'bias of a LayerNorm without affine');
  await refused(() => new Embedding({ entries: 0, dimensions: 2 }), 'entries of an Embedding');
  await refused(() => new MaxPool2d({ kernel: [2, 0] }), 'kernel of a MaxPool2d');
  await refused(() => new AvgPool2d({ kernel: 2, stride: 0.5 }), 'stride of an AvgPool2d');
  await refused(() => new AdaptiveAvgPool2d(0), 'size of an AdaptiveAvgPool2d');
  await refused(() => new ZeroPad2d([1, 2] as never), 'padding of a ZeroPad2d', '[top, bottom, left, right]');
  await refused(() => new ReflectionPad2d(-1), 'padding of a ReflectionPad2d');
  await refused(() => new Upsample({}), 'either scale or size', 'neither');
  await refused(() => new Upsample({ scale: 0 }), 'scale of an Upsample');
  await refused(() => new Upsample({ scale: 2, mode: 'bicubic' as never }), 'mode of an Upsample');
  await refused(() => new Upsample({ scale: 2, alignCorners: true }), 'alignCorners of an Upsample');
  await refused(() => new PixelShuffle(1.5), 'factor of a PixelShuffle');
  await refused(() => new Softmax({ axis: 0.5 }), 'axis of a Softmax');
  await refused(() => new Softplus(0), 'beta of a Softplus');
  await refused(() => new Unflatten([2, -1]), 'length 1 of the shape of an Unflatten');
});

test('what does not fit a layer is refused with a mend', async () => {
  const x = tensor('x', [1, 5, 6, 2]);
  await failure('SHAPE_MISMATCH', () => new AdaptiveAvgPool2d([2, 3]).forward(x), 'a multiple of 2', '[1, 5, 6, 2]', /fix: .*upsample\(\)/);
  await failure('SHAPE_MISMATCH', () => new Unflatten([2, 2]).forward(x.reshape([1, 60])), '[1, 4]', '[1, 60]');
  const bare = new BatchNorm2d(2, { affine: false, trackRunningStatistics: false });
  for (const norm of [new BatchNorm2d(2, { affine: false }), bare, new GroupNorm(1, 2)]) {
    await failure('INVALID_ARGUMENT', () => norm.forward(x), 'on no device');
  }
  x.dispose();
});

test('a Flatten is what an Unflatten undoes, in either order', async () => {
  const x = tensor('x', [2, 3, 4, 5]);
  const expected = [...(await x.data())];
  for (const order of ['channels first', 'channels last'] as const) {
    assert.equal(await numbers(() => new Unflatten([3, 4, 5], { order }).forward(new Flatten({ order }).forward(x))), expected, order);
  }
  assert.equal([...new Unflatten([60]).forward(x.reshape([2, 60])).shape], [2, 60]);
  x.dispose();
});

test('an Embedding begins as N(0, 1), and a LayerNorm may have a weight alone', async () => {
  const table = new Embedding({ entries: 50, dimensions: 40 }).to(gpu, { seed: 3 });
  const data = await table.weight.value.data();
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
  assert.ok(Math.abs(mean) < 0.1 && Math.abs(deviation - 1) < 0.05, `${mean}, ${deviation}`);
  const norm = new LayerNorm(40, { bias: false }).to(gpu);
  assert.equal(
    [...norm.namedTensors()].map(([name]) => name),
    ['weight'],
  );
  const result = await numbers(() => norm.forward(table.weight.value));
  assert.ok(Math.abs(result.slice(0, 40).reduce((a, b) => a + b, 0)) < 1e-4);
  for (const each of [table, norm]) each.dispose();
});

test('a BatchNorm2d without weights or statistics of its own leaves nothing behind, and needs none', async () => {
  const before = gpu.memory().tensors;
  const norm = new BatchNorm2d(3, { affine: false, trackRunningStatistics: false });
  assert.equal([norm.parameterCount, [...norm.namedTensors()].length], [0, 0]);
  const network = new Sequential([norm]).to(gpu);
  const x = tensor('x', [2, 3, 4, 3]);
  const trained = await numbers(() => network.forward(x));
  network.eval();
  assert.equal(await numbers(() => network.forward(x)), trained);
  assert.equal(await numbers(() => network.forward(x, { statistics: 'running' })), trained, 'there are none');
  x.dispose();
  network.dispose();
  assert.is(gpu.memory().tensors, before);
});

test("outputPadding makes a transposed convolution's image larger", () => {
  const up = new ConvTranspose2d({ inChannels: 2, outChannels: 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1 }).to(gpu);
  const x = tensor('x', [1, 4, 5, 2]);
  assert.equal(
    gpu.scope(() => [...up.forward(x).shape]),
    [1, 8, 10, 3],
  );
  x.dispose();
  up.dispose();
});

test("a module of one's own has any fields, and goes at the end of its block", () => {
  class Own extends Module {
    readonly children = [1, 2];
    readonly root = 'mine';
    readonly part = this.child('part', new Linear({ inFeatures: 2, outFeatures: 1 }));
  }
  const before = gpu.memory().tensors;
  const own = new Own().to(gpu);
  assert.equal(
    [...own.namedTensors()].map(([name]) => name),
    ['part.weight', 'part.bias'],
  );
  assert.ok(gpu.memory().tensors > before);
  own[Symbol.dispose]();
  assert.is(gpu.memory().tensors, before);
});

test('a BatchNorm2d is refused a momentum that moves its statistics past the batch', async () => {
  for (const momentum of [2, -0.1, NaN, null as never])
    await failure('INVALID_ARGUMENT', () => new BatchNorm2d(1, { momentum }), 'momentum of a BatchNorm2d', 'a number from 0 to 1');
  for (const momentum of [0, 1]) new BatchNorm2d(1, { momentum });
});

test.run();
