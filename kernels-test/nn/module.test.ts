import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { add, mseLoss, mean, sum } from '../../src/autograd/ops.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { constant, normal } from '../../src/nn/initializers.js';
import { BatchNorm2d, Conv2d, InstanceNorm2d } from '../../src/nn/layers.js';
import { Module, type PlaceOptions } from '../../src/nn/module.js';
import type { Parameter } from '../../src/nn/parameter.js';
import { Adam } from '../../src/optim/adam.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { failure, withLimits } from '../harness/devices.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const TINY = { size: 16, ngf: 2 } as const;
const MODE = { training: true };

/** A module with parts under the names given. */
class Parts extends Module {
  constructor(parts: Readonly<Record<string, Module>> = {}) {
    super();
    for (const [name, part] of Object.entries(parts)) this.child(name, part);
  }

  declare(name: string, part: Module | 'parameter' | 'buffer'): void {
    if (part === 'parameter') this.parameter(name, [3], constant(1));
    else if (part === 'buffer') this.buffer(name, [3], constant(1));
    else this.child(name, part);
  }
}

/** Two networks and a parameter of their own, as a CycleGAN would have them. */
class Cycle extends Module {
  readonly ab = this.child('ab', new UNet(TINY));
  readonly ba = this.child('ba', new UNet(TINY));
  readonly judge = this.child('judge', new PatchGAN({ ndf: 2, layers: 1 }));
  readonly weight: Parameter = this.parameter('weight', [5], normal(0, 1));
}

const image = (label: string, channels = 3): Tensor => Tensor.from(gpu, values(label, 16 * 16 * channels), [1, 16, 16, channels]);
const contents = async (module: Module): Promise<Map<string, number[]>> =>
  new Map(
    await Promise.all(
      [...module.namedTensors()].map(async ([name, tensor]): Promise<[string, number[]]> => [name, [...(await tensor.value.data())]]),
    ),
  );
const inUse = (): [number, number] => [gpu.memory().tensors, gpu.memory().bytesInUse];

test('networks inside a module run once the module is placed, and everything goes with it', async () => {
  const before = inUse();
  const cycle = new Cycle();
  await failure('INVALID_ARGUMENT', () => cycle.ab.memory, /on no device/);
  cycle.to(gpu, { seed: 3 });
  const x = image('x');
  const [y, z] = gpu.scope(() => [cycle.ab.forward(x, MODE), cycle.ba.forward(x, { training: false })]) as [Tensor, Tensor];
  assert.ok((await y.data()).every(Number.isFinite));
  assert.ok((await z.data()).every(Number.isFinite));
  assert.is.not(cycle.ab.dropoutState.seed, cycle.ba.dropoutState.seed, 'two networks do not drop the same elements');
  // A part's memory is views of the whole's: asked for, they go with it too.
  assert.is(cycle.ba.memory.windows[0]!.values.storage, cycle.memory.windows[0]!.values.storage);
  for (const tensor of [x, y, z]) tensor.dispose();
  cycle.dispose();
  cycle.dispose();
  assert.equal(inUse(), before);
  await failure('INVALID_ARGUMENT', () => cycle.ab.dropoutState, /to\(gpu\)/);
  await failure('INVALID_ARGUMENT', () => cycle.judge.parameters(), /on no device/);
  await failure('INVALID_ARGUMENT', () => cycle.judge.memory, /on no device/);
});

test('a network alone has the weights that it always had, and the dropout of its seed', async () => {
  const [alone, named] = [new UNet(TINY).to(gpu, { seed: 5 }), new Parts({ part: new UNet(TINY) })];
  assert.is(alone.dropoutState.seed, 5);
  // Stream numbers count the tensors of the whole tree: the first network's are its own.
  named.to(gpu, { seed: 5 });
  const [first, second] = [await contents(alone), await contents(named)];
  assert.equal(
    [...second.keys()],
    [...first.keys()].map((name) => `part.${name}`),
  );
  assert.equal([...second.values()], [...first.values()]);
  alone.dispose();
  named.dispose();
});

test('a part that is on a device keeps its weights: the whole is refused, and is placed when the part is not', async () => {
  const part = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 4 }).to(gpu, { seed: 1 });
  part.weight.value.write(values('trained', 64));
  const whole = new Parts({ first: new BatchNorm2d(2), part });
  const before = inUse();
  await failure('INVALID_ARGUMENT', () => whole.to(gpu, { seed: 2 }), /Conv2d/, /Parts/, /already/, /fix: /);
  assert.equal(inUse(), before);
  assert.equal(await part.weight.value.data(), values('trained', 64));
  await failure('INVALID_ARGUMENT', () => whole.memory, /on no device/);
  await failure('INVALID_ARGUMENT', () => part.to(gpu), /twice/);
  part.dispose();
  whole.to(gpu, { seed: 2 });
  await failure('INVALID_ARGUMENT', () => part.to(gpu), /already/);
  await failure('INVALID_ARGUMENT', () => part.dispose(), /Parts/, /fix: /);
  assert.ok((await part.weight.value.data()).every(Number.isFinite));
  whole.dispose();
});

