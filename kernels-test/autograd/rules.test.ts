import { test } from 'uvu';
import type { GraphNode } from '../../src/autograd/graph.js';
import * as ops from '../../src/autograd/ops.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { map, reduce } from '../reference/broadcast.js';
import * as reference from '../reference/functions.js';

// Rules of gradients are written in operations: what they return can be differentiated again. backward() runs them untracked;
// here they are called as operations, and differentiated.

const gpu = await testGpu();

/** Gradients of the inputs of the operation that made y, as results of operations. */
function ruleOf(y: Tensor, dy: Tensor): readonly (Tensor | null)[] {
  const node = y.origin as GraphNode;
  return node.backward(
    dy,
    node.inputs.map(() => ({})),
  );
}

const STEP = 1e-4;
/** Central difference: of float64, so that it can be differenced once more. */
const slope =
  (f: (x: number) => number) =>
  (x: number): number =>
    (f(x + STEP) - f(x - STEP)) / (2 * STEP);

const smooth: Record<string, (x: Tensor) => Tensor> = {
  neg: (x) => ops.neg(x),
  exp: (x) => ops.exp(x),
  log: (x) => ops.log(x),
  sqrt: (x) => ops.sqrt(x),
  square: (x) => ops.square(x),
  abs: (x) => ops.abs(x),
  reciprocal: (x) => ops.reciprocal(x),
  clamp: (x) => ops.clamp(x, { min: -0.5, max: 1.25 }),
  softplus2: (x) => ops.softplus(x, 2),
  silu: (x) => ops.silu(x),
  elu2: (x) => ops.elu(x, 0.7),
  gelu: (x) => ops.gelu(x),
  geluTanh: (x) => ops.gelu(x, { approximate: 'tanh' }),
};

for (const [name, run] of Object.entries(smooth)) {
  test(`the gradient of ${name} is differentiable`, async () => {
    const shape = [3, 5];
    const positive = ['log', 'sqrt', 'reciprocal'].includes(name);
    const x = values(`rules ${name}`, 15, 2).map((value) => (positive ? Math.abs(value) + 0.5 : value));
    const derivative = slope(reference.unary[name]!);
    await checkGradients(gpu, {
      label: name,
      shapes: [shape, shape],
      inputs: [x, values('rules dy', 15)],
      device: (a, dy) => {
        const [dx] = ruleOf(run(a!), dy!);
        // One that does not depend on x where the function is linear.
        return ops.add(dx!, ops.mul(a!, 0.5));
      },
      reference: (a, dy) => a!.map((value, i) => dy![i]! * derivative(value) + 0.5 * value),
    });
  });
}

const two: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  add: (a, b) => ops.add(a, b),
  sub: (a, b) => ops.sub(a, b),
  mul: (a, b) => ops.mul(a, b),
  div: (a, b) => ops.div(a, b),
  pow: (a, b) => ops.pow(a, b),
  maximum: (a, b) => ops.maximum(a, b),
  minimum: (a, b) => ops.minimum(a, b),
};

for (const [name, run] of Object.entries(two)) {
  test(`the gradients of ${name} are differentiable, with broadcasting`, async () => {
    const [left, right]: [Shape, Shape] = [[4, 3], [3]];
    const f = reference.binary[name]!;
    const bases = values(`rules ${name} a`, 12).map((x) => Math.abs(x) + 0.5);
    const inputs = [bases, values(`rules ${name} b`, 3).map((x) => x + 1.5), values('rules dy', 12)];
    const operands = (a: Float64Array, b: Float64Array, dy: Float64Array) => [
      { data: a, shape: left },
      { data: b, shape: right },
      { data: dy, shape: left },
    ];
    for (const side of [0, 1]) {
      await checkGradients(gpu, {
        label: `${name}, operand ${side}`,
        shapes: [left, right, left],
        inputs,
        device: (a, b, dy) => {
          const gradient = ruleOf(run(a!, b!), dy!)[side]!;
          return ops.add(gradient, ops.mul(ops.sum(a!), ops.mul(ops.sum(b!), 0.01)));
        },
        reference: (a, b, dy) => {
          const both = map((p, q, g) => g! * (side === 0 ? slope((t) => f(t, q!))(p!) : slope((t) => f(p!, t))(q!)), operands(a!, b!, dy!));
          const gradient = side === 0 ? both : reduce((column) => column.reduce((sum, value) => sum + value, 0), both, left, [0]);
          const sum = (all: Float64Array): number => all.reduce((total, value) => total + value, 0);
          return gradient.map((value) => value + 0.01 * sum(a!) * sum(b!));
        },
      });
    }
  });
}

test('the gradients of sum, mean, max, min, where and expand are differentiable', async () => {
  const shape: Shape = [3, 4];
  const x = values('rules reduce', 12);
  const spread = (dy: Float64Array, part: (i: number) => number): Float64Array =>
    Float64Array.from({ length: 12 }, (_, i) => dy[Math.floor(i / 4)]! * part(i));
  const rowOf = (a: Float64Array, i: number): number[] => [...a.slice(i - (i % 4), i - (i % 4) + 4)];
  const cases: [string, (a: Tensor) => Tensor, (a: Float64Array, i: number) => number][] = [
    ['sum', (a) => ops.sum(a, { axes: 1 }), () => 1],
    ['mean', (a) => ops.mean(a, { axes: 1 }), () => 0.25],
    ['max', (a) => ops.max(a, { axes: 1 }), (a, i) => Number(a[i] === Math.max(...rowOf(a, i)))],
    ['min', (a) => ops.min(a, { axes: 1 }), (a, i) => Number(a[i] === Math.min(...rowOf(a, i)))],
  ];
  for (const [label, run, part] of cases) {
    await checkGradients(gpu, {
      label,
      shapes: [shape, [3]],
      inputs: [x, values('rules dy', 3)],
      device: (a, dy) => ops.mul(ruleOf(run(a!), dy!)[0]!, a!),
      reference: (a, dy) => spread(dy!, (i) => part(a!, i) * a![i]!),
    });
  }
  await checkGradients(gpu, {
    label: 'where',
    shapes: [shape, shape],
    inputs: [x, values('rules dy', 12)],
    device: (a, dy) => ops.mul(ruleOf(ops.where(ops.greater(a!, 0), a!, 1), dy!)[0]!, a!),
    reference: (a, dy) => a!.map((value, i) => (value > 0 ? dy![i]! * value : 0)),
  });
  await checkGradients(gpu, {
    label: 'expand',
    shapes: [[3, 1], shape],
    inputs: [values('rules column', 3), x],
    device: (a, dy) => ops.mul(ruleOf(ops.expand(a!, shape), dy!)[0]!, a!),
    reference: (a, dy) => a!.map((value, i) => value * rowOf(dy!, 4 * i).reduce((sum, each) => sum + each, 0)),
  });
});

test.run();
