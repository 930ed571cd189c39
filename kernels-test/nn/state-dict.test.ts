import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeModule, openModuleFile } from '../../src/exchange/network/module-file.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodeSafetensors } from '../../src/formats/safetensors-file.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { permuteNumbers, permuteShape, inverseAxes } from '../../src/nn/axes.js';
import { constant } from '../../src/nn/initializers.js';
import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Flatten,
  GELU,
  InstanceNorm2d,
  Linear,
  ReLU,
  Sequential,
  SiLU,
} from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import type { LoadableTensor, StateDict } from '../../src/nn/state-dict.js';
import { findNetwork } from '../../src/exchange/read-weights.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/module_state.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { collect, fileOf, openBytes } from '../harness/weights.js';

const gpu = await testGpu();
const theirs = Uint8Array.from(atob(golden.file), (character) => character.charCodeAt(0));
const open = async (bytes: Uint8Array, name = 'a file') => openModuleFile(bytesSource(bytes, name));

/** The network of scripts/goldens/module_state.py. */
const stranger = (): Sequential =>
  new Sequential({
    features: new Sequential([
      new Conv2d({ inChannels: 3, outChannels: 4, kernel: [3, 2], padding: 1 }),
      new BatchNorm2d(4),
      new ReLU(),
      new ConvTranspose2d({ inChannels: 4, outChannels: 2, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false }),
      new InstanceNorm2d(2, { affine: true }),
      new SiLU(),
    ]),
    head: new Sequential([
      new Flatten(),
      new Dropout(0.5),
      new Linear({ inFeatures: 120, outFeatures: 5 }),
      new GELU(),
      new Linear({ inFeatures: 5, outFeatures: 5 }),
    ]),
  });

const contents = async (module: Module): Promise<[string, number[]][]> =>
  Promise.all([...module.namedTensors()].map(async ([name, { value }]): Promise<[string, number[]]> => [name, [...(await value.data())]]));
const numbersOf = async (state: StateDict): Promise<[string, number[], number[]][]> => {
  const result: [string, number[], number[]][] = [];
  for (const [name, { shape, read }] of state) result.push([name, [...shape], [...(await read())]]);
  return result;
};

test("a stranger's PyTorch network is loaded and gives PyTorch's outputs, with no transpose by hand", async () => {
  const network = stranger().to(gpu);
  assert.equal(await network.loadStateDict(await open(theirs)), { missing: [], unexpected: [] });
  network.eval();
  const x = Tensor.from(gpu, generate(golden.x), golden.x.shape);
  const [features, output] = gpu.scope(() => [network.at(0)!.forward(x), network.forward(x)]) as [Tensor, Tensor];
  assertClose(await features.data(), float32(golden.features), { absolute: 2e-6, relative: 2e-6, label: 'features' });
  assertClose(await output.data(), float32(golden.output), { absolute: 2e-6, relative: 2e-6, label: 'output' });
  for (const each of [x, features, output]) each.dispose();
  network.dispose();
});

test("names and shapes of a state dict in PyTorch's layout are PyTorch's, counters included, and so are the files", async () => {
  const network = stranger().to(gpu, { seed: 3 });
  const state = network.stateDict({ layout: 'pytorch' });
  const sorted = (list: readonly (readonly [string, readonly number[]])[]) => [...list].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.equal(sorted([...state].map(([name, { shape }]) => [name, [...shape]])), sorted(golden.names as [string, number[]][]));
  for (const options of [{ format: 'pytorch' }, { layout: 'pytorch' }] as const) {
    const file = await open(await collect(encodeModule(network, options)));
    assert.is(file.format, options.format ?? 'safetensors');
    for (const [name, { shape, read }] of state) {
      assert.equal([...file.tensors.get(name)!.shape], [...shape], name);
      assert.equal(await file.tensors.get(name)!.read(), await read(), name);
    }
    assert.is(file.tensors.get('features.1.num_batches_tracked')!.dtype, 'i64');
    assert.is(file.tensors.size, state.size);
  }
  network.dispose();
});

