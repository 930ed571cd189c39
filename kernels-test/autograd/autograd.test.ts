import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { gradientOf, hasGradient, setGradientSlot, zeroGrad } from '../../src/autograd/gradient-slots.js';
import { missingGradient, noGrad, track } from '../../src/autograd/graph.js';
import {
  add,
  addScaled,
  batchNorm,
  concat,
  conv2d,
  leakyRelu,
  mean,
  mul,
  reshape,
  sliceChannels,
  sum,
  tanh,
} from '../../src/autograd/ops.js';
import type { DispatchCall } from '../../src/gpu/dispatch-call.js';
import { copy } from '../../src/kernels/elementwise.js';
import { constant } from '../../src/nn/initializers.js';
import { Conv2d } from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import type { ModuleBuffer, Parameter } from '../../src/nn/parameter.js';
import { Adam } from '../../src/optim/adam.js';
import type { Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

function leaf(data: readonly number[], shape: Shape = [data.length], label = 'leaf'): Tensor {
  const tensor = Tensor.from(gpu, data, shape, label);
  tensor.requiresGrad = true;
  return tensor;
}

const gradient = async (tensor: Tensor): Promise<number[]> => [...(await tensor.grad!.data())];
const disposeAll = (...tensors: Tensor[]): void => tensors.forEach((tensor) => tensor.dispose());

/** The names of the kernels that `body` dispatches. */
function kernelsOf(body: () => void): string[] {
  const names: string[] = [];
  const dispatch = gpu.dispatch;
  gpu.dispatch = (call: DispatchCall): void => {
    names.push(call.shader.name);
    dispatch.call(gpu, call);
  };
  try {
    body();
  } finally {
    gpu.dispatch = dispatch;
  }
  return names;
}

test('two backward() calls add up; zeroGrad() starts anew', async () => {
  const x = leaf([1, 2]);
  const run = (factor: number): void => gpu.scope(() => backward(sum(mul(x, factor))));
  assert.is(x.grad, null);
  assert.not(hasGradient(x));
  run(3);
  assert.equal(await gradient(x), [3, 3]);
  run(4);
  assert.equal(await gradient(x), [7, 7]);
  zeroGrad([x]);
  assert.is(x.grad, null);
  assert.not(hasGradient(x));
  run(5);
  assert.equal(await gradient(x), [5, 5]);
  assert.is(gradientOf(x), x.grad);
  disposeAll(x);
});

test('backward() twice through one graph doubles', async () => {
  const x = leaf([2, 3]);
  gpu.scope(() => {
    const loss = sum(mul(x, x));
    backward(loss);
    backward(loss);
  });
  assert.equal(await gradient(x), [8, 12]);
  disposeAll(x);
});

test('a leaf used twice in one operation, and in several, gets the sum', async () => {
  const x = leaf([2, -3]);
  gpu.scope(() => backward(sum(mul(x, x))));
  assert.equal(await gradient(x), [4, -6]);
  zeroGrad([x]);
  gpu.scope(() => backward(sum(add(x, x))));
  assert.equal(await gradient(x), [2, 2]);
  zeroGrad([x]);
  gpu.scope(() => backward(sum(concat([x, x, mul(x, 5)]))));
  assert.equal(await gradient(x), [7, 7]);
  zeroGrad([x]);
  gpu.scope(() => backward(sum(add(add(mul(x, x), mul(x, 10)), x))));
  assert.equal(await gradient(x), [15, 5]);
  disposeAll(x);
});

test('a leaf that is both gamma and beta of a norm gets the sum of their gradients', async () => {
  const x = Tensor.from(gpu, values('x', 12), [4, 3]);
  const [gamma, beta, both] = [leaf([1, 2, 3]), leaf([1, 2, 3]), leaf([1, 2, 3])];
  const weights = Tensor.from(gpu, values('weights', 12), [4, 3]);
  // A place of its own, as a module's parameters have: only one of the two can write over what is in there.
  setGradientSlot(both, Tensor.from(gpu, [9, 9, 9], [3]));
  for (let round = 0; round < 3; round++) {
    gpu.scope(() => backward(sum(mul(batchNorm(x, gamma, beta), weights))));
    gpu.scope(() => backward(sum(mul(batchNorm(x, both, both), weights))));
    const [first, second] = [await gradient(gamma), await gradient(beta)];
    assertClose(
      await gradient(both),
      first.map((value, i) => value + second[i]!),
      { absolute: 1e-5, label: `round ${round}` },
    );
  }
  gradientOf(both)!.dispose();
  disposeAll(x, gamma, beta, both, weights);
});

test("a module's parameter used twice, even twice in one operation, gets the sum in its arena", async () => {
  const layer = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 1, initializer: constant(0.5), biasInitializer: constant(0) }).to(gpu);
  const weight = layer.weight.value;
  const x = Tensor.from(gpu, [1, 2], [1, 1, 1, 2]);
  for (let round = 1; round <= 2; round++) {
    // sum(conv(conv(x))) has both uses of the weight; sum(weight^2) has it twice in one.
    gpu.scope(() => backward(add(sum(layer.forward(layer.forward(x))), sum(mul(weight, weight)))));
    // dL/dW2[i][o] = y_i = 1.5; dL/dW1[i][o] = x_i * sum over outputs of W = x_i; d sum(W^2) = 2 W = 1.
    assert.equal(
      await gradient(weight),
      [1.5 + 1 + 1, 1.5 + 1 + 1, 1.5 + 2 + 1, 1.5 + 2 + 1].map((value) => value * round),
    );
    assert.equal(
      await gradient(layer.bias!.value),
      [2, 2].map((value) => value * round),
    );
    assert.is(weight.grad, gradientOf(weight));
    assert.is(weight.grad!.storage, layer.memory.windows[0]!.gradients!.storage);
  }
  x.dispose();
  layer.dispose();
});

