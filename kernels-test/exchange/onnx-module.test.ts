import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as sg from '../../src/index.js';
import { Tensor, type OnnxModuleOptions, type Shape } from '../../src/index.js';
import { openOnnx, saveOnnx, traceOnnx } from '../../src/node/weights/onnx.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { agrees, Made, numbersFor, ort, planes, session } from '../harness/onnx.js';
import { temporaryFolder } from '../harness/program.js';
import { formulaNetwork, refuses } from '../harness/weights.js';

const gpu = await testGpu();
const folder = temporaryFolder('onnx-module');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const IMAGE: readonly Shape[] = [
  [1, 6, 8, 4],
  [3, 6, 8, 4],
];

const { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, ReLU, Sequential, Tanh } = sg;

test('a classifier of layers: any batch, running statistics, dropout off, weights in a file of their own', async () => {
  const network = new Sequential([
    new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3, stride: 2, padding: 1, bias: false }),
    new BatchNorm2d(8),
    new ReLU(),
    new Dropout(),
    new Flatten(),
    new Linear({ inFeatures: 8 * 4 * 4, outFeatures: 10 }),
  ]).to(gpu, { seed: 3 });
  const running = await network.namedBuffers().get('1.running_var')!.data();
  const before = [...network.modules()].map(({ training }) => training);
  for (const options of [{}, { external: true }])
    await agrees(
      folder,
      'classifier',
      network,
      [
        [1, 8, 8, 3],
        [4, 8, 8, 3],
      ],
      options,
    );
  assert.equal(
    [...network.modules()].map(({ training }) => training),
    before,
    'the mode of each part is as it was',
  );
  assert.equal(await network.namedBuffers().get('1.running_var')!.data(), running, 'nothing was learnt from the export');
  network.dispose();
});

test("the library's own networks as exportOnnx() has them: skip connections, norms of the batch", async () => {
  for (const network of [
    new sg.UNet({ size: 16, ngf: 4 }),
    new sg.UNet({ size: 16, ngf: 2, norm: 'instance', bias: 'everywhere' }),
    new sg.PatchGAN({ inChannels: 3, ndf: 4, layers: 2 }),
    new sg.EncoderDecoder({ size: 16, ngf: 4 }),
    new sg.ResNetGenerator({ ngf: 4, blocks: 2, dropout: 0.5 }),
    new sg.ResNetGenerator({ ngf: 4, blocks: 1, norm: 'batch' }),
    new sg.PixelGAN({ inChannels: 3, ndf: 4 }),
  ]) {
    network.to(gpu, { seed: 7 });
    await agrees(
      folder,
      network.constructor.name,
      network,
      [
        [1, 32, 32, 3],
        [2, 32, 32, 3],
      ],
      {},
      1e-4,
    );
    network.dispose();
  }
});

test('networks that make images of random numbers or labels, and judge images of one size', async () => {
  const networks: [Parameters<typeof agrees>[2], Shape][] = [
    [new sg.DCGANGenerator({ size: 32, nz: 6, ngf: 2 }), [1, 1, 6]],
    [new sg.DCGANDiscriminator({ size: 32, ndf: 2 }), [32, 32, 3]],
    [new sg.GANGenerator({ size: 6, nz: 5, units: 8, outChannels: 3 }), [1, 1, 5]],
    [new sg.GANDiscriminator({ size: 6, inChannels: 3, units: 8 }), [6, 6, 3]],
    [new sg.CGANGenerator({ size: 6, nz: 5, labels: 2, units: 8 }), [1, 1, 7]],
    [new sg.CGANDiscriminator({ size: 6, labels: 2, units: 8 }), [6, 6, 3]],
    [new sg.ConditionalDCGANGenerator({ size: 8, nz: 5, labels: 2, ngf: 2, units: 8 }), [1, 1, 7]],
    [new sg.ConditionalDCGANDiscriminator({ size: 8, labels: 2, ndf: 2, units: 8 }), [8, 8, 3]],
    [new sg.StarGANGenerator({ labels: 2, ngf: 2, blocks: 2 }), [16, 16, 5]],
    [new sg.StarGANDiscriminator({ size: 16, ndf: 2, layers: 3 }), [16, 16, 3]],
  ];
  for (const [network, shape] of networks) {
    network.to(gpu, { seed: 7 });
    const batches = [1, 3].map((batch) => [batch, ...shape]);
    await agrees(folder, network.constructor.name, network, batches, {}, 1e-4);
    network.dispose();
  }
});

