// first driver only: what it checks happens before a kernel runs; every-operation.test.ts runs each operation on all of them
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as api from '../../src/index.js';
import * as autogradOps from '../../src/autograd/ops.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { scopedIn } from '../../src/gpu/scope.js';
import { everyOutput } from '../../src/models/kind.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor, type DType } from '../../src/tensor/tensor.js';
import { failure, withLimits } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import { NETWORK_OPERANDS } from '../harness/network-operands.js';
import { NO_OPERANDS } from '../harness/no-operands.js';

const gpu = await testGpu();
/** Another runtime on the same device: its memory is not this one's. */
const otherGpu = withLimits(gpu, {});

type Operands = Readonly<Record<string, Tensor>>;

interface Operation {
  /** Shape of each tensor it takes; a name that begins with "u8 " or "i32 " is one of that type. */
  readonly operands: Readonly<Record<string, Shape>>;
  readonly run: (operands: Operands) => unknown;
  /** How messages name it; the operation itself unless given. */
  readonly name?: RegExp;
  /** Takes tensors of any type: only the device and the life of the tensors matter. */
  readonly anyType?: boolean;
  /** Moves words of either type: f32 and i32. */
  readonly words?: boolean;
  /** Touches the handle alone and dispatches nothing. */
  readonly handleOnly?: boolean;
}

const IMAGE: Shape = [2, 4, 4, 4];
const unary = (run: (x: Tensor, out: Tensor) => unknown, name?: RegExp): Operation => ({
  operands: { x: IMAGE, out: IMAGE },
  run: ({ x, out }) => run(x!, out!),
  name,
});
const binary = (run: (a: Tensor, b: Tensor, out: Tensor) => unknown, name?: RegExp): Operation => ({
  operands: { a: IMAGE, b: IMAGE, out: IMAGE },
  run: ({ a, b, out }) => run(a!, b!, out!),
  name,
});
const network = (module: api.Module, input: Shape, run: (x: Tensor) => unknown, name: RegExp): Operation => {
  module.to(gpu);
  return { operands: { x: input }, run: ({ x }) => run(x!), name };
};

const state = new api.DropoutState(gpu, 1);
const conv = new api.Conv2d({ inChannels: 4, outChannels: 4, kernel: 3 });
const transposed = new api.ConvTranspose2d({ inChannels: 4, outChannels: 4, kernel: 3 });
const batchNorm = new api.BatchNorm2d(4);
const instanceNorm = new api.InstanceNorm2d(4);
const linear = new api.Linear({ inFeatures: 4, outFeatures: 2 });
const affineNorm = new api.InstanceNorm2d(4, { affine: true });
const one = [1, 1, 1, 1, 1];
const [inception, alexnet, vgg16] = [
  new api.InceptionV3({ width: 1 / 64 }),
  new api.AlexNet({ channels: one }),
  new api.VGG16({ channels: one }),
];
const perceptual = new api.PerceptualDistance(new api.AlexNet({ channels: one }), one).to(gpu);
const embedding = new api.Embedding({ entries: 5, dimensions: 4 }).to(gpu);
const sequential = new api.Sequential([new api.Conv2d({ inChannels: 4, outChannels: 2, kernel: 1 }), new api.ReLU()]);
const layer = (module: api.Layer, name: RegExp): Operation => {
  module.to(gpu);
  return { operands: { x: IMAGE, out: IMAGE }, run: ({ x, out }) => module.forward(x!, { out }), name };
};
/** A layer that moves words of any type, and copies floats to where they are wanted. */
const moving = (module: api.Layer, from: Shape, to: Shape): Operation => ({
  operands: { x: from, out: to },
  run: ({ x, out }) => module.forward(x!, { out }),
  name: /./,
  words: true,
});
const training = { training: true };
const evenly = { drawn: { low: 0, high: 1 } };
const classes = Tensor.from(gpu, new Int32Array(3), [3]);