test('frozen leaves get none, and nothing is computed for them', async () => {
  const [x, w, frozen] = [
    leaf(Array(18).fill(1), [1, 3, 3, 2]),
    leaf(Array(4).fill(1), [1, 1, 2, 2]),
    leaf(Array(4).fill(2), [1, 1, 2, 2]),
  ];
  frozen.requiresGrad = false;
  const step = (): void =>
    gpu.scope(() => {
      const y = conv2d(conv2d(x, w, null), frozen, null);
      // Freezing after the fact changes nothing about what has run.
      w.requiresGrad = false;
      backward(sum(y));
      w.requiresGrad = true;
    });
  const kernels = kernelsOf(step);
  assert.is(frozen.grad, null);
  assert.equal(await gradient(w), [36, 36, 36, 36]);
  assert.equal((await gradient(x)).slice(0, 2), [8, 8]);
  // A gradient that adds to an earlier one may take a second kernel, which sums the parts: not one to count.
  const weightGradients = (names: string[]): number =>
    names.filter((name) => name.includes('weight_grad') && !name.includes('reduce')).length;
  frozen.requiresGrad = true;
  assert.equal([weightGradients(kernels), weightGradients(kernelsOf(step))], [1, 2]);
  disposeAll(x, w, frozen);
});

test('no gradient passes detach() and noGrad()', async () => {
  const x = leaf([3, 4]);
  gpu.scope(() => {
    const y = mul(x, 2);
    const [cut, silent] = [y.detach(), noGrad(() => mul(y, 10))];
    assert.not(cut.requiresGrad || silent.requiresGrad);
    // y * stop(y) + stop(10 y) * x: y's gradient is stop(y) alone, x's that and stop(10 y).
    backward(sum(add(mul(y, cut), mul(silent, x))));
  });
  assert.equal(await gradient(x), [3 * 2 * 2 + 60, 4 * 2 * 2 + 80]);
  assert.throws(
    () =>
      noGrad(() => {
        throw new Error('inside');
      }),
    /inside/,
  );
  gpu.scope(() => assert.ok(mul(x, 1).requiresGrad, 'tracking goes on after an error in noGrad()'));
  noGrad(() => noGrad(() => {}));
  gpu.scope(() => assert.ok(mul(x, 1).requiresGrad));
  disposeAll(x);
});

