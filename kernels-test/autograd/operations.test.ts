import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/operations.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { arithmetic, comparisons, unary } from '../harness/functions.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

function leaf(data: Float32Array, shape: readonly number[]): Tensor {
  const tensor = Tensor.from(gpu, data, shape);
  tensor.requiresGrad = true;
  return tensor;
}

/** Functions whose small results PyTorch rounds to zeros, of whatever sign. */
const smooth = ['softplus', 'softplus2', 'silu', 'elu', 'elu2', 'gelu', 'geluTanh'];

/** Like numbers: a NaN where PyTorch has one, the same infinity, a zero of the same sign, and else close. */
function assertAlike(actual: Float32Array, expected: Float32Array, relative: number, name: string, operands: (i: number) => string): void {
  const near = smooth.includes(name);
  for (const [i, e] of expected.entries()) {
    const a = actual[i]!;
    const exact = !Number.isFinite(e) || (e === 0 && !near);
    const alike = exact ? Object.is(a, e) : Math.abs(a - e) <= relative * Math.abs(e) + (near ? 1e-12 : 1e-37);
    assert.ok(alike, `${name}(${operands(i)}): ${Object.is(a, -0) ? '-0' : a} on the device, ${Object.is(e, -0) ? '-0' : e} by PyTorch`);
  }
}

interface Expected {
  output: StoredArray;
  outputGradient: GeneratedArray;
  /** Null for an operation without a gradient. */
  gradients: StoredArray[] | null;
}

/** Output and gradients of an operation in front of a weighted sum, against PyTorch's. */
async function compare(label: string, inputs: Tensor[], run: () => Tensor, each: Expected): Promise<void> {
  const y = run();
  assert.equal(y.shape, each.output.shape, label);
  // What is lost in a power or a sum of a hundred terms.
  assertClose(await y.data(), float32(each.output), { absolute: 1e-6, relative: 2e-6, label });
  assert.is(each.gradients === null, !y.requiresGrad, `${label} has a gradient`);
  if (!each.gradients) return;
  backward(y, Tensor.from(gpu, generate(each.outputGradient), each.outputGradient.shape));
  for (const [index, expected] of each.gradients.entries()) {
    const close = { absolute: 2e-6, relative: 3e-6, label: `gradient ${index} of ${label}` };
    assertClose(await inputs[index]!.grad!.data(), float32(expected), close);
  }
}

for (const each of golden.unary) {
  test(`${each.name} is PyTorch's`, async () => {
    const run = unary[each.name]!;
    const x = leaf(generate(each.input), each.input.shape);
    await compare(each.name, [x], () => run(x), each);
    const special = float32(each.special);
    const result = await run(Tensor.from(gpu, special, [special.length])).data();
    assertAlike(result, float32(each.specialOutput), 2e-6, each.name, (i) => `${special[i]}`);
  });
}

for (const each of golden.binary) {
  test(`${each.name} is PyTorch's, with broadcasting and ties`, async () => {
    const run = { ...arithmetic, ...comparisons }[each.name as keyof typeof arithmetic];
    const [a, b] = each.inputs.map((input) => leaf(float32(input), input.shape)) as [Tensor, Tensor];
    await compare(each.name, [a, b], () => run(a, b), each);
    const special = float32(each.special);
    const count = special.length;
    const result = await run(Tensor.from(gpu, special, [count, 1]), Tensor.from(gpu, special, [count])).data();
    assertAlike(result, float32(each.specialOutput), 1e-5, each.name, (i) => `${special[Math.floor(i / count)]}, ${special[i % count]}`);
  });
}

for (const each of golden.reductions) {
  test(`${each.name} over ${each.axes.join(', ')} is PyTorch's, with ties`, async () => {
    const x = leaf(float32(each.input), each.input.shape);
    const run = { sum: ops.sum, mean: ops.mean, max: ops.max, min: ops.min }[each.name as 'sum'];
    await compare(each.name, [x], () => run(x, { axes: each.axes }), each);
  });
}

test("argmax and argmin are PyTorch's", async () => {
  for (const { name, axis, input, output } of golden.indices) {
    const x = Tensor.from(gpu, generate(input), input.shape);
    const y = { argmax: ops.argmax, argmin: ops.argmin }[name as 'argmax'](x, axis === null ? {} : { axis });
    assert.equal([...(await y.ints())], output, `${name} along ${axis}`);
  }
});

test.run();
