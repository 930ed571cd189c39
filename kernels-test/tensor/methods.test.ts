import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../../src/autograd/methods.js';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import * as ops from '../../src/autograd/ops.js';
import { addScaled, l1Loss } from '../../src/autograd/ops.js';
import { arange, full, ones, onesLike, rand, randn, scalar, zeros, zerosLike } from '../../src/kernels/creation.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

test('operations are methods, and chain', async () => {
  const x = Tensor.from(gpu, [1, -2, 3, -4], [2, 2]);
  const y = Tensor.from(gpu, [1, 10], [2]);
  x.requiresGrad = true;
  gpu.scope(() => x.mul(y).sub(1).relu().mean().backward());
  assert.equal(await numbers(x.grad!), [0, 0, 0.25, 0]);
  assert.equal(await numbers(noGrad(() => x.add(y).sum({ axes: 0 }))), [6, 14]);
  assert.equal(await numbers(noGrad(() => x.where(x.greater(0), y))), [1, 10, 3, 10]);
  assert.equal([...(await x.argmax({ axis: 1 }).ints())], [0, 0]);
  assert.equal(await numbers(noGrad(() => x.clamp({ min: 0 }).max({ axes: -1, keepDims: true }))), [1, 3]);
  assert.not(Object.keys(Object.getPrototypeOf(x) as object).includes('add'), 'they are as hidden as other methods');
});

test('what moves axes, multiplies matrices and makes probabilities is a method, too', async () => {
  const x = Tensor.from(gpu, [1, 2, 3, 4, 5, 6], [2, 3]);
  const same = async (method: Tensor, operation: Tensor): Promise<void> => {
    assert.equal([...method.shape], [...operation.shape]);
    assert.equal(await numbers(method), await numbers(operation));
  };
  await same(x.matmul(x, { transposeB: true }), ops.matmul(x, x, { transposeB: true }));
  await same(x.transpose(), ops.transpose(x));
  await same(x.permute([1, 0]), ops.permute(x, [1, 0]));
  await same(x.flip(1), ops.flip(x, 1));
  await same(x.slice({ axis: 1, start: 1, step: 2 }), ops.slice(x, { axis: 1, start: 1, step: 2 }));
  await same(x.split([1, 2], { axis: 1 })[1]!, ops.split(x, [1, 2], { axis: 1 })[1]!);
  await same(x.softmax({ axis: 0 }), ops.softmax(x, { axis: 0 }));
  await same(x.logSoftmax(), ops.logSoftmax(x));
  await same(x.reshape([1, 2, 3, 1]).pad(1, { value: 2 }), ops.pad(x.reshape([1, 2, 3, 1]), 1, { value: 2 }));
  await same(x.unsqueeze(0).squeeze(0).flatten(), x.reshape([-1]));
});

test('tensors of constants, ranges and random numbers', async () => {
  assert.equal(await numbers(zeros(gpu, [2, 2])), [0, 0, 0, 0]);
  assert.equal(await numbers(ones(gpu, [3])), [1, 1, 1]);
  assert.equal(await numbers(full(gpu, [2], -0.5)), [-0.5, -0.5]);
  assert.equal(await numbers(full(gpu, [2], -Infinity)), [-Infinity, -Infinity]);
  const three = scalar(gpu, 3);
  assert.equal([three.shape, await three.item(), await three.mul(2).item()], [[], 3, 6]);
  assert.equal([await numbers(zerosLike(ones(gpu, [1, 2]))), await numbers(onesLike(three))], [[0, 0], [1]]);
  assert.equal(await numbers(arange(gpu, 5)), [0, 1, 2, 3, 4]);
  assert.equal(await numbers(arange(gpu, 2, 5)), [2, 3, 4]);
  assert.equal(await numbers(arange(gpu, 1, -1, -0.5)), [1, 0.5, 0, -0.5]);
  assert.is((await arange(gpu, 70000).data())[69999], 69999);
  const [a, again, other] = [rand(gpu, [1000], { seed: 1 }), rand(gpu, [1000], { seed: 1 }), rand(gpu, [1000], { seed: 1, stream: 1 })];
  assert.equal(await a.data(), await again.data());
  assert.not.equal(await a.data(), await other.data());
  const drawn = await a.data();
  assert.ok(Math.min(...drawn) >= 0 && Math.max(...drawn) < 1);
  const normal = await randn(gpu, [4000], { seed: 7 }).data();
  const average = (f: (x: number) => number): number => normal.reduce((sum, x) => sum + f(x), 0) / normal.length;
  assert.ok(Math.abs(average((x) => x)) < 0.1 && Math.abs(average((x) => x * x) - 1) < 0.1);
  await failure('INVALID_ARGUMENT', () => arange(gpu, 0), 'arange');
  await failure('INVALID_ARGUMENT', () => arange(gpu, 0, 5, -1), 'towards end');
  await failure('INVALID_ARGUMENT', () => arange(gpu, 0, 5, 0));
  await failure('INVALID_ARGUMENT', () => arange(gpu, NaN), 'NaN');
  await failure('INVALID_ARGUMENT', () => rand(gpu, [2], { seed: 0.5 }), 'seed');
});

test('scalars go through operations and backward()', async () => {
  const x = scalar(gpu, 0.5);
  x.requiresGrad = true;
  gpu.scope(() => {
    const results = [x.relu(), x.tanh().copy(), x.exp(), x.max(), x.expand([2, 3]).mean(), addScaled(x, x, 1, 2)];
    assert.equal(
      results.map(({ shape }) => shape),
      results.map(() => []),
    );
    // A loss is a tensor of one.
    backward(l1Loss(x, scalar(gpu, 2)).add(results[2]!).add(x.mul(x)));
  });
  assert.equal(x.grad!.shape, []);
  assert.ok(Math.abs((await x.grad!.item()) - (-1 + Math.exp(0.5) + 1)) < 1e-6);
});

test('a recorded function makes its constants anew in every run', async () => {
  const { recording, result } = await gpu.record(() => {
    const count = zeros(gpu, [3]);
    return count.add(arange(gpu, 3)).add(scalar(gpu, 1));
  });
  for (let run = 0; run < 2; run++) {
    recording.run();
    assert.equal(await numbers(result), [1, 2, 3]);
  }
  recording.destroy();
});

test('a tensor is disposed at the end of the block that uses it', async () => {
  const x = ones(gpu, [2]);
  x[Symbol.dispose]();
  assert.ok(x.disposed);
  await failure('USE_AFTER_FREE', () => x.add(1));
});

test.run();
