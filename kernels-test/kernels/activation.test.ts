import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import { activationForward, activationGrad, type Activation } from '../../src/kernels/activation.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/activations.json';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, SHAPES, target, WHOLE } from '../harness/layouts.js';
import { activate } from '../reference/activation.js';

const KINDS: readonly Activation[] = ['relu', 'leakyRelu', 'tanh', 'sigmoid'];
const SLOPE = 0.2;
const gpu = await testGpu();

const savesInput = (kind: Activation): boolean => kind === 'relu' || kind === 'leakyRelu';

/** dy times the central difference of the float64 reference. */
function numericGradient(kind: Activation, x: Float32Array, dy: Float32Array): Float64Array {
  const step = 1e-6;
  return Float64Array.from(
    x,
    (value, i) => (dy[i]! * (activate(kind, value + step, SLOPE) - activate(kind, value - step, SLOPE))) / (2 * step),
  );
}

for (const kind of KINDS) {
  for (const shape of SHAPES) {
    for (const layout of LAYOUTS) {
      test(`${kind} of [${shape}], ${layout.name}`, async () => {
        const x = values(`activation x`, elementCount(shape), 4);
        const dy = values(`activation dy`, elementCount(shape));
        const input = placed(gpu, x, shape, layout);
        const out = target(gpu, shape, layout);
        const expected = Float64Array.from(x, (value) => activate(kind, value, SLOPE));
        assert.is(activationForward(kind, input, SLOPE, out), out);
        assertClose(await out.data(), expected, { absolute: 1e-7, relative: 1e-6, label: 'output' });
        await assertNeighboursKept(out, layout);

        const saved = savesInput(kind) ? input : out;
        const gradient = activationGrad(kind, saved, placed(gpu, dy, shape, ODD_SLICE), SLOPE);
        assertClose(await gradient.data(), numericGradient(kind, x, dy), { absolute: 1e-6, label: 'gradient' });
        const place = target(gpu, shape, layout);
        activationGrad(kind, saved, placed(gpu, dy, shape, WHOLE), SLOPE, place);
        assert.equal(await place.data(), await gradient.data());
        await assertNeighboursKept(place, layout);
      });
    }
  }
}

for (const each of golden.cases) {
  const kind = each.name as Activation;

  test(`${kind} equals PyTorch's`, async () => {
    const input = Tensor.from(gpu, generate(each.inputs.input), each.inputs.input.shape);
    const dy = Tensor.from(gpu, generate(each.inputs.outputGradient), each.inputs.outputGradient.shape);
    const output = activationForward(kind, input, each.slope ?? 0);
    assertClose(await output.data(), float32(each.expected.output), { absolute: 1e-7, relative: 1e-6, label: 'output' });
    const gradient = activationGrad(kind, savesInput(kind) ? input : output, dy, each.slope ?? 0);
    assertClose(await gradient.data(), float32(each.expected.inputGradient), { absolute: 3e-7, relative: 1e-6, label: 'gradient' });
  });

  test(`${kind} equals PyTorch's at zero, at the kink and far out`, async () => {
    const special = float32(each.special);
    const input = Tensor.from(gpu, special, [special.length]);
    const ones = Tensor.from(gpu, new Float32Array(special.length).fill(1), [special.length]);
    const output = activationForward(kind, input, each.slope ?? 0);
    // Relative too: tanh of a small number is that number, not a rounded 1 - 1.
    const absolute = kind === 'sigmoid' ? 1e-20 : 0;
    assertClose(await output.data(), float32(each.expected.specialOutput), { absolute, relative: 5e-6, label: 'output' });
    const gradient = activationGrad(kind, savesInput(kind) ? input : output, ones, each.slope ?? 0);
    assertClose(await gradient.data(), float32(each.expected.specialInputGradient), { absolute: 3e-7, label: 'gradient' });
  });
}

test('infinities stay within bounds', async () => {
  const input = Tensor.from(gpu, [Infinity, -Infinity, 3e38, -3e38], [4]);
  assert.equal([...(await activationForward('tanh', input).data())], [1, -1, 1, -1]);
  assert.equal([...(await activationForward('sigmoid', input).data())], [1, 0, 1, 0]);
});

test('gradients that are infinite go where PyTorch lets them, and what ReLU holds back is zero', async () => {
  const saved = [-1, 0, -0, 2, -1, 0, 2, 2e-38, NaN];
  const gradOutput = [Infinity, -Infinity, Infinity, Infinity, -5, 0, -5, Infinity, 3];
  // Vectors of four, and one number at a time.
  for (const copies of [4, 1]) {
    const repeated = (numbers: number[]): Tensor =>
      Tensor.from(gpu, new Array(copies).fill(numbers).flat() as number[], [copies * numbers.length]);
    const gradients = async (kind: Activation): Promise<number[]> => [
      ...(await activationGrad(kind, repeated(saved), repeated(gradOutput), SLOPE).data()),
    ];
    const relu = (await gradients('relu')).slice(0, saved.length);
    assert.equal(relu, [0, 0, 0, Infinity, 0, 0, -5, Infinity, 3]);
    // Bits of finite ones are those of the product with 0.
    assert.ok(Object.is(relu[4], -0) && Object.is(relu[5], 0));
    const leaky = (await gradients('leakyRelu')).slice(0, 8);
    assert.equal(leaky, [Infinity, -Infinity, Infinity, Infinity, Math.fround(-5 * Math.fround(SLOPE)), 0, -5, Infinity]);
  }
});

test('tanh is odd to the bit and never decreases over the seam of its two formulas', async () => {
  const x = Float32Array.from({ length: 4001 }, (_, i) => 0.25 + (i - 2000) * 2 ** -20);
  const positive = await activationForward('tanh', Tensor.from(gpu, x, [4001])).data();
  const negative = await activationForward(
    'tanh',
    Tensor.from(
      gpu,
      x.map((value) => -value),
      [4001],
    ),
  ).data();
  assert.equal(
    negative.map((value) => -value),
    positive,
  );
  // Neighbouring inputs are 16 steps of float32 apart; the formulas may disagree by a few in the last place.
  for (let i = 1; i < x.length; i++) assert.ok(positive[i]! > positive[i - 1]! - 1e-7, `at ${x[i]}`);
});

for (const kind of KINDS) {
  test(`gradient of ${kind} in a graph`, async () => {
    const operations = { relu: ops.relu, leakyRelu: (x: Tensor) => ops.leakyRelu(x, SLOPE), tanh: ops.tanh, sigmoid: ops.sigmoid };
    for (const shape of [[1], [2, 3, 5, 7], [2, 4, 8]]) {
      await checkGradients(gpu, {
        label: `${kind} [${shape}]`,
        shapes: [shape],
        device: (x) => operations[kind](x),
        reference: (x) => x!.map((value) => activate(kind, value, SLOPE)),
      });
    }
  });
}

test.run();
