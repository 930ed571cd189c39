import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad } from '../src/autograd/backward.js';
import { noGrad } from '../src/autograd/graph.js';
import * as ops from '../src/autograd/ops.js';
import { DropoutState } from '../src/kernels/dropout.js';
import { Tensor } from '../src/tensor/tensor.js';
import type { Shape } from '../src/tensor/shape.js';
import { values } from './harness/deterministic.js';
import { failure } from './harness/devices.js';
import type { GradientCheck } from './harness/gradcheck.js';
import { testGpu } from './harness/gpu.js';
import { checkSecondOrder } from './harness/hessian-check.js';
import { spatialChecks } from './harness/spatial-checks.js';
import * as functions from './harness/functions.js';
import { map, reduce } from './reference/broadcast.js';
import * as reference from './reference/conv2d.js';
import { dropout } from './reference/dropout.js';
import * as elementwise from './reference/functions.js';
import * as losses from './reference/loss.js';

const gpu = await testGpu();
const { add, mul, sum, tanh } = ops;
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

function leaf(data: readonly number[], shape: Shape = [data.length], label = 'leaf'): Tensor {
  const tensor = Tensor.from(gpu, data, shape, label);
  tensor.requiresGrad = true;
  return tensor;
}

const zip = (a: Float64Array, b: Float64Array, f: (x: number, y: number) => number): Float64Array => a.map((x, i) => f(x, b[i]!));
const state = new DropoutState(gpu, 11);
state.advance(4);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Away from the kinks, where differences mean nothing. */
const apart = (name: string, size: number): Float32Array => values(name, size).map((x) => x + Math.sign(x) * 0.1);

/** `softplus2` is softplus with another option. */
const operationOf = (name: string): string => name.replace(/2$|Tanh$/, '');

const conv = (input: Shape, weight: Shape, output: Shape, stride: number, padding: number): Omit<GradientCheck, 'label'> => ({
  shapes: [input, weight, [weight[3]!]],
  device: (x, w, b) => ops.conv2d(x!, w!, b!, { stride, padding }),
  reference: (x, w, b) => reference.conv2d(x!, w!, b!, input, weight, output, { stride: [stride, stride], padding: [padding, padding] }),
});

const checks: Record<string, Omit<GradientCheck, 'label'>> = {
  add: { shapes: [[3, 5], [3, 5]], device: (a, b) => add(a!, b!), reference: (a, b) => zip(a!, b!, (x, y) => x + y) },
  addScaled: { shapes: [[3, 5], [3, 5]], device: (a, b) => ops.addScaled(a!, b!, 2, -3), reference: (a, b) => zip(a!, b!, (x, y) => 2 * x - 3 * y) },
  mul: { shapes: [[3, 5], [3, 5]], device: (a, b) => mul(a!, b!), reference: (a, b) => zip(a!, b!, (x, y) => x * y) },
  'mul by a number': { shapes: [[7]], device: (x) => mul(x!, 3), reference: (x) => x!.map((v) => 3 * v) },
  copy: { shapes: [[7]], device: (x) => ops.copy(x!), reference: (x) => x! },
  reshape: { shapes: [[2, 6]], device: (x) => ops.reshape(x!, [3, 4]), reference: (x) => x! },
  sliceChannels: { shapes: [[3, 6]], device: (x) => ops.sliceChannels(x!, 1, 4), reference: (x) => x!.filter((_, i) => i % 6 >= 1 && i % 6 < 4) },
  concat: {
    shapes: [[4, 1], [4, 3]],
    device: (a, b) => ops.concat([a!, b!]),
    reference: (a, b) => Float64Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? a![i / 4]! : b![(i >> 2) * 3 + (i % 4) - 1]!)),
  },
  sum: { shapes: [[3, 5]], device: (x) => sum(x!), reference: (x) => [x!.reduce((total, v) => total + v, 0)] },
  mean: { shapes: [[3, 5]], device: (x) => ops.mean(x!), reference: (x) => [losses.mean(x!)] },
  tanh: { shapes: [[3, 5]], device: (x) => tanh(x!), reference: (x) => x!.map(Math.tanh) },
  sigmoid: { shapes: [[3, 5]], device: (x) => ops.sigmoid(x!), reference: (x) => x!.map(sigmoid) },
  relu: { shapes: [[31]], device: (x) => ops.relu(x!), reference: (x) => x!.map((v) => Math.max(v, 0)), inputs: [apart('relu', 31)] },
  leakyRelu: { shapes: [[31]], device: (x) => ops.leakyRelu(x!, 0.2), reference: (x) => x!.map((v) => (v > 0 ? v : 0.2 * v)), inputs: [apart('leaky', 31)] },
  dropout: {
    shapes: [[64]],
    device: (x) => ops.dropout(x!, { rate: 0.25, layer: 2, state }),
    reference: (x) => dropout(x!, 0.25, 2, 4, 11),
  },
  l1Loss: { shapes: [[12], [12]], device: (a, b) => ops.l1Loss(a!, b!), reference: (a, b) => [losses.l1Loss(a!, b!)] },
  mseLoss: { shapes: [[12], [12]], device: (a, b) => ops.mseLoss(a!, b!), reference: (a, b) => [losses.mseLoss(a!, b!)] },
  bceWithLogits: { shapes: [[12]], device: (x) => ops.bceWithLogits(x!, 0.9), reference: (x) => [losses.bceWithLogits(x!, 0.9)] },
  conv2d: conv([2, 5, 4, 3], [3, 3, 3, 2], [2, 5, 4, 2], 1, 1),
  'conv2d of stride 2': conv([1, 6, 6, 2], [4, 4, 2, 3], [1, 3, 3, 3], 2, 1),
  'conv2d of one pixel': conv([3, 1, 1, 7], [1, 1, 7, 1], [3, 1, 1, 1], 1, 0),
  convTranspose2d: {
    shapes: [[2, 3, 2, 3], [4, 4, 2, 3], [2]],
    device: (x, w, b) => ops.convTranspose2d(x!, w!, b!, { stride: 2, padding: 1 }),
    reference: (x, w, b) => reference.conv2dInputGrad(x!, w!, b!, [2, 6, 4, 2], [4, 4, 2, 3], [2, 3, 2, 3], { stride: [2, 2], padding: [1, 1] }),
  },
  ...spatialChecks,
};
/** Functions of single elements, on numbers at which they and their derivatives are smooth. */
const smoothNumbers = (name: string, size: number, positive: boolean): Float32Array =>
  values(name, size).map((x) => (positive ? Math.abs(x) + 0.6 : x + Math.sign(x) * 0.05));
