import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/edge_cases.json';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { float32, type StoredArray } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { runs, type Options } from '../harness/operation-goldens.js';
import { matmul } from '../reference/matmul.js';

// NaN, infinities, zeros of both signs and ties, as PyTorch has them, in results and in gradients.

const gpu = await testGpu();

/** Zeros come by rounding, or from both sides of a kink or a series, and are of either sign; all others keep signs of zeros. */
const EITHER_SIGN = new Set(['softplus', 'silu', 'elu', 'gelu', 'relu', 'tanh']);
const text = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** A NaN where PyTorch has one, the same infinity, and else close; `signs`: zeros of the same sign. */
function assertAlike(actual: ArrayLike<number>, expected: ArrayLike<number>, label: string, signs: boolean): void {
  assert.is(actual.length, expected.length, label);
  const wrong = Array.from(expected).flatMap((e, i) => {
    const a = actual[i]!;
    const exact = !Number.isFinite(e) || (signs && e === 0);
    const alike = exact ? Object.is(a, e) : Math.abs(a - e) <= 1e-5 * Math.abs(e) + 1e-6;
    return alike ? [] : [`[${i}] ${text(a)}, not ${text(e)}`];
  });
  assert.equal(wrong, [], label);
}

for (const each of golden.cases) {
  test(`${each.name} ${JSON.stringify(each.options)} of odd numbers is PyTorch's`, async () => {
    const inputs = each.inputs.map((stored) => {
      const tensor = Tensor.from(gpu, float32(stored), stored.shape);
      tensor.requiresGrad = each.gradients !== null;
      return tensor;
    });
    const constants = each.constants.map((stored: { shape: number[]; int32?: number[]; float32?: string }) =>
      Tensor.from(gpu, stored.int32 ? new Int32Array(stored.int32) : float32(stored as StoredArray), stored.shape),
    );
    const run = each.name === 'sign' ? ([x]: readonly Tensor[]) => ops.sign(x!) : runs[each.name]!;
    const y = gpu.scope(() => {
      const output = run([...inputs, ...constants], each.options as unknown as Options);
      if (each.gradients) backward(output, Tensor.from(gpu, new Float32Array(output.size).fill(1), output.shape));
      return output;
    });
    const output = y.dtype === 'i32' ? await y.ints() : await y.data();
    assertAlike(output, float32(each.output), `output of ${each.name}`, !EITHER_SIGN.has(each.name));
    for (const [index, expected] of (each.gradients ?? []).entries()) {
      assertAlike(await inputs[index]!.grad!.data(), float32(expected), `gradient ${index} of ${each.name}`, false);
    }
    for (const tensor of [y, ...inputs, ...constants]) tensor.dispose();
  });
}

type Of = (x: Tensor) => Tensor;

/** An operation of a tensor and itself, and the same of each number in float64. */
const withItself: Record<string, [run: Of, f: (x: number) => number]> = {
  add: [(x) => ops.add(x, x), (x) => 2 * x],
  sub: [(x) => ops.sub(x, x), () => 0],
  mul: [(x) => ops.mul(x, x), (x) => x * x],
  div: [(x) => ops.div(x, x), () => 1],
  pow: [(x) => ops.pow(x, x), (x) => x ** x],
  maximum: [(x) => ops.maximum(x, x), (x) => x],
  minimum: [(x) => ops.minimum(x, x), (x) => x],
  where: [(x) => ops.where(x, x, x), (x) => x],
  addScaled: [(x) => ops.addScaled(x, x, 2, -5), (x) => -3 * x],
};