test('memory given for a result forgets the history of what was in it before', async () => {
  const x = leaf([3, 4]);
  const plain = Tensor.from(gpu, [5, 6], [2]);
  const out = Tensor.empty(gpu, [2]);
  gpu.scope(() => mul(x, 2, { out }));
  assert.ok(out.requiresGrad);
  gpu.scope(() => mul(plain, 2, { out }));
  assert.not(out.requiresGrad);
  await failure('INVALID_ARGUMENT', () => backward(out), 'without gradient history');
  disposeAll(x, plain, out);
});

/** [gradients of a and b, kernels run] of a concat whose parts lie side by side already, or do not. */
async function concatGradients(adjacent: boolean): Promise<{ joined: number[]; gradients: number[][]; kernels: string[] }> {
  const [a, b] = [leaf([...values('a', 12)], [2, 2, 3]), leaf([...values('b', 20)], [2, 2, 5])];
  let joined: Tensor;
  const kernels = kernelsOf(() => {
    joined = gpu.scope(() => {
      const wide = Tensor.empty(gpu, [2, 2, 8]);
      const parts = adjacent
        ? [mul(a, 2, { out: wide.sliceChannels(0, 3) }), mul(b, 3, { out: wide.sliceChannels(3, 8) })]
        : [mul(a, 2), mul(b, 3)];
      const y = concat(parts);
      backward(sum(mul(y, y)));
      return y;
    });
  });
  const result = { joined: [...(await joined!.data())], gradients: [await gradient(a), await gradient(b)], kernels };
  disposeAll(a, b, joined!);
  return result;
}

test('concat is free where the parts are adjacent, a copy elsewhere, and the same', async () => {
  const [free, copied] = [await concatGradients(true), await concatGradients(false)];
  assert.equal(free.joined, copied.joined);
  assert.equal(free.gradients, copied.gradients);
  assertClose(
    free.gradients[0]!,
    values('a', 12).map((x) => 8 * x),
    { relative: 1e-6, label: 'first part' },
  );
  assertClose(
    free.gradients[1]!,
    values('b', 20).map((x) => 18 * x),
    { relative: 1e-6, label: 'second part' },
  );
  const copies = (kernels: string[]): number => kernels.filter((name) => name === 'copy').length;
  // Each leaf's gradient is copied to its place; the parts are not.
  assert.is(copies(free.kernels), 2);
  assert.is(copies(copied.kernels), 4);
});

test('concat of one, and of what does not fit', async () => {
  const x = leaf([1, 2], [1, 2]);
  gpu.scope(() => backward(sum(concat([x]))));
  assert.equal(await gradient(x), [1, 1]);
  const other = Tensor.from(gpu, [1, 2], [2, 1]);
  await failure('INVALID_ARGUMENT', () => concat([]));
  await failure('SHAPE_MISMATCH', () => concat([x, other]), '[2, 1]');
  disposeAll(x, other);
});