for (const [name, run] of Object.entries(functions.unary)) {
  // Constant in steps: nothing is left to differentiate.
  if (name === 'sign') continue;
  const f = elementwise.unary[name]!;
  checks[`${operationOf(name)} as ${name}`] = {
    shapes: [[3, 5]], device: (x) => run(x!), reference: (x) => x!.map(f), inputs: [smoothNumbers(name, 15, ['log', 'sqrt', 'reciprocal'].includes(name))],
  };
}
for (const [name, run] of Object.entries(functions.arithmetic)) {
  const f = elementwise.binary[name]!;
  checks[`${name} with broadcasting`] = {
    shapes: [[2, 1, 5], [3, 1]],
    device: (a, b) => run(a!, b!),
    reference: (a, b) => map(f, [{ data: a!, shape: [2, 1, 5] }, { data: b!, shape: [3, 1] }]),
    inputs: [smoothNumbers(`${name} a`, 10, true), smoothNumbers(`${name} b`, 3, true).map((x) => x + 0.01)],
  };
}
Object.assign(checks, {
  'where of a tensor and a number': {
    shapes: [[3, 5]], device: (x) => ops.where(ops.greater(x!, 0), ops.square(x!), 1), reference: (x) => x!.map((v) => (v > 0 ? v * v : 1)), inputs: [apart('where', 15)],
  },
  'max along an axis': { shapes: [[3, 5]], device: (x) => ops.max(x!, { axes: 1 }), reference: (x) => reduce((v) => Math.max(...v), x!, [3, 5], [1]) },
  'min along an axis': { shapes: [[3, 5]], device: (x) => ops.min(x!, { axes: 0 }), reference: (x) => reduce((v) => Math.min(...v), x!, [3, 5], [0]) },
  'sum along an axis': { shapes: [[3, 5]], device: (x) => sum(x!, { axes: 1 }), reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0), x!, [3, 5], [1]) },
  'mean along an axis': { shapes: [[3, 5]], device: (x) => ops.mean(x!, { axes: 0, keepDims: true }), reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0) / v.length, x!, [3, 5], [0]) },
} satisfies typeof checks);
/** They have no gradient. */
const CONSTANT = ['sign', 'argmax', 'argmin', 'equal', 'floatToImage', 'greater', 'greaterEqual', 'less', 'lessEqual', 'notEqual', 'oneHot'];

test('every operation is checked', () => {
  const checked = new Set(Object.keys(checks).map((name) => name.split(' ')[0]));
  assert.equal(Object.keys(ops).filter((name) => !checked.has(name) && !CONSTANT.includes(name)), []);
});

for (const [label, check] of Object.entries(checks)) {
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
    const parameters = shapes.map((shape, index) => leaf([...values(`penalty/${index}`, shape.reduce((a, b) => a * b, 1))], shape));
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
    return { first: grad(loss, [y]), all: grad(loss, [w, y, x, loss, x]), seeded: grad(y, [x], { seed: Tensor.from(gpu, [1, 0, -1], [3]) }) };
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
  await failure('INVALID_ARGUMENT', () => gpu.scope(() => {
    const loss = sum(mul(x, x));
    noGrad(() => grad(loss, [x], { createGraph: true }));
  }), 'createGraph inside noGrad()');
  for (const tensor of [x, other, zero]) tensor.dispose();
});

test.run();