test("a batch norm that uses each image's own statistics takes any number of images, or so many, each as if by itself", async () => {
  const architecture = { kind: 'resnet', options: { ngf: 2, blocks: 1, norm: 'batch' } };
  const weights = formulaNetwork(architecture);
  const network = await sg.loadNetwork(gpu, weights);
  const shape = [3, 12, 8, 3];
  const numbers = numbersFor(shape);
  const each = numbers.length / 3;
  const expected = new Float32Array(numbers.length);
  for (let image = 0; image < 3; image++) {
    const given = Tensor.from(gpu, numbers.subarray(image * each, (image + 1) * each), [1, 12, 8, 3]);
    const output = sg.noGrad(() => network.forward(given, { training: false, statistics: 'batch' }));
    expected.set(await output.data(), image * each);
  }
  for (const batch of ['dynamic', 3] as const) {
    const path = join(folder, `resnet-${batch}.onnx`);
    const found = { role: 'generator', weights, origin: 'PyTorch names', statistics: 'batch', prefix: '' } as const;
    await traceOnnx(gpu, found, path, { batch });
    const run = (await openOnnx(path))!;
    assertClose(await run(numbers, shape as never), expected, { absolute: 1e-5, label: String(batch) });
    const one = run(numbers.subarray(0, each), [1, 12, 8, 3]);
    if (batch === 'dynamic') assertClose(await one, expected.subarray(0, each), { absolute: 1e-5, label: 'one' });
    else assert.is(await one.catch(({ code }) => code as string), 'WEIGHTS_MISMATCH', 'a model of three images takes no other number');
  }
  network.dispose();
});

test('NHWC, and weights as float16', async () => {
  const network = new Sequential([new Conv2d({ inChannels: 3, outChannels: 4, kernel: 3 }), new Tanh()]).to(gpu, { seed: 3 });
  const shape = [2, 7, 5, 3];
  const numbers = numbersFor(shape);
  const given = Tensor.from(gpu, numbers, shape);
  const expected = await network.forward(given).data();
  const last = await session(folder, network, { input: shape, layout: 'NHWC' });
  const { output } = await last.run({ input: new ort.Tensor('float32', numbers, shape) });
  assert.equal([...output!.dims], [2, 5, 3, 4]);
  assertClose(output!.data as Float32Array, expected, { absolute: 1e-5, label: 'NHWC' });
  const half = await session(folder, network, { input: shape, layout: 'NHWC', dtype: 'f16' });
  const rounded = (await half.run({ input: new ort.Tensor('float32', numbers, shape) })).output!.data as Float32Array;
  assertClose(rounded, expected, { absolute: 2e-3, label: 'float16' });
  assert.ok(
    rounded.some((value, index) => Math.abs(value - expected[index]!) > 1e-6),
    'it is the rounded weights that were run',
  );
  network.dispose();
});

test('several inputs and outputs by name, whole numbers among them', async () => {
  const module = new Made({ table: [5, 4] }, (x) => x).to(gpu, { seed: 2 });
  const table = module.namedParameters().get('table')!;
  const model = await session(folder, module, {
    input: { image: [1, 2, 3, 4], label: { shape: [1], dtype: 'i32' } },
    forward: ({ image, label }) => {
      const shifted = sg.add(image!, sg.embedding(label!, table).reshape([image!.shape[0]!, 1, 1, 4]));
      return { shifted, flat: shifted.mean({ axes: [1, 2] }), same: label! };
    },
  });
  assert.equal(
    [model.inputNames, model.outputNames],
    [
      ['image', 'label'],
      ['shifted', 'flat', 'same'],
    ],
  );
  const numbers = numbersFor([2, 2, 3, 4]);
  const images = planes(numbers, [2, 2, 3, 4]);
  const result = await model.run({
    image: new ort.Tensor('float32', images.numbers, images.shape),
    label: new ort.Tensor('int32', Int32Array.of(4, 1), [2]),
  });
  const rows = await table.data();
  const expected = numbers.map((value, index) => value + rows[(index < 24 ? 4 : 1) * 4 + (index % 4)]!);
  assertClose(result.shifted!.data as Float32Array, planes(expected, [2, 2, 3, 4]).numbers as Float32Array, {
    absolute: 1e-5,
    label: 'shifted',
  });
  assert.equal([...result.flat!.dims], [2, 4]);
  assert.equal([...result.same!.data], [4, 1]);
  module.dispose();
});