test('gradients of concat, slice, reshape and the like are the finite differences', async () => {
  const channels = (x: Float64Array, width: number, start: number, end: number): number[] =>
    [...x].filter((_, i) => i % width >= start && i % width < end);
  await checkGradients(gpu, {
    label: 'slice',
    shapes: [[2, 3, 7]],
    device: (x) => sliceChannels(x, 2, 5),
    reference: (x) => channels(x, 7, 2, 5),
  });
  await checkGradients(gpu, {
    label: 'two overlapping slices',
    shapes: [[4, 6]],
    device: (x) => mul(sliceChannels(x, 0, 4), sliceChannels(x, 2, 6)),
    reference: (x) => channels(x, 6, 0, 4).map((value, i) => value * channels(x, 6, 2, 6)[i]!),
  });
  await checkGradients(gpu, {
    label: 'reshape',
    shapes: [[2, 6]],
    device: (x) => tanh(reshape(x, [3, 2, 2])),
    reference: (x) => x.map(Math.tanh),
  });
  await checkGradients(gpu, {
    // The gradient that reaches the reshape is a slice of the concat's.
    label: 'reshape before concat',
    shapes: [
      [2, 2],
      [4, 3],
    ],
    device: (a, b) => concat([reshape(a, [4, 1]), b]),
    reference: (a, b) => [0, 1, 2, 3].flatMap((row) => [a[row]!, ...b.subarray(3 * row, 3 * row + 3)]),
  });
  await checkGradients(gpu, {
    label: 'concat of a slice and its remainder',
    shapes: [[3, 5]],
    device: (x) => concat([sliceChannels(x, 2, 5), sliceChannels(x, 0, 2)]),
    reference: (x) => [0, 1, 2].flatMap((row) => [2, 3, 4, 0, 1].map((channel) => x[5 * row + channel]!)),
  });
  await checkGradients(gpu, {
    label: 'diamond',
    shapes: [[6]],
    device: (x) => {
      const [left, right] = [tanh(x), mul(x, 3)];
      return add(mul(left, right), addScaled(left, right, 2, -0.5));
    },
    reference: (x) => x.map((value) => Math.tanh(value) * 3 * value + 2 * Math.tanh(value) - 1.5 * value),
  });
});

test('one value that many use gets the sum of their gradients', async () => {
  const x = leaf([1, 2]);
  gpu.scope(() => {
    const shared = mul(x, 2);
    let total = mul(shared, 1);
    for (let i = 2; i <= 10; i++) total = add(total, mul(shared, i));
    backward(sum(total));
  });
  assert.equal(await gradient(x), [110, 110]);
  disposeAll(x);
});

test('diamonds in a row: each value is passed through once, not once for every path', async () => {
  const x = leaf([1]);
  const kernels = kernelsOf(() =>
    gpu.scope(() => {
      let y = mul(x, 1);
      for (let i = 0; i < 20; i++) y = add(mul(y, 0.5), mul(y, 0.5));
      backward(sum(y));
    }),
  );
  assert.equal(await gradient(x), [1]);
  assert.ok(kernels.length < 200, `${kernels.length} dispatches for 2^20 paths`);
  disposeAll(x);
});

test('2000 operations in a row do not overflow the stack', async () => {
  const x = leaf([1, 2]);
  gpu.scope(() => {
    let y = x;
    for (let i = 0; i < 2000; i++) y = i % 2 === 0 ? mul(y, 2) : mul(y, 0.5);
    backward(sum(y));
  });
  assert.equal(await gradient(x), [1, 1]);
  disposeAll(x);
});

test('a missing rule is loud, and only when its gradient is asked for', async () => {
  const x = leaf([1, 2]);
  const ruleless = (input: Tensor): Tensor => track('ruleless', [input], copy(input), missingGradient('ruleless'));
  await failure('MISSING_GRADIENT', () => gpu.scope(() => backward(sum(ruleless(x)))), '"ruleless"', 'give it a rule', 'detach()');
  gpu.scope(() =>
    backward(
      sum(
        add(
          noGrad(() => ruleless(x)),
          add(ruleless(x).detach(), x),
        ),
      ),
    ),
  );
  assert.equal(await gradient(x), [1, 1]);
  disposeAll(x);
});

test('backward() of what has no single value, or no history, is refused', async () => {
  const [x, plain] = [leaf([1, 2]), Tensor.from(gpu, [1], [1], 'plain')];
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => backward(mul(x, 2))), '[2]', 'mean');
  await failure('INVALID_ARGUMENT', () => backward(plain), '"plain"', 'without gradient history');
  await failure('INVALID_ARGUMENT', () => backward(x), 'a leaf');
  await failure('SHAPE_MISMATCH', () => gpu.scope(() => backward(mul(x, 2), plain)), 'seed');
  assert.is(x.grad, null);
  disposeAll(x, plain);
});