test('a module comes back from every file that it is saved in, to the bit, and from its own state dict', async () => {
  const network = stranger().to(gpu, { seed: 4 });
  const wanted = await contents(network);
  const other = stranger().to(gpu, { seed: 5 });
  assert.not.equal(await contents(other), wanted);
  for (const options of [{}, { layout: 'pytorch' }, { format: 'pytorch' }] as const) {
    other.dispose();
    other.to(gpu, { seed: 6 });
    await other.loadStateDict(await open(await collect(encodeModule(network, options))));
    assert.equal(await contents(other), wanted, JSON.stringify(options));
  }
  for (const layout of ['shadegrad', 'pytorch'] as const) {
    other.dispose();
    other.to(gpu, { seed: 7 });
    await other.loadStateDict(network.stateDict({ layout }));
    assert.equal(await contents(other), wanted, layout);
  }
  const half = await open(await collect(encodeModule(network, { format: 'pytorch', dtype: 'f16' })));
  await other.loadStateDict(half);
  assert.is(half.tensors.get('features.0.weight')!.dtype, 'f16');
  network.dispose();
  other.dispose();
});

test('a file of another module says to whoever looks for a network that only its program can build it', async () => {
  const network = stranger().to(gpu);
  const file = await open(await collect(encodeModule(network)));
  await failure('WEIGHTS_UNSUPPORTED', () => findNetwork(file), /only its own program/, /fix: .*loadModule\(\)/);
  network.dispose();
});

test('the networks of pix2pix are saved and loaded as any module, and their files still say what they are', async () => {
  for (const [make, role] of [
    [() => new UNet({ size: 16, ngf: 2 }), 'generator'],
    [() => new PatchGAN({ ndf: 2 }), 'discriminator'],
  ] as const) {
    const [network, other] = [make().to(gpu, { seed: 1 }), make().to(gpu, { seed: 2 })];
    for (const options of [{}, { layout: 'pytorch' }, { format: 'pytorch' }] as const) {
      const file = await open(await collect(encodeModule(network, options)));
      assert.is(findNetwork(file).role, role);
      other.dispose();
      other.to(gpu, { seed: 3 });
      await other.loadStateDict(file);
      assert.equal(await contents(other), await contents(network));
    }
    network.dispose();
    other.dispose();
  }
});

test("the same weights are found under a prefix, and under DataParallel's", async () => {
  const network = stranger().to(gpu, { seed: 8 });
  const wanted = await contents(network);
  const state = network.stateDict({ layout: 'pytorch', prefix: 'model.' });
  assert.ok([...state.keys()].every((name) => name.startsWith('model.')));
  const other = stranger().to(gpu, { seed: 9 });
  await failure(
    'WEIGHTS_MISMATCH',
    () => other.loadStateDict(state),
    /"features.0.weight" is missing/,
    /fix: pass \{ prefix: "model\." \}/,
  );
  await other.loadStateDict(state, { prefix: 'model.' });
  assert.equal(await contents(other), wanted);
  await other.loadStateDict(network.stateDict({ prefix: 'module.' }));
  // A network that has a part of that name keeps it.
  const inside = new Sequential({ module: stranger() }).to(gpu, { seed: 1 });
  await inside.loadStateDict(network.stateDict({ prefix: 'module.' }));
  assert.equal(
    (await contents(inside)).map(([, numbers]) => numbers),
    wanted.map(([, numbers]) => numbers),
  );
  for (const each of [network, other, inside]) each.dispose();
});