test('constants, computed weights, detached tensors and places that are given', async () => {
  const module = new Made({ weight: [3, 3, 4, 4], input: [4] }, (x, w) => {
    const wide = Tensor.empty(gpu, [...x.shape.slice(0, -1), 8]);
    const left = sg.relu(x, { out: wide.sliceChannels(0, 4) });
    // A weight that is divided by its norm, as spectral normalisation has it.
    const weight = sg.div(w.weight!, sg.sqrt(sg.sum(sg.square(w.weight!))));
    const right = sg.conv2d(x, weight, w.input!, { padding: 1, out: wide.sliceChannels(4, 8) });
    const both = sg.concat([left, right]);
    const ramp = sg.arange(gpu, 8);
    const table = Tensor.from(gpu, [0, 1, 2, 3, 4, 5, 6, 7], [8]);
    return sg.add(sg.add(sg.mul(both.detach(), sg.full(gpu, [8], 0.5)), ramp), table);
  }).to(gpu, { seed: 4 });
  await agrees(folder, 'constants', module, IMAGE);
  module.dispose();
});

test("an operation of one's own, explained", async () => {
  const cube = sg.defineOperation<[Tensor, number]>({
    name: 'scaled cube',
    forward: (x, factor) => sg.noGrad(() => sg.mul(sg.mul(x, sg.mul(x, x)), factor)),
    backward: (dy, { args: [x, factor] }) => [sg.mul(sg.mul(dy, sg.mul(x, x)), 3 * factor)],
  });
  const module = new Made({ anchor: [1] }, (x) => sg.relu(cube(x, 2))).to(gpu);
  await refuses(() => sg.exportModuleOnnx(module, { input: [1, 6] }), 'WEIGHTS_UNSUPPORTED', /scaled cube.*operations/s);
  await agrees(folder, 'cube', module, IMAGE, {
    operations: {
      'scaled cube': (graph, { operands: [x], attributes, shape }) => {
        const {
          names: [name, factor],
          order,
        } = graph.arranged([x as sg.GraphValue, (attributes.args as number[])[1]!], shape);
        const squared = graph.node('Mul', [name!, name!]);
        return { name: graph.node('Mul', [graph.node('Mul', [squared, name!]), factor!]), shape, dtype: 'f32', order };
      },
    },
  });
  module.dispose();
});

let calls = 0;

/** What would make the model compute something else than the module. */
const REFUSED: Record<
  string,
  readonly [run: (x: Tensor, w: Record<string, Tensor>) => unknown, code: string, message: RegExp, options?: Partial<OnnxModuleOptions>]
> = {
  'an operation that ONNX has not': [(x) => sg.crossEntropy(x, sg.argmax(x, { axis: -1 })), 'WEIGHTS_UNSUPPORTED', /crossEntropy/],
  'dropout that is forced': [(x) => sg.dropout(x, { layer: 1, state: new sg.DropoutState(gpu, 1) }), 'WEIGHTS_UNSUPPORTED', /dropout/],
  'statistics that are updated': [
    (x, w) => sg.batchNorm(x, w.row!, w.row!, { running: { mean: sg.zerosLike(w.row!), variance: sg.onesLike(w.row!) }, momentum: 0.1 }),
    'WEIGHTS_UNSUPPORTED',
    /batchNorm/,
  ],
  "a kernel of one's own beside the operations": [
    (x) => {
      const y = Tensor.empty(gpu, x.shape);
      sg.fillUniform(y, 0, 1, 3, 4);
      return sg.add(x, y);
    },
    'WEIGHTS_UNSUPPORTED',
    /kernel fill_uniform|kernel uniform/,
  ],
  'a wide tensor that was written in parts': [
    (x) => {
      const wide = Tensor.empty(gpu, [...x.shape.slice(0, -1), 2 * x.channels]);
      sg.relu(x, { out: wide.sliceChannels(0, x.channels) });
      sg.relu(x, { out: wide.sliceChannels(x.channels, 2 * x.channels) });
      return sg.tanh(wide);
    },
    'WEIGHTS_UNSUPPORTED',
    /concat/,
  ],
  'memory that nothing has written': [(x) => sg.add(x, Tensor.empty(gpu, [6])), 'WEIGHTS_UNSUPPORTED', /nothing has written/],
  'an input that was overwritten': [
    (x) => {
      sg.fill(x, 3);
      return sg.relu(x);
    },
    'WEIGHTS_UNSUPPORTED',
    /kernel fill/,
  ],
  'a number that depends on the batch': [
    (x) => sg.mul(sg.sum(x, { axes: 0 }), 1 / x.shape[0]!),
    'WEIGHTS_UNSUPPORTED',
    /"mul" depends.*dynamicAxes/s,
  ],
  'a tensor that depends on the batch': [(x) => sg.add(x, sg.ones(gpu, x.shape)), 'WEIGHTS_UNSUPPORTED', /depends/],
  'a turn that depends on the batch': [(x) => (x.shape[0] === 1 ? sg.relu(x) : sg.tanh(x)), 'WEIGHTS_UNSUPPORTED', /depends/],
  'a reshape of two lengths': [
    (x) =>
      sg
        .relu(x)
        .reshape([x.shape[0]! * 2, x.channels / 2])
        .reshape([x.size]),
    'none',
    /./,
  ],
  'a count of calls': [(x) => sg.mul(x, ++calls), 'WEIGHTS_UNSUPPORTED', /twice/, { dynamicAxes: [] }],
  'an output with the name of an input': [(x) => ({ input: sg.relu(x) }), 'INVALID_ARGUMENT', /output "input"/],
  'a number that is drawn, whatever the lengths': [(x) => sg.mul(x, ++calls), 'WEIGHTS_UNSUPPORTED', /twice/],
  'an asynchronous function that fails': [
    async () => {
      throw new Error('not to be heard of');
    },
    'INVALID_ARGUMENT',
    /await/,
  ],
  'a length that the module does not take': [
    (x, w) => sg.add(x, w.row!),
    'INVALID_ARGUMENT',
    /dynamicAxes.*longer axes/s,
    { dynamicAxes: [1] },
  ],
  'an asynchronous function': [async (x) => sg.relu(x), 'INVALID_ARGUMENT', /await/],
  'no tensor at all': [() => 3, 'INVALID_ARGUMENT', /tensor/],
};

