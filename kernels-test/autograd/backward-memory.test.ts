import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, defineOperation, grad, noGrad } from '../../src/index.js';
import { add, addScaled, concat, conv2d, mul, relu, sum } from '../../src/autograd/ops.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure, wrapDevice } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

function leaf(shape: readonly number[], name = 'leaf', on = gpu): Tensor {
  const tensor = Tensor.from(
    on,
    values(
      name,
      shape.reduce((product, length) => product * length, 1),
    ),
    shape,
    name,
  );
  tensor.requiresGrad = true;
  return tensor;
}

const IMAGE = [1, 16, 16, 8];
const IMAGE_BYTES = 16 * 16 * 8 * 4;

/** `layers` convolutions of one size, each with a weight and a bias of its own, and a skip connection now and then. */
function chain(x: Tensor, weights: readonly Tensor[], biases: readonly Tensor[], layers: number): Tensor {
  let y = x;
  for (let layer = 0; layer < layers; layer++) {
    const next = relu(conv2d(y, weights[layer % weights.length]!, biases[layer % biases.length]!, { padding: 1 }));
    y = layer % 5 === 4 ? add(y, next) : next;
  }
  return sum(y);
}

/** The most memory that a call needed at once beyond what was there, in bytes: all of it is in use or pooled afterwards. */
function needed(call: () => void): number {
  const total = (): number => gpu.memory().bytesInUse + gpu.memory().bytesPooled;
  const before = total();
  call();
  return total() - before;
}

async function neededBy(layers: number, call: (loss: Tensor, leaves: readonly Tensor[]) => void): Promise<number> {
  const x = leaf(IMAGE, 'x');
  const weights = Array.from({ length: 3 }, (_, index) => leaf([3, 3, 8, 8], `weight ${index}`));
  const biases = Array.from({ length: 3 }, (_, index) => leaf([8], `bias ${index}`));
  await gpu.sync();
  gpu.trim();
  const bytes = gpu.scope(() => {
    const loss = chain(x, weights, biases, layers);
    assert.ok(gpu.memory().bytesPooled < 1024, 'forward gives back nothing that backward could use');
    return needed(() => call(loss, [x, ...weights, ...biases]));
  });
  for (const tensor of [x, ...weights, ...biases]) tensor.dispose();
  return bytes;
}

const WALKS: Record<string, (loss: Tensor, leaves: readonly Tensor[]) => void> = {
  'backward()': (loss) => backward(loss),
  'grad()': (loss, leaves) => void grad(loss, leaves),
};
for (const [name, walk] of Object.entries(WALKS)) {
  test(`${name} holds a few gradients at a time, however deep the network is`, async () => {
    const [shallow, deep] = [await neededBy(10, walk), await neededBy(80, walk)];
    assert.is(deep, shallow);
    // The gradient of an output, of its input and of a skip connection; leaves' gradients and what their rules need are smaller.
    assert.ok(deep < 8 * IMAGE_BYTES, `${deep / IMAGE_BYTES} images`);
  });
}

test('with createGraph all of it stays: the gradients can be differentiated again', async () => {
  const x = Tensor.from(gpu, [1, -2, 3], [3], 'x');
  x.requiresGrad = true;
  const second = gpu.scope(() => {
    const [first] = grad(sum(mul(mul(x, x), x)), [x], { createGraph: true });
    return grad(sum(first!), [x])[0]!;
  });
  assert.equal(await numbers(second), [6, -12, 18]);
  for (const tensor of [x, second]) tensor.dispose();
});

test('one gradient that several inputs share, whole or as views, serves all of them', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => leaf([2, 4], name)) as [Tensor, Tensor, Tensor];
  const seed = Tensor.from(gpu, values('seed', 16), [2, 8]);
  const run = (): Tensor => {
    // The rule of add() returns one tensor twice, concat's views of one, reshape's a view, and copies follow after all of them.
    const left = add(mul(a, 2), mul(b, 3));
    const wide = concat([left.reshape([4, 2]).reshape([2, 4]), mul(c, 5)]);
    return add(wide, wide);
  };
  gpu.scope(() => backward(run(), seed));
  const collected = gpu.scope(() => grad(run(), [a, b, c], { seed }));
  const dy = await numbers(seed);
  const columns = (from: number, factor: number): number[] =>
    [...dy.slice(from, from + 4), ...dy.slice(8 + from, 12 + from)].map((value) => Math.fround(Math.fround(2 * value) * factor));
  for (const [index, [tensor, expected]] of (
    [
      [a, columns(0, 2)],
      [b, columns(0, 3)],
      [c, columns(4, 5)],
    ] as const
  ).entries()) {
    assert.equal(await numbers(tensor.grad!), expected);
    assert.equal(await numbers(collected[index]!), expected);
  }
  assert.not(seed.disposed, "the seed is the caller's");
  for (const tensor of [a, b, c, seed, ...collected]) tensor.dispose();
});