test('what does not fit is named, and nothing is written', async () => {
  const network = new Sequential({ a: new Linear({ inFeatures: 2, outFeatures: 3 }), b: new BatchNorm2d(3) }).to(gpu, { seed: 1 });
  const before = await contents(network);
  const stored = (changes: Record<string, [number[], number[]] | null>): Map<string, LoadableTensor> => {
    const all = new Map<string, LoadableTensor>();
    const shapes = { 'a.weight': [2, 3], 'a.bias': [3], 'b.weight': [3], 'b.bias': [3], 'b.running_mean': [3], 'b.running_var': [3] };
    for (const [name, shape] of Object.entries(shapes)) {
      all.set(name, { shape, read: async () => new Float32Array(shape.reduce((a, b) => a * b)).fill(7) });
    }
    for (const [name, change] of Object.entries(changes)) {
      if (change === null) all.delete(name);
      else all.set(name, { shape: change[0], read: async () => new Float32Array(change[1]) });
    }
    return all;
  };
  const layout = 'shadegrad' as const;
  const refuse = async (code: Parameters<typeof failure>[0], changes: Parameters<typeof stored>[0], ...words: RegExp[]): Promise<void> => {
    await failure(code, () => network.loadStateDict(stored(changes), { layout }), ...words, /fix: /);
    assert.equal(await contents(network), before);
  };
  await refuse(
    'WEIGHTS_MISMATCH',
    { 'a.bias': null, 'b.bias': null, 'c.bias': [[1], [1]], d: [[1], [1]] },
    /"a.bias" is missing; "b.bias" is missing; "c.bias" has no place; and 1 more/,
  );
  await refuse('WEIGHTS_MISMATCH', { 'b.weight': [[4], [1, 2, 3, 4]] }, /"b.weight" is \[4\] where \[3\] is needed/);
  await refuse(
    'WEIGHTS_MISMATCH',
    {
      'a.weight': [
        [3, 2],
        [1, 2, 3, 4, 5, 6],
      ],
    },
    /layout: 'pytorch'/,
  );
  await refuse('WEIGHTS_MISMATCH', { 'b.bias': [[3], [1, 2]] }, /3 numbers/, /2 numbers/);
  // The last of all: those before it are not written either.
  await refuse('WEIGHTS_CORRUPT', { 'b.running_var': [[3], [1, NaN, 1]] }, /"b.running_var"/, /NaN/);
  await refuse('WEIGHTS_CORRUPT', { 'b.running_var': [[3], [1, -1, 1]] }, /negative variance/);
  await refuse('WEIGHTS_CORRUPT', { 'a.bias': [[3], [Infinity, 1, 1]] }, /Infinity/);
  // PyTorch's counter is known where there is one, and unknown elsewhere.
  await network.loadStateDict(stored({ 'b.num_batches_tracked': [[], [5]] }), { layout });
  const misplaced = stored({ 'a.num_batches_tracked': [[], [5]] });
  await failure('WEIGHTS_MISMATCH', () => network.loadStateDict(misplaced, { layout }), /"a.num_batches_tracked" has no place/);
  await failure('INVALID_ARGUMENT', () => network.loadStateDict(stored({}), { layout: 'tf' as 'pytorch' }), /shadegrad or pytorch/);
  network.dispose();
  await failure('INVALID_ARGUMENT', () => network.loadStateDict(stored({}), { layout }), /no device/);
  await failure('INVALID_ARGUMENT', () => network.stateDict(), /no device/);
});

test('strict: false loads what fits by name and says what it left out; other shapes stay an error', async () => {
  const linear = (): Linear => new Linear({ inFeatures: 2, outFeatures: 1 });
  const network = new Sequential({ a: linear(), b: linear() }).to(gpu, { seed: 1 });
  const before = new Map(await contents(network));
  const tensor = (shape: number[], numbers: number[]): LoadableTensor => ({ shape, read: async () => new Float32Array(numbers) });
  const options = { strict: false, layout: 'pytorch' } as const;
  const loaded = await network.loadStateDict(
    new Map([
      ['a.weight', tensor([1, 2], [3, 4])],
      ['z', tensor([1], [9])],
    ]),
    options,
  );
  assert.equal(loaded, { missing: ['a.bias', 'b.weight', 'b.bias'], unexpected: ['z'] });
  assert.equal(await contents(network), [
    ['a.weight', [3, 4]],
    ...['a.bias', 'b.weight', 'b.bias'].map((name) => [name, before.get(name)]),
  ]);
  await failure('WEIGHTS_MISMATCH', () => network.loadStateDict(new Map([['a.bias', tensor([2], [3, 4])]]), options), /"a.bias"/);
  network.dispose();
});

test('tensors that do not say how they lie are refused where it matters, even if they would fit', async () => {
  const square = new Sequential([new Linear({ inFeatures: 2, outFeatures: 2, bias: false })]).to(gpu);
  const weight = Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
  const map = new Map([['0.weight', weight]]);
  await failure('INVALID_ARGUMENT', () => square.loadStateDict(map), /does not say how/, /"0.weight"/, /layout: 'pytorch'/);
  await square.loadStateDict(map, { layout: 'pytorch' });
  assert.equal((await contents(square))[0]![1], [1, 3, 2, 4]);
  await square.loadStateDict(map, { layout: 'shadegrad' });
  assert.equal((await contents(square))[0]![1], [1, 2, 3, 4]);
  const bare = await openBytes(encodeSafetensors(square.stateDict().values()));
  await failure('INVALID_ARGUMENT', () => square.loadStateDict(bare), /a file without a word/);
  const python = fileOf([{ name: '0.weight', shape: [2, 2], read: async () => new Float32Array([1, 2, 3, 4]) }], { format: 'pt' });
  await square.loadStateDict(python);
  assert.equal((await contents(square))[0]![1], [1, 3, 2, 4]);
  const norm = new Sequential([new BatchNorm2d(1)]).to(gpu);
  const [one] = [Tensor.from(gpu, [1], [1])];
  await norm.loadStateDict(new Map(['weight', 'bias', 'running_mean', 'running_var'].map((name) => [`0.${name}`, one])));
  for (const each of [weight, one]) each.dispose();
  square.dispose();
  norm.dispose();
});