test('a seed takes the place of one', async () => {
  const [x, seed] = [leaf([1, 2]), Tensor.from(gpu, [10, -1], [2])];
  gpu.scope(() => backward(mul(x, x), seed));
  assert.equal(await gradient(x), [20, -4]);
  assert.equal([...(await seed.data())], [10, -1], 'the seed is not written to');
  // Straight to the leaf: its gradient must not become the seed itself.
  zeroGrad([x]);
  gpu.scope(() => {
    const y = add(x, x);
    backward(y, seed);
    backward(y, seed);
  });
  assert.equal(await gradient(x), [40, -4]);
  assert.equal([...(await seed.data())], [10, -1]);
  disposeAll(x, seed);
});

test('a graph whose inner values are gone is an error, not a missing gradient', async () => {
  const x = leaf([1, 2], [2], 'start');
  // The rule of mul by a number needs no value, so only the history is lost.
  const loss = gpu.scope(() => sum(mul(mul(x, 2), 3)));
  await failure('USE_AFTER_FREE', () => backward(loss), 'disposed');
  assert.is(x.grad, null);
  disposeAll(loss, x);
});

test('gradients of batchNorm with running statistics', async () => {
  const mean0 = [0.3, -0.2, 0.1];
  const variance0 = [0.5, 1.5, 2];
  const [mean1, variance1] = [Tensor.from(gpu, mean0, [3]), Tensor.from(gpu, variance0, [3])];
  await checkGradients(gpu, {
    label: 'batchNorm, running',
    shapes: [[2, 3, 3], [3], [3]],
    device: (x, gamma, beta) => batchNorm(x, gamma, beta, { running: { mean: mean1, variance: variance1 }, statistics: 'running' }),
    reference: (x, gamma, beta) =>
      x.map((value, i) => ((value - mean0[i % 3]!) / Math.sqrt(variance0[i % 3]! + 1e-5)) * gamma[i % 3]! + beta[i % 3]!),
  });
  assertClose(await mean1.data(), mean0, { absolute: 1e-7, label: 'the running mean is left alone' });
  disposeAll(mean1, variance1);
  const [x, scaling] = [leaf([1, 2], [2, 1]), leaf([1])];
  await failure('INVALID_ARGUMENT', () => batchNorm(x, scaling, scaling, { statistics: 'running' }), 'running');
  disposeAll(x, scaling);
});

test('a norm of which only gamma, or only beta, or neither is trained', async () => {
  const [x, gamma, beta] = [leaf([...values('x', 12)], [4, 3]), leaf([1, 2, 3]), leaf([0, 1, 2])];
  const run = (): void => gpu.scope(() => backward(mean(tanh(batchNorm(x, gamma, beta)))));
  run();
  const all = { x: await gradient(x), gamma: await gradient(gamma), beta: await gradient(beta) };
  for (const trained of [['gamma'], ['beta'], ['x'], ['x', 'beta']] as const) {
    const leaves = { x, gamma, beta };
    for (const [name, tensor] of Object.entries(leaves)) {
      zeroGrad([tensor]);
      tensor.requiresGrad = (trained as readonly string[]).includes(name);
    }
    run();
    for (const [name, tensor] of Object.entries(leaves) as ['x' | 'gamma' | 'beta', Tensor][]) {
      if (tensor.requiresGrad)
        assertClose(await gradient(tensor), all[name], { absolute: 1e-7, label: `${name} of ${trained.join(' and ')}` });
      else assert.is(tensor.grad, null, `${name} is not trained`);
    }
  }
  disposeAll(x, gamma, beta);
});

