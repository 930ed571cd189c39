import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../src/autograd/backward.js';
import * as ops from '../src/autograd/ops.js';
import { Tensor } from '../src/tensor/tensor.js';
import golden from './goldens/edge_cases.json';
import { float32, type StoredArray } from './harness/golden.js';
import { testGpu } from './harness/gpu.js';
import { runs, type Options } from './harness/operation-goldens.js';

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
      Tensor.from(gpu, stored.int32 ? new Int32Array(stored.int32) : float32(stored as StoredArray), stored.shape));
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

test.run();
