import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import * as ops from '../../src/autograd/ops.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { Shape } from '../../src/tensor/shape.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { checkSecondOrder } from '../harness/hessian-check.js';
import { CONSTANT, namedIn, operationChecks, ROUNDING } from '../harness/operation-checks.js';

const gpu = await testGpu();
const { add, mul, sum, tanh } = ops;
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

function leaf(data: readonly number[], shape: Shape = [data.length], label = 'leaf'): Tensor {
  const tensor = Tensor.from(gpu, data, shape, label);
  tensor.requiresGrad = true;
  return tensor;
}

test('every operation is checked', () => {
  const checked = namedIn(operationChecks);
  // Constant in steps: nothing is left to differentiate.
  const constant: readonly string[] = ['sign', ...CONSTANT, ...ROUNDING];
  assert.equal(
    Object.keys(ops).filter((name) => !checked.has(name) && !constant.includes(name)),
    [],
  );
});

for (const [label, check] of Object.entries(operationChecks)) {
  test(`${label}: gradient of its gradient`, () => checkSecondOrder(gpu, { label, ...check }));
}

/** A small critic with an input, and its gradient penalty: mean over the batch of (|d critic / dx| - 1)^2, up to the root. */
function penaltyStep(x: Tensor, parameters: readonly Tensor[]): Tensor {
  const [w1, b1, w2, b2] = parameters as [Tensor, Tensor, Tensor, Tensor];
  const hidden = ops.leakyRelu(ops.conv2d(x, w1, b1, { stride: 2, padding: 1 }), 0.2);
  const verdict = tanh(ops.conv2d(hidden, w2, b2, { padding: 1 }));
  const [slope] = grad(sum(verdict), [x], { createGraph: true });
  const penalty = ops.mean(mul(slope!, slope!));
  backward(add(ops.mean(verdict), mul(penalty, 10)));
  return penalty;
}

test('a gradient penalty: eager, recorded and replayed are equal to the bit', async () => {
  const shapes: Shape[] = [[4, 4, 3, 5], [5], [3, 3, 5, 1], [1]];
  const results: number[][] = [];
  for (const replayed of [false, true]) {
    const parameters = shapes.map((shape, index) =>
      leaf(
        [
          ...values(
            `penalty/${index}`,
            shape.reduce((a, b) => a * b, 1),
          ),
        ],
        shape,
      ),
    );
    const x = leaf([...values('penalty/x', 2 * 8 * 8 * 3)], [2, 8, 8, 3], 'x');
    const step = (): Tensor => gpu.scope(() => penaltyStep(x, parameters));
    const { recording, result } = replayed ? await gpu.record(step) : { recording: null, result: null };
    for (let run = 0; run < 2; run++) {
      recording?.run();
      const penalty = result ?? step();
      results.push((await Promise.all([penalty, ...parameters.map(({ grad: each }) => each!), x.grad!].map(numbers))).flat());
      if (!result) penalty.dispose();
    }
    recording?.destroy();
    result?.dispose();
    for (const tensor of [x, ...parameters]) tensor.dispose();
  }
  assert.equal(results.slice(2), results.slice(0, 2));
  assert.ok(results[0]!.some((value) => Math.abs(value) > 1e-3));
});

test('grad() with respect to leaves and results, leaving every grad alone', async () => {
  const [x, w] = [leaf([1, 2, 3], [3], 'x'), leaf([4, 5, 6], [3], 'w')];
  gpu.scope(() => backward(sum(x)));
  const { first, all, seeded } = gpu.scope(() => {
    const y = mul(x, w);
    const loss = sum(mul(y, y));
    return {
      first: grad(loss, [y]),
      all: grad(loss, [w, y, x, loss, x]),
      seeded: grad(y, [x], { seed: Tensor.from(gpu, [1, 0, -1], [3]) }),
    };
  });
  assert.equal(await Promise.all(first.map(numbers)), [[8, 20, 36]]);
  assert.equal(await Promise.all(all.map(numbers)), [[8, 40, 108], [8, 20, 36], [32, 100, 216], [1], [32, 100, 216]]);
  assert.equal(await Promise.all(seeded.map(numbers)), [[4, 0, -6]]);
  assert.equal([await numbers(x.grad!), w.grad], [[1, 1, 1], null]);
  assert.is(new Set(all).size, all.length, 'handles of their own');
  assert.not(first[0]!.requiresGrad);
  for (const tensor of [...first, ...all, ...seeded, x, w]) tensor.dispose();
});

test('gradients of gradients of gradients', async () => {
  const x = leaf([0.5, -2], [2], 'x');
  const third = gpu.scope(() => {
    const cube = sum(mul(mul(x, x), mul(x, x)));
    const [first] = grad(cube, [x], { createGraph: true });
    const [second] = grad(sum(first!), [x], { createGraph: true });
    return grad(sum(second!), [x])[0]!;
  });
  assert.equal(await numbers(third), [12, -48]);
  third.dispose();
  x.dispose();
});

test('a gradient that is zero almost everywhere is zero; what does not depend is refused', async () => {
  const [x, other] = [leaf([1, -2], [2], 'x'), leaf([1], [1], 'other')];
  const zero = gpu.scope(() => grad(sum(grad(sum(ops.relu(x)), [x], { createGraph: true })[0]!), [x])[0]!);
  assert.equal(await numbers(zero), [0, 0]);
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => grad(sum(x), [other])), 'input 0, "other"', 'does not depend on');
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => grad(sum(x), [x.detach()])), 'without requiresGrad');
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => grad(x, [x])), 'grad() of "x"', 'a leaf');
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => grad(mul(x, 2), [x])), 'no seed');
  await failure(
    'INVALID_ARGUMENT',
    () =>
      gpu.scope(() => {
        const loss = sum(mul(x, x));
        noGrad(() => grad(loss, [x], { createGraph: true }));
      }),
    'createGraph inside noGrad()',
  );
  for (const tensor of [x, other, zero]) tensor.dispose();
});

test.run();