for (const [name, [run, code, message, options]] of Object.entries(REFUSED)) {
  test(`refused or right: ${name}`, async () => {
    const module = new Made({ row: [6] }, (x) => x).to(gpu);
    const weights = Object.fromEntries(module.namedParameters());
    const make = (): Promise<unknown> =>
      sg.exportModuleOnnx(module, { input: [1, 6], forward: ({ input }) => run(input!, weights) as Tensor, ...options });
    if (code === 'none') await make();
    else await refuses(make, code, message);
    module.dispose();
  });
}

test('with a fixed length the same is exported', async () => {
  const module = new Made({ row: [6] }, (x) => sg.add(sg.mul(sg.sum(x, { axes: 0 }), 1 / x.shape[0]!), sg.ones(gpu, x.shape))).to(gpu);
  await agrees(folder, 'fixed', module, [[3, 6]], { dynamicAxes: [] });
  module.dispose();
});

/** Axial attention's idiom: rows become a batch, so that an axis of the result is not the one at its place before. */
const axial = (x: Tensor): Tensor => {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return sg.mean(sg.square(sg.softmax(x.reshape([n * h, w, c]), { axis: 1 })), { axes: [0, 1] });
};
const SQUARE_AND_OTHERS: readonly Shape[] = [
  [1, 8, 8, 4],
  [1, 4, 6, 4],
  [2, 9, 5, 4],
  [3, 7, 7, 4],
];

test('of a square, height and width are told apart', async () => {
  for (const run of [axial, (x: Tensor) => sg.mean(x, { axes: [0] }), (x: Tensor) => sg.max(sg.permute(x, [0, 2, 1, 3]), { axes: [3] })]) {
    const module = new Made({ anchor: [1] }, run).to(gpu);
    await agrees(folder, 'square', module, SQUARE_AND_OTHERS, { dynamicAxes: [0, 1, 2] });
    module.dispose();
  }
});

test('what only odd lengths show is refused', async () => {
  const idiom = (x: Tensor): Tensor => sg.upsample(sg.maxPool2d(x, { kernel: 2 }), { size: [x.shape[1]!, x.shape[2]!] });
  for (const run of [(x: Tensor) => sg.maxPool2d(x, { kernel: 2, ceilMode: true }), idiom]) {
    const module = new Made({ anchor: [1] }, run).to(gpu);
    await refuses(() => sg.exportModuleOnnx(module, { input: [1, 8, 8, 4], dynamicAxes: [0, 1, 2] }), 'WEIGHTS_UNSUPPORTED', /depends/);
    await agrees(folder, 'fixed', module, [
      [1, 7, 7, 4],
      [2, 7, 7, 4],
    ]);
    module.dispose();
  }
});