class Pair extends Module {
  readonly one: Parameter;
  readonly statistics: ModuleBuffer;
  readonly inner: Conv2d;

  constructor() {
    super();
    this.one = this.parameter('one', [3], constant(1));
    this.statistics = this.buffer('statistics', [2], constant(5));
    this.inner = this.child('inner', new Conv2d({ inChannels: 1, outChannels: 2, kernel: 2 }));
  }
}

test('a module names its parameters and buffers, and owns their memory', async () => {
  const before = gpu.memory();
  const module = new Pair();
  await failure('INVALID_ARGUMENT', () => module.namedParameters(), 'to(gpu');
  await failure('INVALID_ARGUMENT', () => new Adam(module), 'to(gpu');
  module.to(gpu, { seed: 1 });
  assert.equal(
    [...module.namedParameters()].map(([name, { shape }]) => [name, shape]),
    [
      ['one', [3]],
      ['inner.weight', [2, 2, 1, 2]],
      ['inner.bias', [2]],
    ],
  );
  assert.equal([...module.namedBuffers().keys()], ['statistics']);
  assert.is(module.parameterCount, 3 + 8 + 2);
  assert.equal([...(await module.one.value.data())], [1, 1, 1]);
  assert.equal([...(await module.statistics.value.data())], [5, 5]);
  assert.not(module.statistics.value.requiresGrad);
  module.setRequiresGrad(false);
  assert.ok(module.parameters().every(({ requiresGrad }) => !requiresGrad));
  await failure('INVALID_ARGUMENT', () => module.to(gpu), 'twice');
  module.dispose();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before.tensors, before.bytesInUse]);
  const untrained = new Pair().to(gpu, { training: false });
  await failure('INVALID_ARGUMENT', () => new Adam(untrained), 'training: true');
  untrained.dispose();
});

test('Adam leaves parameters without a gradient, and their moments, alone', async () => {
  const module = new Pair().to(gpu, { seed: 1 });
  const optimizer = new Adam(module, { learningRate: 0.1 });
  const snapshot = async (): Promise<Map<string, number[]>> => {
    const result = new Map<string, number[]>();
    for (const [name, tensor] of module.namedParameters()) result.set(name, [...(await tensor.data())]);
    return result;
  };
  const before = await snapshot();
  optimizer.zeroGrad();
  gpu.scope(() => backward(sum(leakyRelu(module.one.value, 0.2))));
  optimizer.step();
  const after = await snapshot();
  assertClose(after.get('one')!, [0.9, 0.9, 0.9], { absolute: 1e-6, label: 'one' });
  assert.equal(after.get('inner.weight'), before.get('inner.weight'));
  // The gradient of an earlier step does not count: only the bias has one now.
  optimizer.zeroGrad();
  gpu.scope(() => backward(sum(module.inner.bias!.value)));
  optimizer.step();
  const last = await snapshot();
  assert.equal(last.get('one'), after.get('one'));
  assert.equal(last.get('inner.weight'), before.get('inner.weight'));
  assert.not.equal(last.get('inner.bias'), before.get('inner.bias'));
  // With a gradient before and after it, the weight still has none; what an earlier backward() left does not count.
  gpu.scope(() => backward(sum(module.inner.weight.value)));
  optimizer.zeroGrad();
  gpu.scope(() => backward(add(sum(module.one.value), sum(module.inner.bias!.value))));
  optimizer.step();
  assert.equal((await snapshot()).get('inner.weight'), before.get('inner.weight'));
  assert.not.equal((await snapshot()).get('one'), last.get('one'));
  const moments = await optimizer.firstMoments[0]!.data();
  const { parameters } = module.memory.windows[0]!;
  for (const { name, offset, size } of parameters) {
    const part = moments.subarray(offset, offset + size);
    assert.is(
      part.some((value) => value !== 0),
      name !== 'inner.weight',
      name,
    );
  }
  optimizer.dispose();
  module.dispose();
});

test.run();