test('grad() of results on the way and of the output itself', async () => {
  const x = leaf([3], 'x');
  const results = gpu.scope(() => {
    const y = mul(x, 2);
    const z = mul(y, y);
    const loss = sum(z);
    return [...grad(loss, [z, loss, y, x, y]), y.detach()];
  });
  const y = await numbers(results.pop()!);
  assert.equal(await Promise.all(results.map(numbers)), [[1, 1, 1], [1], y.map((v) => 2 * v), y.map((v) => 4 * v), y.map((v) => 2 * v)]);
  for (const tensor of [x, ...results]) tensor.dispose();
});

test('what a rule makes besides its results goes at its end, what it keeps stays', async () => {
  const made: Record<string, Tensor[]> = { spare: [], kept: [], given: [] };
  const constant = Tensor.from(gpu, [7, 7], [2]);
  let highest = 0;
  const odd = defineOperation({
    name: 'odd',
    forward: (x: Tensor) => noGrad(() => mul(x, 1)),
    backward: (dy) => {
      made.spare!.push(mul(dy, 2), mul(dy, 3));
      made.kept!.push(mul(dy, 4).keep());
      made.given!.push(dy);
      highest = Math.max(highest, gpu.memory().tensors - 2);
      return [constant];
    },
  });
  const x = leaf([2]);
  gpu.scope(() => {
    let y = x;
    for (let layer = 0; layer < 6; layer++) y = odd(y);
    const loss = sum(y);
    const before = gpu.memory().tensors;
    backward(loss);
    assert.ok(
      made.spare!.every((tensor) => tensor.disposed),
      'what rules made is gone, not only at the end of the scope around',
    );
    // The rule that runs last was given the constant that the one before it had returned.
    assert.is(made.given!.pop(), constant);
    assert.is(gpu.memory().tensors, before + 6 + 1, 'what was kept, and the gradient of the leaf');
    assert.ok(highest - before <= 6 + 2, `${highest - before} tensors: those kept, and a few`);
  });
  assert.equal(await numbers(made.kept![0]!), [4, 4]);
  assert.equal(await numbers(made.kept![5]!), [28, 28]);
  assert.equal(await numbers(x.grad!), [7, 7]);
  assert.not(constant.disposed, 'a rule may return what belongs to someone else');
  for (const tensor of [x, constant, ...made.kept!]) tensor.dispose();
});

test('the gradient of a leaf may be the seed that it is computed from', async () => {
  for (const how of ['eager', 'recorded']) {
    const x = leaf([4], 'x');
    gpu.scope(() => backward(sum(mul(x, 3))));
    // A rule that hands the seed on, as a view; and the same beside one that reads it later.
    const steps = [
      (): void => backward(x.reshape([2, 2]), x.grad!.viewAs([2, 2])),
      (): void => backward(add(x.reshape([4]), mul(x, 2)), x.grad!),
    ];
    for (const [index, expected] of [6, 24].entries()) {
      const recording = how === 'recorded' ? (await gpu.record(() => gpu.scope(steps[index]!))).recording : null;
      if (recording) recording.run();
      else gpu.scope(steps[index]!);
      assert.equal(await numbers(x.grad!), [expected, expected, expected, expected], how);
      recording?.destroy();
    }
    x.dispose();
  }
});

test('eager steps find their bind groups again from the second one on', async () => {
  let made = 0;
  const device = wrapDevice(gpu.device, {
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => (made++, gpu.device.createBindGroup(descriptor)),
  });
  const own = new Gpu(device, gpu.adapter);
  const x = leaf(IMAGE, 'x', own);
  const two = (shape: readonly number[]): Tensor[] => [0, 1].map((index) => leaf(shape, `leaf ${index}`, own));
  const [weights, biases] = [two([3, 3, 8, 8]), two([8])];
  const step = (): void => own.scope(() => backward(addScaled(chain(x, weights, biases, 12), chain(x, weights, biases, 7), 1, 0.5)));
  // The first makes the gradients, which the second finds there.
  step();
  step();
  const before = made;
  for (let index = 0; index < 4; index++) step();
  assert.is(made, before);
  await own.sync();
  for (const tensor of [x, ...weights, ...biases]) tensor.dispose();
  own.trim();
});

test('a rule that fails leaves no gradient on the way behind', async () => {
  const x = leaf([2]);
  const failing = defineOperation({
    name: 'failing',
    forward: (input: Tensor) => noGrad(() => mul(input, 1)),
    backward: (dy) => [sum(mul(dy, 2))],
  });
  const { tensors } = gpu.memory();
  await failure('SHAPE_MISMATCH', () => gpu.scope(() => backward(sum(mul(relu(failing(x)), 2)))), 'rule of "failing"');
  assert.is(gpu.memory().tensors, tensors);
  x.dispose();
});

test.run();