test('constants are told apart by shape, value and sign', async () => {
  const module = new Made({ anchor: [1] }, (x) => sg.add(sg.layerNorm(x, [8]), 8.1)).to(gpu);
  await agrees(folder, 'a number and a list', module, [
    [2, 8],
    [3, 8],
  ]);
  module.dispose();
  const norm = new Made({ anchor: [1] }, (x) => sg.mul(sg.instanceNorm(x), 3.1)).to(gpu);
  await agrees(folder, 'the same by channels', norm, [[1, 4, 5, 3]]);
  norm.dispose();
  const sign = new Made({ anchor: [1] }, (x) => sg.greater(sg.reciprocal(sg.mul(sg.square(sg.maximum(x, 0)), -0)), 0)).to(gpu);
  await agrees(folder, 'the sign of zero', sign, [[2, 6]]);
  sign.dispose();
});

test('the first of a batch of one is the first of any batch, and the whole of it is the whole of any', async () => {
  const first = new Made({ anchor: [1] }, (x) => sg.add(x, sg.slice(x, { axis: 0, end: 1 }))).to(gpu);
  const shapes: Shape[] = [
    [1, 4, 6, 3],
    [3, 4, 6, 3],
  ];
  await agrees(folder, 'the first', first, shapes);
  first.dispose();
  const all = new Made({ anchor: [1] }, (x) =>
    sg.concat([x.slice({ axis: 1, end: x.shape[1]! }), x.slice({ axis: 1, start: 1 })], { axis: 1 }),
  );
  all.to(gpu);
  await agrees(folder, 'all', all, [...shapes, [2, 7, 5, 3]], { dynamicAxes: [0, 1, 2] });
  all.dispose();
  const half = new Made({ anchor: [1] }, (x) => x.slice({ axis: 1, end: x.shape[1]! - 1 })).to(gpu);
  await refuses(() => session(folder, half, { input: shapes[0]!, dynamicAxes: [1] }), 'WEIGHTS_UNSUPPORTED', /slice.*depends/s);
  half.dispose();
});

test('whatever inputs, outputs and parameters are called, no name of a model stands for two things', async () => {
  const names = ['input', 'output', 'state/input', '/0/Mul', '/1/Add', '/2/Add', 'x'];
  const forward = (x: Tensor, weights: Record<string, Tensor>): Tensor => {
    const sum = names.reduce((total, name) => sg.add(total, weights[name]!), sg.mul(x, 2));
    return sg.concat([sum.slice({ axis: 1, end: 1 }).reshape([x.shape[0]!, 1]), sg.add(sum, Tensor.from(gpu, [7], [1]))], { axis: 1 });
  };
  const module = new Made(Object.fromEntries(names.map((name) => [name, [1]])), forward).to(gpu, { seed: 5 });
  const shapes: Shape[] = [
    [2, 3],
    [1, 3],
  ];
  await agrees(folder, 'names', module, shapes);
  // A kernel that is stored twice, as float16 with what makes float32 of it, and inputs that are called like those.
  const kernels = new Made({ k: [3, 3] }, (x) => x).to(gpu, { seed: 6 });
  const { k } = Object.fromEntries(kernels.namedParameters());
  const twice = (x: Tensor, more: Tensor): Tensor => sg.concat([sg.matmul(x, k!), sg.matmul(x, sg.transpose(k!)), more], { axis: 1 });
  const model = await session(folder, kernels, {
    input: { 'k.f32': [1, 3], 'k.1': [1, 3] },
    forward: (given) => twice(given['k.f32']!, given['k.1']!),
    dtype: 'f16',
  });
  const [one, other] = [numbersFor([1, 3]), numbersFor([2, 3]).slice(3)];
  const expected = await twice(Tensor.from(gpu, one, [1, 3]), Tensor.from(gpu, other, [1, 3])).data();
  const of = (numbers: Float32Array): unknown => new ort.Tensor('float32', numbers, [1, 3]);
  const { output } = await model.run({ 'k.f32': of(one), 'k.1': of(other) });
  assertClose(output!.data as Float32Array, expected, { absolute: 2e-3, label: 'kernels' });
  kernels.dispose();
  await refuses(() => session(folder, module, { input: { '/0/Add': [1, 3] } }), 'INVALID_ARGUMENT', /begin with no slash/);
  module.dispose();
});