const OPERATIONS: Record<string, Operation> = {
  add: binary((a, b, out) => api.add(a, b, { out })),
  addScaled: binary((a, b, out) => api.addScaled(a, b, 1, 2, { out }), /add/),
  mul: binary((a, b, out) => api.mul(a, b, { out })),
  cast: { operands: { x: IMAGE }, run: ({ x }) => api.cast(x!, 'f32') },
  copy: unary((x, out) => api.copy(x, { out })),
  relu: unary((x, out) => api.relu(x, { out })),
  leakyRelu: unary((x, out) => api.leakyRelu(x, 0.2, { out })),
  tanh: unary((x, out) => api.tanh(x, { out })),
  sigmoid: unary((x, out) => api.sigmoid(x, { out })),
  dropout: unary((x, out) => api.dropout(x, { layer: 1, state, out })),
  instanceNorm: unary((x, out) => api.instanceNorm(x, { out })),
  batchNorm: {
    operands: { x: IMAGE, gamma: [4], beta: [4], mean: [4], variance: [4], out: IMAGE },
    run: ({ x, gamma, beta, mean, variance, out }) =>
      api.batchNorm(x!, gamma!, beta!, { running: { mean: mean!, variance: variance! }, momentum: 0.1, out }),
  },
  conv2d: {
    operands: { x: IMAGE, weight: [2, 2, 4, 3], bias: [3], out: [2, 3, 3, 3] },
    run: ({ x, weight, bias, out }) => api.conv2d(x!, weight!, bias!, { out }),
  },
  convTranspose2d: {
    operands: { x: IMAGE, weight: [2, 2, 3, 4], bias: [3], out: [2, 5, 5, 3] },
    run: ({ x, weight, bias, out }) => api.convTranspose2d(x!, weight!, bias!, { out }),
  },
  concat: { operands: { a: IMAGE, b: IMAGE }, run: ({ a, b }) => api.concat([a!, b!]), words: true },
  sum: { operands: { x: IMAGE }, run: ({ x }) => api.sum(x!) },
  mean: { operands: { x: IMAGE }, run: ({ x }) => api.mean(x!) },
  l1Loss: { operands: { a: IMAGE, b: IMAGE }, run: ({ a, b }) => api.l1Loss(a!, b!), name: /l1 loss/ },
  mseLoss: { operands: { a: IMAGE, b: IMAGE }, run: ({ a, b }) => api.mseLoss(a!, b!), name: /mse loss/ },
  bceWithLogits: { operands: { x: IMAGE }, run: ({ x }) => api.bceWithLogits(x!, 1), name: /bce with logits/ },
  ...Object.fromEntries(
    (['abs', 'elu', 'exp', 'gelu', 'log', 'neg', 'reciprocal', 'sign', 'silu', 'softplus', 'sqrt', 'square'] as const).map((name) => [
      name,
      { operands: { x: IMAGE }, run: ({ x }: Operands) => api[name](x!) },
    ]),
  ),
  ...Object.fromEntries(
    (['div', 'equal', 'greater', 'greaterEqual', 'less', 'lessEqual', 'maximum', 'minimum', 'notEqual', 'pow', 'sub'] as const).map(
      (name) => [name, binary((a, b, out) => api[name](a, b, { out }))],
    ),
  ),
  ...Object.fromEntries(
    (['max', 'min', 'argmax', 'argmin'] as const).map((name) => [
      name,
      { operands: { x: IMAGE }, run: ({ x }: Operands) => api[name](x!) },
    ]),
  ),
  clamp: { operands: { x: IMAGE }, run: ({ x }) => api.clamp(x!, { min: 0 }) },
  where: { operands: { condition: IMAGE, a: IMAGE, b: IMAGE }, run: ({ condition, a, b }) => api.where(condition!, a!, b!) },
  expand: { operands: { x: [1, 4] }, run: ({ x }) => api.expand(x!, [3, 4]), name: /expand|identity|rearranging/ },
  matmul: { operands: { a: [3, 4], b: [4, 5] }, run: ({ a, b }) => api.matmul(a!, b!) },
  linear: {
    operands: { x: [3, 4], weight: [4, 5], bias: [5] },
    run: ({ x, weight, bias }) => api.linear(x!, weight!, bias!),
    name: /linear|matmul/,
  },
  softmax: { operands: { x: IMAGE, out: IMAGE }, run: ({ x, out }) => api.softmax(x!, { out }), name: /softmax/i },
  logSoftmax: { operands: { x: IMAGE, out: IMAGE }, run: ({ x, out }) => api.logSoftmax(x!, { out }), name: /softmax/i },
  crossEntropy: { operands: { x: [3, 4] }, run: ({ x }) => api.crossEntropy(x!, classes) },
  nllLoss: { operands: { x: [3, 4], 'i32 labels': [3] }, run: ({ x, 'i32 labels': labels }) => api.nllLoss(x!, labels!), name: /nllLoss/ },
  oneHot: { operands: { 'i32 labels': [3] }, run: ({ 'i32 labels': labels }) => api.oneHot(labels!, 4), name: /oneHot|spreadLabels/ },
  hingeLoss: { operands: { x: IMAGE }, run: ({ x }) => api.hingeLoss(x!, 'real'), name: /./ },
  pad: { operands: { x: IMAGE, out: [2, 6, 6, 4] }, run: ({ x, out }) => api.pad(x!, 1, { out }) },
  maxPool2d: { operands: { x: IMAGE, out: [2, 2, 2, 4] }, run: ({ x, out }) => api.maxPool2d(x!, { kernel: 2, out }) },
  avgPool2d: { operands: { x: IMAGE, out: [2, 2, 2, 4] }, run: ({ x, out }) => api.avgPool2d(x!, { kernel: 2, out }) },
  globalAveragePool: { operands: { x: IMAGE }, run: ({ x }) => api.globalAveragePool(x!) },
  upsample: { operands: { x: IMAGE, out: [2, 8, 8, 4] }, run: ({ x, out }) => api.upsample(x!, { scale: 2, out }) },
  pixelShuffle: { operands: { x: IMAGE }, run: ({ x }) => api.pixelShuffle(x!, 2), name: /./, words: true },
  pixelUnshuffle: { operands: { x: IMAGE }, run: ({ x }) => api.pixelUnshuffle(x!, 2), name: /./, words: true },
  embedding: {
    operands: { 'i32 indices': [3], table: [5, 4] },
    run: ({ 'i32 indices': indices, table }) => api.embedding(indices!, table!),
  },
  groupNorm: {
    operands: { x: IMAGE, gamma: [4], beta: [4], out: IMAGE },
    run: ({ x, gamma, beta, out }) => api.groupNorm(x!, 2, { gamma, beta, out }),
  },
  layerNorm: {
    operands: { x: IMAGE, gamma: [4], beta: [4], out: IMAGE },
    run: ({ x, gamma, beta, out }) => api.layerNorm(x!, [4], { gamma, beta, out }),
  },
  flip: { operands: { x: IMAGE }, run: ({ x }) => api.flip(x!, [0]), name: /./, words: true },
  permute: { operands: { x: IMAGE }, run: ({ x }) => api.permute(x!, [3, 0, 2, 1]), name: /./, words: true },
  transpose: { operands: { x: IMAGE }, run: ({ x }) => api.transpose(x!), name: /./, words: true },
  flatten: { operands: { x: IMAGE }, run: ({ x }) => api.flatten(x!), anyType: true, handleOnly: true },
  squeeze: { operands: { x: IMAGE }, run: ({ x }) => api.squeeze(x!), anyType: true, handleOnly: true },
  unsqueeze: { operands: { x: IMAGE }, run: ({ x }) => api.unsqueeze(x!, 0), anyType: true, handleOnly: true },
  slice: { operands: { x: IMAGE }, run: ({ x }) => api.slice(x!, { axis: 1, start: 1 }), name: /./, words: true },
  split: { operands: { x: IMAGE }, run: ({ x }) => api.split(x!, [1, 3], { axis: 1 }), name: /./, words: true },
  stack: { operands: { a: IMAGE, b: IMAGE }, run: ({ a, b }) => api.stack([a!, b!]), name: /./, words: true },
  fill: { operands: { x: IMAGE }, run: ({ x }) => api.fill(x!, 1) },
  fillNormal: { operands: { x: IMAGE }, run: ({ x }) => api.fillNormal(x!, 0, 1, 1, 1), name: /fill_normal/ },
  fillUniform: { operands: { x: IMAGE }, run: ({ x }) => api.fillUniform(x!, 0, 1, 1, 1), name: /fill_uniform/ },
  reshape: { operands: { x: IMAGE }, run: ({ x }) => api.reshape(x!, [32, 4]), anyType: true, handleOnly: true },
  sliceChannels: { operands: { x: IMAGE }, run: ({ x }) => api.sliceChannels(x!, 0, 2), anyType: true, handleOnly: true },
  floatToImage: { operands: { x: IMAGE }, run: ({ x }) => api.floatToImage(x!) },
  imageToFloat: { operands: { 'u8 x': IMAGE, out: IMAGE }, run: ({ 'u8 x': x, out }) => api.imageToFloat(x!, out) },
  imageResizeBicubic: { operands: { 'u8 x': IMAGE }, run: ({ 'u8 x': x }) => api.imageResizeBicubic(x!, 8, 8) },
  imageJitter: {
    operands: { 'u8 x': IMAGE, 'u8 draws': [2, 16], out: [2, 4, 4, 4] },
    run: ({ 'u8 x': x, 'u8 draws': draws, out }) => api.imageJitter(x!, draws!, { loadSize: 5, cropSize: 4 }, out),
  },
  imageRotate: {
    operands: { x: IMAGE, draws: [2, 2], out: IMAGE },
    run: ({ x, draws, out }) => api.imageRotate(x!, draws!, out && { out }),
  },
  imageTurn: { operands: { x: IMAGE, draws: [2, 2], out: IMAGE }, run: ({ x, draws, out }) => api.imageTurn(x!, draws!, out) },
  imageColorJitter: {
    operands: { x: [2, 4, 4, 3], draws: [2, 6], out: [2, 4, 4, 3] },
    run: ({ x, draws, out }) => api.imageColorJitter(x!, draws!, out),
  },
  gradientPenalty: {
    operands: { real: IMAGE, fake: IMAGE, shares: [2, 1, 1, 1] },
    run: ({ real, fake, shares }) => api.gradientPenalty(api.square, real!, fake!, shares!),
  },
  imagePool: {
    operands: { x: IMAGE, pool: [3, 4, 4, 4], 'i32 draws': [2, 2] },
    run: ({ x, pool, 'i32 draws': draws }) => api.imagePool(x!, pool!, draws!),
  },
  writeImageDraws: {
    operands: { 'u8 draws': [1, 16] },
    run: ({ 'u8 draws': draws }) => api.writeImageDraws(draws!, [{ cropX: 0, cropY: 0, mirror: false }]),
    handleOnly: true,
  },
  Linear: network(linear, [3, 4], (x) => linear.forward(x), /linear/),
  Sequential: network(sequential, IMAGE, (x) => sequential.forward(x), /conv2d/),
  'InstanceNorm2d (affine)': network(affineNorm, IMAGE, (x) => affineNorm.forward(x), /instanceNorm/),
  ReLU: layer(new api.ReLU(), /relu/),
  LeakyReLU: layer(new api.LeakyReLU(), /leakyRelu/),
  Tanh: layer(new api.Tanh(), /tanh/),
  Sigmoid: layer(new api.Sigmoid(), /sigmoid/),
  GELU: layer(new api.GELU(), /gelu/),
  SiLU: layer(new api.SiLU(), /silu/),
  Dropout: layer(new api.Dropout(), /dropout/),
  Identity: layer(new api.Identity(), /copy/),
  Flatten: { operands: { x: IMAGE }, run: ({ x }) => new api.Flatten().forward(x!), name: /./, words: true },
  'Flatten (to a place)': moving(new api.Flatten(), [2, 4, 4, 3], [2, 48]),
  Unflatten: moving(new api.Unflatten([2, 2, 3]), [2, 12], [2, 2, 2, 3]),
  ELU: layer(new api.ELU(), /elu/),
  Softplus: layer(new api.Softplus(), /softplus/),
  Softmax: layer(new api.Softmax(), /softmax/),
  LogSoftmax: layer(new api.LogSoftmax(), /logSoftmax|softmax/),
  GroupNorm: layer(new api.GroupNorm(2, 4), /groupNorm/),
  LayerNorm: layer(new api.LayerNorm(4), /layerNorm/),
  'BatchNorm2d (neither affine nor tracking)': layer(new api.BatchNorm2d(4, { affine: false, trackRunningStatistics: false }), /batchNorm/),
  MaxPool2d: layer(new api.MaxPool2d({ kernel: 3, stride: 1, padding: 1 }), /maxPool2d/),
  AvgPool2d: layer(new api.AvgPool2d({ kernel: 3, stride: 1, padding: 1 }), /avgPool2d/),
  AdaptiveAvgPool2d: layer(new api.AdaptiveAvgPool2d(4), /avgPool2d/),
  ZeroPad2d: layer(new api.ZeroPad2d(0), /pad/),
  ReflectionPad2d: layer(new api.ReflectionPad2d(0), /pad/),
  ReplicationPad2d: layer(new api.ReplicationPad2d(0), /pad/),
  'Conv2d (reflecting)': layer(
    new api.Conv2d({ inChannels: 4, outChannels: 4, kernel: 3, padding: 'same', paddingMode: 'reflect' }),
    /pad|conv2d/,
  ),
  Upsample: layer(new api.Upsample({ scale: 1 }), /upsample/),
  PixelShuffle: moving(new api.PixelShuffle(2), IMAGE, [2, 8, 8, 1]),
  PixelUnshuffle: moving(new api.PixelUnshuffle(2), IMAGE, [2, 2, 2, 16]),
  'AdaptiveAvgPool2d (of size 1)': moving(new api.AdaptiveAvgPool2d(1), IMAGE, [2, 1, 1, 4]),
  Embedding: {
    operands: { 'i32 indices': [3], out: [3, 4] },
    name: /embedding/,
    run: ({ 'i32 indices': indices, out }) => embedding.forward(indices!, { out }),
  },
  Conv2d: network(conv, IMAGE, (x) => conv.forward(x), /conv2d/),
  ConvTranspose2d: network(transposed, IMAGE, (x) => transposed.forward(x), /convTranspose2d/),
  BatchNorm2d: network(batchNorm, IMAGE, (x) => batchNorm.forward(x, training), /batchNorm/),
  InstanceNorm2d: network(instanceNorm, IMAGE, (x) => instanceNorm.forward(x, training), /instanceNorm/),
  ...Object.fromEntries(
    Object.entries(NETWORK_OPERANDS).map(([name, [module, input, called]]) => [
      name,
      network(module, input, (x) => everyOutput(module, x, training), called),
    ]),
  ),
  InceptionV3: network(inception, [1, 75, 75, 3], (x) => inception.forward(x, { training: false }), /conv2d/),
  AlexNet: network(alexnet, [1, 31, 31, 3], (x) => alexnet.features(x), /conv2d/),
  VGG16: network(vgg16, [1, 16, 16, 3], (x) => vgg16.features(x), /conv2d/),
  PerceptualDistance: { operands: { x: [1, 31, 31, 3], y: [1, 31, 31, 3] }, run: ({ x, y }) => perceptual.forward(x!, y!) },
  drawNoise: { operands: { x: [2, 1, 1, 3] }, run: ({ x }) => api.drawNoise(x!, { drawn: 'normal' }, 1, 2), name: /fill_normal/ },
  'drawNoise (uniform)': { operands: { x: [2, 1, 1, 3] }, run: ({ x }) => api.drawNoise(x!, evenly, 1, 2), name: /fill_uniform/ },
  withLabels: { operands: { x: IMAGE, labels: [2, 3] }, run: ({ x, labels }) => api.withLabels(x!, labels!) },
};

