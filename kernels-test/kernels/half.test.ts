// not in browsers: Chromium's SwiftShader has no shader-f16
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cast } from '../../src/autograd/ops.js';
import { decodeNumbers, encodeNumbers } from '../../src/formats/half.js';
import { conv2dForward, conv2dInputGrad, conv2dOutputShape, conv2dWeightGrad } from '../../src/kernels/conv2d/conv2d.js';
import { parseConvProblem } from '../../src/kernels/conv2d/problem.js';
import { CONV_VARIANTS, supportsConvVariant } from '../../src/kernels/conv2d/variants.js';
import { copy } from '../../src/kernels/elementwise.js';
import { tune } from '../../src/kernels/tuner.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure, withFeatures } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import * as reference from '../reference/conv2d.js';

const gpu = await testGpu();

/** As f16 has them. */
const rounded = (numbers: Float32Array): Float32Array => decodeNumbers(encodeNumbers(numbers, 'f16'), 'f16');

testHalf(gpu, 'cast() rounds to one of the two neighbours, and back nothing is lost', async () => {
  const numbers = [...values('numbers', 91, 300), 0, -0, 65504, 1e9, -Infinity, NaN, 2 ** -14, -1 / 3];
  const x = Tensor.from(gpu, numbers, [9, 11]);
  const half = cast(x, 'f16');
  assert.is(half.dtype, 'f16');
  const received = await half.data();
  for (const [i, number] of Float32Array.from(numbers).entries()) {
    const [nearest] = rounded(Float32Array.of(number));
    // Which neighbour is the driver's choice: WGSL demands no more.
    const close = Object.is(received[i], nearest) || Math.abs(received[i]! - number) <= 2 ** -10 * Math.abs(number);
    assert.ok(close || (number === 1e9 && received[i]! >= 65504), `${number} becomes ${received[i]}`);
  }
  assert.equal([...(await cast(half, 'f32').data())], [...received]);
  assert.is(cast(x, 'f32'), x);
  // Slices begin in the middle of a word.
  const whole = cast(half, 'f32');
  assert.equal([...(await half.sliceChannels(3, 10).data())], [...(await whole.sliceChannels(3, 10).data())]);
  assert.equal([...(await copy(half.sliceChannels(5, 6)).data())], [...(await whole.sliceChannels(5, 6).data())]);
});

test('f16 is refused where there is none, and other types by cast()', async () => {
  const without = withFeatures(gpu, []);
  await failure('NO_ADAPTER', () => Tensor.empty(without, [4], 'x', 'f16'), 'shader-f16', /fix: /);
  await failure('NO_ADAPTER', () => cast(Tensor.from(without, [1], [1]), 'f16'), 'shader-f16');
  await failure('INVALID_ARGUMENT', () => cast(Tensor.from(gpu, new Int32Array(1), [1]), 'f16'), 'expected: f32 or f16');
  await failure('INVALID_ARGUMENT', () => cast(Tensor.from(gpu, [1], [1]), 'bf16' as 'f16'), 'received: bf16');
});

interface Case {
  input: Shape;
  kernel: number;
  out: number;
  stride: number;
  padding: number;
}

const cases: Case[] = [
  { input: [1, 1, 1, 1], kernel: 1, out: 7, stride: 1, padding: 0 },
  { input: [2, 5, 31, 6], kernel: 3, out: 3, stride: 1, padding: 1 },
  { input: [1, 9, 9, 8], kernel: 4, out: 1, stride: 1, padding: 1 },
  { input: [2, 9, 10, 36], kernel: 4, out: 40, stride: 2, padding: 1 },
];

// Workgroup tiles compile for seconds on CPU adapters, and Winograd's variants differ in their matrices alone.
const VARIANTS = CONV_VARIANTS.filter((variant) => !(gpu.adapter.software ? /^workgroup|winograd[34]/ : /winograd[34]/).test(variant));

for (const { input, kernel, out, stride, padding } of cases) {
  testHalf(gpu, `every variant of conv2d of f16, [${input}] to ${out} channels, against float64`, async () => {
    const geometry = { stride: [stride, stride], padding: [padding, padding] } as const;
    const weight = [kernel, kernel, input[3]!, out];
    const output = conv2dOutputShape(input, weight, geometry);
    const made = (name: string, shape: Shape): { tensor: Tensor; data: Float32Array } => {
      const data = rounded(values(name, elementCount(shape)));
      return { tensor: cast(Tensor.from(gpu, data, shape), 'f16'), data };
    };
    const [x, dy] = [made('x', input), made('dy', output)];
    const [w, bias] = [values('w', elementCount(weight)), values('bias', out)];
    const [weights, offsets] = [Tensor.from(gpu, w, weight), Tensor.from(gpu, bias, [out])];
    const expected = {
      y: reference.conv2d(x.data, w, bias, input, weight, output, geometry),
      dx: reference.conv2dInputGrad(dy.data, w, null, input, weight, output, geometry),
      dw: reference.conv2dWeightGrad(x.data, dy.data, input, weight, output, geometry),
    };
    // Sums are f32: the results differ from the sums by the rounding of 11 digits, towards zero on some drivers.
    const half = { absolute: 5e-4, relative: 2 ** -10 };
    let seen = 0;
    for (const variant of VARIANTS) {
      const [y, dx] = [Tensor.empty(gpu, output, 'y', 'f16'), Tensor.empty(gpu, input, 'dx', 'f16')];
      if (supportsConvVariant('forward', variant, { input: x.tensor, weight: weights, output: y }, geometry)) {
        conv2dForward(x.tensor, weights, offsets, geometry, y, variant);
        assertClose(await y.data(), expected.y, { ...half, label: `forward, ${variant}` });
        seen++;
      }
      if (supportsConvVariant('input_grad', variant, { input: dx, weight: weights, output: dy.tensor }, geometry)) {
        conv2dInputGrad(dy.tensor, weights, null, input, geometry, dx, variant);
        assertClose(await dx.data(), expected.dx, { ...half, label: `input gradient, ${variant}` });
      }
      if (supportsConvVariant('weight_grad', variant, { input: x.tensor, weight: weights, output: dy.tensor }, geometry)) {
        const dw = conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry, undefined, false, variant);
        assert.is(dw.dtype, 'f32');
        assertClose(await dw.data(), expected.dw, { absolute: 5e-4, relative: 1e-5, label: `weight gradient, ${variant}` });
      }
    }
    assert.ok(seen >= 1);
  });
}

testHalf(gpu, 'the tuner knows layers of f16 by names of their own', async () => {
  const key = 'conv2d forward x1x5x5x4/4+0h w3x3x4x4/4+0 y1x5x5x4/4+0h s1x1 p1x1';
  const problem = parseConvProblem(key)!;
  assert.equal([problem.input.dtype, problem.weight.dtype, problem.output.dtype], ['f16', 'f32', 'f16']);
  const [result] = await tune(gpu, new Map([[key, 'tile']]));
  assert.is(result!.problem, key);
  assert.equal(result!.failures, {});
});

test.run();