test("a tensor of one's own has the order of axes that its module says", async () => {
  class Own extends Module {
    readonly kernel = this.parameter('kernel', [2, 3, 4], constant(0), { pytorchAxes: [1, 2, 0] });
  }
  const own = new Own().to(gpu);
  const numbers = values('own', 24);
  own.kernel.value.write(numbers);
  const [[name, shape, read]] = (await numbersOf(own.stateDict({ layout: 'pytorch' }))) as [[string, number[], number[]]];
  assert.equal([name, shape], ['kernel', [3, 4, 2]]);
  for (const [a, b, c] of [
    [0, 0, 0],
    [2, 3, 1],
    [1, 2, 0],
  ] as const)
    assert.is(read[(a * 4 + b) * 2 + c], numbers[(c * 3 + a) * 4 + b]);
  own.kernel.value.write(new Float32Array(24));
  await own.loadStateDict(new Map([['kernel', { shape, read: async () => new Float32Array(read) }]]), { layout: 'pytorch' });
  assert.equal(await own.kernel.value.data(), numbers);
  class Wrong extends Module {
    readonly kernel = this.parameter('kernel', [2, 3], constant(0), { pytorchAxes: [0, 0] });
  }
  await failure('INVALID_ARGUMENT', () => new Wrong(), /pytorchAxes/, /each axis from 0 to 1 once/);
  await failure('INVALID_ARGUMENT', () => own.parameter('more', [2], constant(0)), /on a device already/);
  class Empty extends Module {
    readonly kernel = this.parameter('kernel', [2, undefined as unknown as number], constant(0));
  }
  await failure('INVALID_ARGUMENT', () => new Empty(), /shape of a tensor of a module/, /fix: /);
  own.dispose();
});

test('numbers with their axes in another order are where their indices say, and come back', () => {
  const shape = [3, 2, 5, 4];
  const numbers = values('axes', 120);
  const axes = [3, 2, 0, 1];
  const turned = permuteNumbers(numbers, shape, axes);
  for (let i = 0; i < 120; i++) {
    const [h, w, a, b] = [Math.floor(i / 40), Math.floor(i / 20) % 2, Math.floor(i / 4) % 5, i % 4];
    assert.is(turned[((b * 5 + a) * 3 + h) * 2 + w], numbers[i]);
  }
  assert.equal(permuteNumbers(turned, permuteShape(shape, axes), inverseAxes(axes)), numbers);
  assert.equal(permuteNumbers(numbers, [120], [0]), numbers);
});

test('a state dict that is read while the module is trained says so', async () => {
  const network = stranger().to(gpu, { seed: 1 });
  const state = network.stateDict();
  await state.get('features.0.weight')!.read();
  network.namedParameters().get('head.2.weight')!.write(new Float32Array(600));
  await failure('STALE_TENSOR', () => state.get('features.0.bias')!.read(), /changed while it was read/);
  network.dispose();
});

test('a module takes its own state dict, and tensors of its own under other names', async () => {
  const module = new Sequential([new Linear({ inFeatures: 3, outFeatures: 3 }), new Linear({ inFeatures: 3, outFeatures: 3 })]).to(gpu, {
    seed: 5,
  });
  const before = new Map(await contents(module));
  for (const layout of ['shadegrad', 'pytorch'] as const) {
    await module.loadStateDict(module.stateDict({ layout }));
    assert.equal(new Map(await contents(module)), before);
  }
  const tensors = module.namedParameters();
  const swapped = [...tensors].map(([name, tensor]): [string, LoadableTensor] => [
    name.replace(/^./, (index) => (index === '0' ? '1' : '0')),
    tensor,
  ]);
  await module.loadStateDict(new Map(swapped), { layout: 'shadegrad' });
  const after = new Map(await contents(module));
  for (const [name, numbers] of before) assert.equal(after.get(name.replace(/^./, (index) => (index === '0' ? '1' : '0'))), numbers, name);
  module.dispose();
});

test.run();