test('every exported function and class is in the table, or known to take no tensor', () => {
  const exported = Object.entries(api)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  assert.equal(
    exported.filter((name) => !(name in OPERATIONS) && !NO_OPERANDS.has(name)),
    [],
  );
  assert.equal(
    Object.keys(OPERATIONS).filter((name) => !exported.includes(name.replace(/ \(.*/, ''))),
    [],
  );
});

/** Whose first operand cannot be left out. */
const operationsAlone: Readonly<Record<string, unknown>> = autogradOps;

const typeOf = (name: string): DType => (['u8', 'i32'] as const).find((type) => name.startsWith(`${type} `)) ?? 'f32';

function make(on: Gpu, shape: Shape, type: DType, label: string): Tensor {
  const count = elementCount(shape);
  if (type === 'u8') return Tensor.fromBytes(on, new Uint8Array(count), shape, label);
  return Tensor.from(on, type === 'i32' ? new Int32Array(count) : new Float32Array(count).fill(0.5), shape, label);
}

/** Runs `body` with the right tensors but one, and counts what is dispatched on either runtime. */
async function withOne(
  operation: Operation,
  odd: string,
  oddTensor: () => Tensor,
  body: (operands: Operands) => Promise<unknown>,
): Promise<number> {
  const operands = Object.fromEntries(
    Object.entries(operation.operands).map(([name, shape]) => [name, name === odd ? oddTensor() : make(gpu, shape, typeOf(name), name)]),
  );
  let dispatched = 0;
  for (const each of [gpu, otherGpu]) each.dispatch = () => void dispatched++;
  try {
    await body(operands);
  } finally {
    for (const each of [gpu, otherGpu]) delete (each as { dispatch?: unknown }).dispatch;
    for (const tensor of Object.values(operands)) if (tensor instanceof Tensor) tensor.dispose();
  }
  return dispatched;
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  const called = operation.name ?? new RegExp(name);

  test(`${name} runs, and gives back what it makes`, async () => {
    const made = Object.fromEntries(
      Object.entries(operation.operands).map(([each, shape]) => [each, make(gpu, shape, typeOf(each), each)]),
    );
    gpu.scope(() => void operation.run(made));
    await gpu.sync();
    for (const tensor of Object.values(made)) tensor.dispose();
  });

  for (const [odd, shape] of Object.entries(operation.operands)) {
    const wrongTypes = (['f32', 'i32', 'u8'] as const).filter((type) => type !== typeOf(odd) && (!operation.words || type === 'u8'));
    for (const type of operation.anyType ? [] : wrongTypes)
      test(`${name} refuses ${odd} of type ${type} at once`, async () => {
        const wrong = (): Tensor => make(gpu, shape, type, 'the odd one');
        const dispatched = await withOne(operation, odd, wrong, (operands) =>
          failure(
            'INVALID_ARGUMENT',
            () => gpu.scope(() => void operation.run(operands)),
            called,
            ...(operation.words
              ? [/expected: (tensors of f32 or f16|u8|f32)/]
              : ['"the odd one"', new RegExp(`expected: ${typeOf(odd)}( or f16)?\n`)]),
            /fix: /,
          ),
        );
        assert.is(dispatched, 0);
      });

    test(`${name} refuses a disposed ${odd}`, async () => {
      const disposed = (): Tensor => {
        const tensor = make(gpu, shape, typeOf(odd), 'the odd one');
        tensor.dispose();
        return tensor;
      };
      const dispatched = await withOne(operation, odd, disposed, (operands) =>
        failure('USE_AFTER_FREE', () => gpu.scope(() => void operation.run(operands)), '"the odd one"'),
      );
      assert.is(dispatched, 0);
    });

    test(`${name} refuses numbers in place of the tensor ${odd}`, async () => {
      const [first] = Object.keys(operation.operands);
      const none = odd === first && name in operationsAlone ? [undefined, null, ''] : [];
      for (const numbers of [[0.5, 0.5], { shape: [2] }, new Float32Array(4), ...none]) {
        const dispatched = await withOne(
          operation,
          odd,
          () => numbers as unknown as Tensor,
          (operands) => failure('INVALID_ARGUMENT', () => gpu.scope(() => void operation.run(operands)), 'expected: a tensor', /fix: /),
        );
        assert.is(dispatched, 0);
      }
    });

    if (!operation.handleOnly && Object.keys(operation.operands).length > 1)
      test(`${name} refuses ${odd} of another Gpu`, async () => {
        const foreign = (): Tensor => make(otherGpu, shape, typeOf(odd), 'the odd one');
        const dispatched = await withOne(operation, odd, foreign, (operands) =>
          failure('DEVICE_MISMATCH', () => gpu.scope(() => void operation.run(operands)), called, /Gpu/, /fix: /),
        );
        assert.is(dispatched, 0);
      });
  }
}

test('a step is not recorded on one Gpu with the tensors of another', async () => {
  const x = make(otherGpu, [2], 'f32', 'x');
  await failure('DEVICE_MISMATCH', () => gpu.record(() => api.mul(x, 2)), 'another Gpu than the one that records');
  let inner: Promise<unknown> | undefined;
  const { recording } = await gpu.record(() => {
    inner = failure('RECORDING', () => otherGpu.record(() => {}), 'inside a recorded function');
  });
  await inner;
  recording.destroy();
  assert.not(gpu.tracing || otherGpu.tracing);
  x.dispose();
});

test('a network refuses an input of another Gpu', async () => {
  for (const name of ['Conv2d', 'ConvTranspose2d', 'BatchNorm2d', ...Object.keys(NETWORK_OPERANDS)]) {
    const { operands, run } = OPERATIONS[name]!;
    const x = make(otherGpu, operands.x!, 'f32', 'x');
    await failure('DEVICE_MISMATCH', () => otherGpu.scope(() => gpu.scope(() => void run({ x }))));
    x.dispose();
  }
});

test('running statistics stay as they are when another tensor is refused', async () => {
  const [x, gamma] = [make(gpu, IMAGE, 'f32', 'x'), make(gpu, [4], 'u8', 'gamma')];
  const [beta, mean, variance] = ['beta', 'mean', 'variance'].map((name) => make(gpu, [4], 'f32', name)) as [Tensor, Tensor, Tensor];
  await failure('INVALID_ARGUMENT', () => api.batchNorm(x, gamma, beta, { running: { mean, variance }, momentum: 0.1 }), /gamma/);
  const short = make(gpu, [3], 'f32', 'short');
  await failure('SHAPE_MISMATCH', () => api.batchNorm(x, short, beta, { running: { mean, variance }, momentum: 0.1 }), /gamma/);
  assert.equal([...(await mean.data()), ...(await variance.data())], new Array(8).fill(0.5));
  for (const tensor of [x, gamma, beta, mean, variance, short]) tensor.dispose();
});

test('memory of another Gpu is refused where it is bound, copied, written and read', async () => {
  const [here, there] = [make(gpu, [4], 'f32', 'here'), make(otherGpu, [4], 'f32', 'there')];
  const shader = { name: 'any', code: '' };
  await failure(
    'DEVICE_MISMATCH',
    () => gpu.dispatch({ shader, bindings: [here.read(), there.written()], workgroups: [1, 1, 1] }),
    '"there"',
  );
  await failure('DEVICE_MISMATCH', () => gpu.copy(there.storage, 0, here.storage, 0, 16), '"there"');
  await failure('DEVICE_MISMATCH', () => gpu.write(there.storage, 0, new Float32Array(4)), '"there"');
  await failure('DEVICE_MISMATCH', () => gpu.read(there.storage, 0, 16), '"there"');
  for (const tensor of [here, there]) tensor.dispose();
  await gpu.sync();
});

test('a kernel that forgets to check is refused a tensor of the wrong type when it binds it', async () => {
  const [bytes, floats] = [make(gpu, [4], 'u8', 'bytes'), make(gpu, [4], 'f32', 'floats')];
  await failure('INVALID_ARGUMENT', () => bytes.read(), '"bytes"', /expected: f32/);
  await failure('INVALID_ARGUMENT', () => floats.written('u8'), '"floats"', /expected: u8/);
  for (const tensor of [bytes, floats]) tensor.dispose();
});

/** What an operation gives for numbers that f16 holds exactly, and so does what it is given in f16. */
async function resultsWith(operation: Operation, half: string | null): Promise<number[][]> {
  const operands = Object.fromEntries(
    Object.entries(operation.operands).map(([name, shape]) => {
      const numbers = Array.from({ length: elementCount(shape) }, (_, i) => ((i * 5) % 7) / 8 + 0.25);
      const tensor = typeOf(name) === 'f32' ? Tensor.from(gpu, numbers, shape, name) : make(gpu, shape, typeOf(name), name);
      return [name, name === half ? api.cast(tensor, 'f16') : tensor];
    }),
  );
  const results = gpu.scope(() => operation.run(operands));
  const places = Object.entries(operands).flatMap(([name, tensor]) => (name === 'out' ? [tensor] : []));
  const made = [...new Set([...scopedIn(results), ...places])].filter((each) => each instanceof Tensor);
  const floats = made.filter(({ dtype }) => dtype === 'f32' || dtype === 'f16');
  const numbers = await Promise.all(floats.map(async (tensor) => [...(await tensor.data())]));
  for (const tensor of [...made, ...Object.values(operands)]) tensor.dispose();
  return numbers;
}

/** Half a unit in the last of 11 digits, a few times over: what is computed in f16 may be rounded on its way. */
const ROUNDED = 4 * 2 ** -11;

/** What is held in f32 always: parameters, statistics, and places for results that are computed in f32. All else takes f16. */
const IN_SINGLE: Readonly<Record<string, readonly string[]>> = {
  avgPool2d: ['out'],
  batchNorm: ['gamma', 'beta', 'mean', 'variance'],
  conv2d: ['bias'],
  convTranspose2d: ['bias'],
  embedding: ['table'],
  groupNorm: ['gamma', 'beta'],
  layerNorm: ['gamma', 'beta'],
  linear: ['weight', 'bias'],
  logSoftmax: ['out'],
  maxPool2d: ['out'],
  softmax: ['out'],
};

test('operands that refuse f16 are operands that there are', () => {
  for (const [name, refused] of Object.entries(IN_SINGLE))
    for (const operand of refused) assert.ok(operand in OPERATIONS[name]!.operands, `${name}: ${operand}`);
});

// Layers and networks are made of these. Gradients: half-operations.test.ts.
for (const [name, operation] of Object.entries(OPERATIONS)) {
  if (!(name in operationsAlone) || operation.handleOnly || name === 'dropout') continue;
  const floats = Object.keys(operation.operands).filter((each) => typeOf(each) === 'f32');
  const [taken, refused] = [true, false].map((takes) => floats.filter((each) => takes !== (IN_SINGLE[name] ?? []).includes(each)));
  for (const half of refused!) {
    testHalf(gpu, `${name} refuses ${half} of f16 at once`, async () => {
      const inHalf = (): Tensor => Tensor.empty(gpu, operation.operands[half]!, 'the odd one', 'f16');
      const dispatched = await withOne(operation, half, inHalf, (operands) =>
        failure('INVALID_ARGUMENT', () => gpu.scope(() => void operation.run(operands)), '"the odd one"', /expected: f32\n.*f16/, /fix: /),
      );
      assert.is(dispatched, 0);
    });
  }
  if (taken!.length === 0) continue;
  testHalf(gpu, `${name} takes f16: ${taken!.join(', ')}`, async () => {
    const expected = await resultsWith(operation, null);
    for (const half of taken!) {
      const received = await resultsWith(operation, half);
      assert.is(received.length, expected.length);
      for (const [index, numbers] of received.entries()) {
        const size = Math.max(...expected[index]!.map(Math.abs).filter(Number.isFinite), 0);
        const wrong = numbers.findIndex((number, i) => {
          const wanted = expected[index]![i]!;
          return !(Object.is(number, wanted) || Math.abs(number - wanted) <= ROUNDED * Math.max(size, 2 ** -10));
        });
        assert.is(wrong, -1, `${half} in f16: ${numbers[wrong]} for ${expected[index]![wrong]}`);
      }
    }
  });
}

test.run();