test('a long axis keeps its length', async () => {
  const module = new Made({ anchor: [1] }, (x) => x.reshape([1, 4097 * 4099])).to(gpu);
  const model = await session(folder, module, { input: [4097, 4099], dynamicAxes: [] });
  const { output } = await model.run({ input: new ort.Tensor('float32', new Float32Array(4097 * 4099), [4097, 4099]) });
  assert.equal([...output!.dims], [1, 4097 * 4099]);
  module.dispose();
});

test('an export leaves the module as it is: its mode while and after it, and its statistics when it is refused', async () => {
  const network = new Sequential([new BatchNorm2d(3), new ReLU()]).to(gpu, { seed: 1 });
  const exports = [1, 2].map(() => sg.exportModuleOnnx(network, { input: [1, 4, 4, 3] }));
  assert.ok(
    [...network.modules()].every(({ training }) => training),
    'while they run',
  );
  await Promise.all(exports);
  assert.ok(
    [...network.modules()].every(({ training }) => training),
    'after two at once',
  );
  const statistics = (): Promise<Float32Array[]> => Promise.all([...network.namedBuffers().values()].map((buffer) => buffer.data()));
  const before = await statistics();
  const trained = ({ input }: Readonly<Record<string, Tensor>>): Tensor => network.forward(input!, { training: true });
  await refuses(() => sg.exportModuleOnnx(network, { input: [1, 4, 4, 3], forward: trained }), 'WEIGHTS_UNSUPPORTED', /batchNorm/);
  assert.equal(await statistics(), before);
  network.dispose();
});

test('a batch norm that has one number for each channel and batch is refused', async () => {
  const module = new Made({ gamma: [4] }, (x, { gamma }) => sg.batchNorm(x, gamma!, gamma!)).to(gpu);
  await refuses(() => sg.exportModuleOnnx(module, { input: [4], dynamicAxes: [] }), 'WEIGHTS_UNSUPPORTED', /batchNorm/);
  module.dispose();
});

test('options and modules that cannot be', async () => {
  const module = new Made({ row: [6] }, (x) => x).to(gpu);
  const given = (options: object) => () => sg.exportModuleOnnx(module, { input: [1, 6], ...options } as OnnxModuleOptions);
  await refuses(given({ layout: 'CHW' }), 'INVALID_ARGUMENT', /layout.*NCHW/s);
  await refuses(given({ dtype: 'f64' }), 'INVALID_ARGUMENT', /dtype/);
  await refuses(given({ inputs: [1, 6] }), 'INVALID_ARGUMENT', /inputs/);
  await refuses(given({ input: undefined }), 'INVALID_ARGUMENT', /input/);
  await refuses(given({ input: {} }), 'INVALID_ARGUMENT', /input/);
  await refuses(given({ input: [1, 0] }), 'INVALID_ARGUMENT', /shape/);
  await refuses(given({ input: { a: [1, 6], b: [1, 6] } }), 'INVALID_ARGUMENT', /2 inputs/);
  await refuses(given({ dynamicAxes: [2] }), 'INVALID_ARGUMENT', /dynamicAxes/);
  await refuses(given({ external: { fileName: 'a/b' } }), 'INVALID_ARGUMENT', /path/);
  const bare = new Sequential([new ReLU()]).to(gpu);
  await refuses(() => sg.exportModuleOnnx(bare, { input: [1, 6] }), 'INVALID_ARGUMENT', /parameters.*pass gpu/s);
  assert.ok((await sg.exportModuleOnnx(bare, { input: [1, 6], gpu })).model.bytes > 0);
  const swapped = saveOnnx as unknown as (...given: unknown[]) => Promise<unknown>;
  await refuses(() => swapped(module, 'q.onnx', { input: [1, 6] }), 'INVALID_ARGUMENT', /path, then the module/);
  await refuses(() => swapped('q.onnx', { input: [1, 6] }), 'INVALID_ARGUMENT', /a module, then/);
  await refuses(() => swapped('q.onnx', module), 'INVALID_ARGUMENT', /no input/);
  module.dispose();
  await refuses(given({}), 'INVALID_ARGUMENT', /to\(gpu/);
});

test('weights that are not finite leave no file', async () => {
  const module = new Made({ row: [6] }, (x, { row }) => sg.mul(x, row!)).to(gpu);
  module.namedParameters().get('row')!.write([1, 2, NaN, 4, 5, 6]);
  const path = join(folder, 'diverged.onnx');
  await refuses(() => saveOnnx(path, module, { input: [1, 6], external: true }), 'DIVERGED', /row/);
  assert.not(existsSync(path) || existsSync(`${path}.data`));
  module.dispose();
});

test.run();