test('a module serves under a second one after the first was disposed, on another Gpu too', async () => {
  const other = withLimits(gpu, {});
  const part = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 4 });
  const [one, two] = [new Parts({ part }), new Parts({ other: new BatchNorm2d(2), part })];
  one.to(gpu);
  await failure('INVALID_ARGUMENT', () => two.to(other), /already/);
  one.dispose();
  two.to(other);
  assert.is(part.weight.value.gpu, other);
  assert.equal([...two.namedTensors()].map(([name]) => name).at(-1), 'part.bias');
  two.dispose();
  const [first, again] = [await contents(one.to(gpu, { seed: 4 })), await contents((one.dispose(), one.to(gpu, { seed: 4 })))];
  assert.equal(again, first);
  one.dispose();
});

test('a module is a tree: no part twice, none in itself, no name twice, nothing added on a device', async () => {
  const leaf = new InstanceNorm2d(2);
  const inner = new Parts({ leaf });
  const outer = new Parts({ inner });
  await failure('INVALID_ARGUMENT', () => outer.declare('again', inner), /"again"/, /twice/);
  await failure('INVALID_ARGUMENT', () => outer.declare('leaf', leaf), /twice/);
  await failure('INVALID_ARGUMENT', () => inner.declare('outer', outer), /of itself/);
  await failure('INVALID_ARGUMENT', () => inner.declare('self', inner), /of itself/);
  // Found when the whole is placed, if the two places were declared before they were joined.
  const [left, right] = [new Parts(), new Parts()];
  const joined = new Parts({ left, right });
  left.declare('leaf', leaf);
  right.declare('leaf', leaf);
  await failure('INVALID_ARGUMENT', () => joined.to(gpu), /twice/);

  const module = new Parts();
  module.declare('a', 'parameter');
  module.declare('b', 'buffer');
  module.declare('c', new InstanceNorm2d(2));
  for (const name of ['a', 'b', 'c'])
    for (const kind of ['parameter', 'buffer', new InstanceNorm2d(2)] as const) {
      await failure('INVALID_ARGUMENT', () => module.declare(name, kind), new RegExp(`"${name}"`), /another name/);
    }
  for (const name of ['', 'a.b']) await failure('INVALID_ARGUMENT', () => module.declare(name, 'parameter'), /dot/);
  module.to(gpu);
  await failure('INVALID_ARGUMENT', () => module.declare('late', 'parameter'), /"late"/, /already/);
  await failure('INVALID_ARGUMENT', () => module.declare('late', new InstanceNorm2d(2)), /"late"/, /already/);
  module.dispose();
});

test('an optimiser of a part updates that part alone, as it would alone', async () => {
  const cycle = new Cycle().to(gpu, { seed: 7 });
  const alone = new UNet(TINY).to(gpu, { seed: 1 });
  const start = await contents(cycle.ba);
  for (const [name, tensor] of alone.namedTensors()) tensor.value.write(new Float32Array(start.get(name)!));
  assert.is(cycle.ba.parameterCount, alone.parameterCount);
  const names = cycle.ba.memory.windows.flatMap(({ parameters }) => parameters.map(({ name }) => name));
  assert.equal(names, [...alone.namedParameters().keys()]);
  const before = await contents(cycle);
  const x = image('x');
  for (const [index, module] of [cycle.ba, alone].entries()) {
    const adam = new Adam(module, { learningRate: 0.01 });
    for (let step = 0; step < 2; step++) {
      adam.zeroGrad();
      gpu.scope(() => backward(mseLoss(module.forward(x, { training: true, dropout: false }), x)));
      adam.step();
    }
    assert.is(adam.stepCount, 2, String(index));
    adam.dispose();
  }
  assert.equal(await contents(cycle.ba), await contents(alone));
  for (const [name, numbers] of await contents(cycle)) {
    if (name.startsWith('ba.')) continue;
    assert.equal(numbers, before.get(name), name);
  }
  // One of the whole reaches all that has a gradient.
  const whole = new Adam(cycle, { learningRate: 0.01 });
  whole.zeroGrad();
  gpu.scope(() => backward(add(sum(cycle.weight.value), mean(cycle.ab.forward(x, { training: true, dropout: false })))));
  const earlier = await contents(cycle);
  whole.step();
  const later = await contents(cycle);
  assert.not.equal(later.get('weight'), earlier.get('weight'));
  assert.not.equal(later.get('ab.model.model.0.weight'), earlier.get('ab.model.model.0.weight'));
  assert.equal(later.get('judge.model.0.weight'), earlier.get('judge.model.0.weight'));
  for (const part of [x, whole, cycle, alone]) part.dispose();
});