test('a tensor meets itself, and itself broadcast', async () => {
  const positive = (name: string, size: number): Float32Array => values(name, size).map((x) => Math.abs(x) + 0.5);
  for (const [name, [run, f]] of Object.entries(withItself)) {
    for (const shape of [[], [1], [3, 5]]) {
      const label = `${name} of [${shape}] and itself`;
      const inputs = [positive(name, elementCount(shape))];
      await checkGradients(gpu, { label, shapes: [shape], inputs, device: (x) => run(x!), reference: (x) => x!.map(f) });
    }
  }
  const pairs =
    (f: (a: number, b: number) => number) =>
    (x?: Float64Array): Float64Array =>
      Float64Array.from({ length: 16 }, (_, i) => f(x![i >> 2]!, x![i & 3]!));
  for (const [name, run, f] of [
    ['mul', ops.mul, (a, b) => a * b],
    ['div', ops.div, (a, b) => a / b],
    ['sub', ops.sub, (a, b) => a - b],
  ] as [string, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number][]) {
    const device = (x?: Tensor): Tensor => run(x!.reshape([4, 1]), x!);
    const label = `${name} of a column and a row`;
    await checkGradients(gpu, { label, shapes: [[4]], inputs: [positive(name, 4)], device, reference: pairs(f) });
  }
  const twice = (x?: Float64Array): Float64Array => Float64Array.from([...x!, ...x!]);
  const matrix = [3, 3];
  const product = (x?: Float64Array): Float64Array => matmul(x!, x!, { batch: 1, m: 3, n: 3, k: 3 });
  await checkGradients(gpu, { label: 'matmul', shapes: [matrix], device: (x) => ops.matmul(x!, x!), reference: product });
  await checkGradients(gpu, { label: 'concat', shapes: [matrix], device: (x) => ops.concat([x!, x!], { axis: 0 }), reference: twice });
  await checkGradients(gpu, { label: 'stack', shapes: [matrix], device: (x) => ops.stack([x!, x!]), reference: twice });
  for (const [name, loss] of [
    ['mseLoss', ops.mseLoss],
    ['l1Loss', ops.l1Loss],
  ] as const) {
    await checkGradients(gpu, { label: name, shapes: [matrix], device: (x) => loss(x!, x!), reference: () => [0] });
  }
});

test('a single number, shape [], goes through what needs no axis and is refused by name where one is needed', async () => {
  const f = (x: number): number => 0.25 * x;
  const through: Record<string, Of> = {
    permute: (x) => ops.permute(x, []),
    flip: (x) => ops.flip(x, []),
    copy: (x) => ops.copy(x),
    expand: (x) => ops.expand(x, []),
    sum: (x) => ops.sum(x),
    mean: (x) => ops.mean(x, { keepDims: true }),
    max: (x) => ops.max(x, { axes: [] }),
    min: (x) => ops.min(x),
    reshape: (x) => x.reshape([1, 1]).reshape([]),
    leakyRelu: (x) => ops.leakyRelu(x, 0.5),
    stack: (x) => ops.stack([x]).reshape([]),
  };
  for (const [name, run] of Object.entries(through)) {
    const check = { label: `${name} of []`, shapes: [[]], inputs: [new Float32Array([2])] };
    await checkGradients(gpu, { ...check, device: (x) => ops.mul(run(x!), 0.25), reference: (x) => x!.map(f) });
  }
  assert.equal([await ops.argmax(Tensor.from(gpu, [3], [])).item(), await ops.mseLoss(Tensor.from(gpu, [3], []), 1).item()], [0, 4]);
  const x = Tensor.from(gpu, [3], [], 'x');
  const label = Tensor.from(gpu, new Int32Array([0]), []);
  const refused: [code: 'INVALID_ARGUMENT' | 'SHAPE_MISMATCH', run: () => unknown][] = [
    ['INVALID_ARGUMENT', () => ops.softmax(x)],
    ['INVALID_ARGUMENT', () => ops.logSoftmax(x)],
    ['INVALID_ARGUMENT', () => ops.concat([x, x])],
    ['INVALID_ARGUMENT', () => x.sliceChannels(0, 1)],
    ['INVALID_ARGUMENT', () => ops.slice(x, {})],
    ['INVALID_ARGUMENT', () => ops.split(x, 1)],
    ['INVALID_ARGUMENT', () => ops.transpose(x)],
    ['SHAPE_MISMATCH', () => ops.crossEntropy(x, label)],
    ['SHAPE_MISMATCH', () => ops.nllLoss(x, label)],
    ['SHAPE_MISMATCH', () => ops.linear(x, Tensor.from(gpu, [1], [1, 1]), null)],
    ['SHAPE_MISMATCH', () => ops.layerNorm(x, [])],
  ];
  for (const [code, run] of refused) await failure(code, run, /with axes|\[\.\.\., (classes|in)\]/, /fix: /);
});

test('labels are joined along any axis', async () => {
  const [a, b] = [Tensor.from(gpu, new Int32Array([1, 2]), [2, 1]), Tensor.from(gpu, new Int32Array([3, -(2 ** 31)]), [2, 1])];
  assert.equal([...(await ops.concat([a, b]).ints())], [1, 3, 2, -(2 ** 31)]);
  assert.equal([...(await ops.concat([a, b], { axis: 0 }).ints())], [1, 2, 3, -(2 ** 31)]);
});

test.run();