test('freezing a part freezes it alone', () => {
  const cycle = new Cycle().to(gpu);
  cycle.judge.setRequiresGrad(false);
  assert.ok(cycle.judge.parameters().every(({ requiresGrad }) => !requiresGrad));
  assert.ok(cycle.ab.parameters().every(({ requiresGrad }) => requiresGrad));
  cycle.dispose();
});

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

test('a part is saved by itself, and its file restores a network that stands alone', async () => {
  const cycle = new Cycle().to(gpu, { seed: 9 });
  const pieces: Uint8Array[] = [];
  const progress = { options: {}, step: 0, epoch: 0, adapter: 'any' };
  for await (const piece of encodeCheckpoint({ networks: { generator: cycle.ba } }, progress)) pieces.push(piece.slice());
  const alone = new UNet(TINY).to(gpu, { seed: 1 });
  await restoreCheckpoint(bytesSource(joined(pieces), 'file'), { networks: { generator: alone } });
  assert.equal(await contents(alone), await contents(cycle.ba));
  alone.dispose();
  cycle.dispose();
});

/** A part that cannot be placed. */
class Failing extends Module {
  disposed = 0;
  private readonly weight = this.parameter('weight', [4], constant(0));

  protected override onPlaced(_gpu: Gpu, _options: Required<PlaceOptions>): void {
    throw new Error(`broken after ${this.weight.shape.length} axis`);
  }

  protected override onDisposed(): void {
    this.disposed++;
  }
}

test('a part that fails while it is placed leaves nothing on the device, and all can be tried again', async () => {
  const before = inUse();
  const [network, failing] = [new UNet(TINY), new Failing()];
  const whole = new Parts({ network, failing });
  assert.throws(() => whole.to(gpu), /broken/);
  assert.equal(inUse(), before);
  assert.is(failing.disposed, 1);
  network.to(gpu);
  network.dispose();
  const initializer = (): never => {
    throw new Error('no numbers');
  };
  const other = new Parts({ norm: new BatchNorm2d(2), conv: new Conv2d({ inChannels: 1, outChannels: 1, kernel: 1, initializer }) });
  assert.throws(() => other.to(gpu), /no numbers/);
  assert.equal(inUse(), before);
  await failure('INVALID_ARGUMENT', () => other.namedBuffers(), /on no device/);
  await failure('INVALID_ARGUMENT', () => network.to(gpu, { seed: -1 }), /seed/);
});

test('parameters of a part that lie in several windows', async () => {
  const small = withLimits(gpu, { maxStorageBufferBindingSize: 4096 });
  const conv = (): Conv2d => new Conv2d({ inChannels: 4, outChannels: 8, kernel: 4 });
  const inner = new Parts({ a: conv(), b: conv(), c: conv() });
  const whole = new Parts({ before: conv(), inner, after: conv() }).to(small, { seed: 1 });
  assert.ok(inner.memory.windows.length > 1);
  assert.equal(
    inner.memory.windows.flatMap(({ parameters }) => parameters.map(({ name }) => name)),
    ['a.weight', 'a.bias', 'b.weight', 'b.bias', 'c.weight', 'c.bias'],
  );
  for (const { values: flat, parameters } of inner.memory.windows) {
    const numbers = await flat.data();
    for (const { tensor, offset, size } of parameters) assert.equal(numbers.subarray(offset, offset + size), await tensor.data());
  }
  whole.dispose();
});

test('a module without parameters has an optimiser that does nothing', async () => {
  const norm = new InstanceNorm2d(2).to(gpu);
  const adam = new Adam(norm);
  adam.zeroGrad();
  adam.step();
  assert.is(adam.stepCount, 0);
  adam.dispose();
  norm.dispose();
});

test('an optimiser of a module that was disposed, or placed again, does not train nothing', async () => {
  const layer = new Conv2d({ inChannels: 1, outChannels: 1, kernel: 1 }).to(gpu);
  const adam = new Adam(layer);
  layer.dispose();
  await failure('USE_AFTER_FREE', () => adam.step(), 'a step of Adam', 'make a new optimiser');
  layer.to(gpu);
  await failure('USE_AFTER_FREE', () => adam.step(), 'a step of Adam');
  for (const wrong of [{ epsilon: 1e-60 }, { epsilon: 1e39 }, { learningRate: 1e39 }])
    await failure('INVALID_ARGUMENT', () => new Adam(layer, wrong));
  layer.dispose();
});

test.run();
