import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { autocast } from '../../src/autograd/autocast.js';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { decodeNumbers, encodeNumbers } from '../../src/formats/half.js';
import { directForward, directInputGrad, directOutputShape, directWeightGrad } from '../../src/kernels/conv2d/direct.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/conv2d_direct.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32, relativeDifference } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, target, type Layout } from '../harness/layouts.js';
import { convChecks } from '../harness/spatial-checks.js';
import * as reference from '../reference/conv2d-direct.js';

const gpu = await testGpu();

const CASES = [
  { input: [1, 1, 1, 1], weight: [1, 1, 1, 1], stride: [1, 1], padding: [0, 0], dilation: [2, 3], groups: 1 },
  { input: [2, 9, 7, 3], weight: [3, 2, 3, 8], stride: [1, 2], padding: [2, 1], dilation: [2, 3], groups: 1 },
  { input: [1, 31, 4, 6], weight: [3, 3, 2, 9], stride: [2, 1], padding: [1, 1], dilation: [1, 1], groups: 3 },
  { input: [3, 5, 6, 8], weight: [3, 3, 1, 8], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 8 },
  { input: [2, 6, 5, 7], weight: [2, 2, 1, 7], stride: [2, 2], padding: [0, 1], dilation: [2, 1], groups: 7 },
  { input: [1, 6, 5, 4], weight: [3, 3, 2, 16], stride: [1, 1], padding: [2, 2], dilation: [2, 2], groups: 2 },
] as const;

for (const { input, weight, ...geometry } of CASES) {
  for (const layout of LAYOUTS) {
    test(`[${input}] by [${weight}], ${geometry.groups} groups, dilation ${geometry.dilation}, ${layout.name}`, async () => {
      const output = directOutputShape(input, weight, geometry);
      const [x, w, dy] = [
        values('direct x', elementCount(input)),
        values('direct w', elementCount(weight)),
        values('direct dy', elementCount(output)),
      ];
      const [outBias, inBias] = [values('direct bias', output[3]!), values('direct in bias', input[3]!)];
      const taps = Tensor.from(gpu, w, weight);
      const close = { absolute: 1e-5, relative: 1e-6 };
      const y = target(gpu, output, layout);
      directForward(placed(gpu, x, input, layout), taps, placed(gpu, outBias, [output[3]!], ODD_SLICE), geometry, y);
      assertClose(await y.data(), reference.conv2d(x, w, outBias, input, weight, output, geometry), { ...close, label: 'forward' });
      await assertNeighboursKept(y, layout);
      const gradient = placed(gpu, dy, output, layout);
      const dx = target(gpu, input, layout);
      directInputGrad(gradient, taps, Tensor.from(gpu, inBias, [input[3]!]), input, geometry, dx);
      assertClose(await dx.data(), reference.convTranspose2d(dy, w, inBias, input, weight, output, geometry), {
        ...close,
        label: 'input gradient',
      });
      await assertNeighboursKept(dx, layout);
      const dw = directWeightGrad(placed(gpu, x, input, layout), gradient, weight, geometry);
      assertClose(await dw.data(), reference.weightGrad(x, dy, input, weight, output, geometry), { ...close, label: 'weight gradient' });
    });
  }
}

/** As f16 has them. */
const rounded = (numbers: Float32Array): Float32Array => decodeNumbers(encodeNumbers(numbers, 'f16'), 'f16');

/** Numbers in f16, as a range of the channels of a wider tensor or alone. */
function inHalf(data: Float32Array, shape: Shape, { channelsBefore, channelsAfter }: Layout): Tensor {
  const channels = shape.at(-1)!;
  const width = channelsBefore + channels + channelsAfter;
  const wide = new Float32Array((data.length / channels) * width);
  data.forEach((value, i) => (wide[Math.floor(i / channels) * width + channelsBefore + (i % channels)] = value));
  const whole = ops.cast(Tensor.from(gpu, wide, [...shape.slice(0, -1), width]), 'f16');
  return whole.sliceChannels(channelsBefore, channelsBefore + channels);
}

for (const { input, weight, ...geometry } of CASES) {
  testHalf(gpu, `[${input}] by [${weight}], ${geometry.groups} groups, dilation ${geometry.dilation}, in f16 against float64`, async () => {
    const output = directOutputShape(input, weight, geometry);
    const [x, w, dy] = [input, weight, output].map((shape: Shape, index) => rounded(values(`half ${index}`, elementCount(shape))));
    const [outBias, inBias] = [values('half bias', output[3]!), values('half in bias', input[3]!)];
    const expected = {
      y: reference.conv2d(x!, w!, outBias, input, weight, output, geometry),
      alone: reference.conv2d(x!, w!, null, input, weight, output, geometry),
      dx: reference.convTranspose2d(dy!, w!, inBias, input, weight, output, geometry),
      dw: reference.weightGrad(x!, dy!, input, weight, output, geometry),
    };
    const bias = Tensor.from(gpu, outBias, [output[3]!]);
    for (const layout of LAYOUTS) {
      const [given, gradient] = [inHalf(x!, input, layout), inHalf(dy!, output, layout)];
      for (const taps of [Tensor.from(gpu, w!, weight), ops.cast(Tensor.from(gpu, w!, weight), 'f16')]) {
        const label = `${layout.name}, weights in ${taps.dtype}`;
        // Sums are f32: results differ from them by the rounding of 11 digits, towards zero on some drivers.
        const half = { absolute: 1e-5, relative: 2 ** -10, label };
        const y = directForward(given, taps, bias, geometry);
        assert.is(y.dtype, 'f16');
        assertClose(await y.data(), expected.y, half);
        const single = directForward(given, taps, null, geometry, undefined, 'f32');
        assertClose(await single.data(), expected.alone, { absolute: 1e-5, relative: 1e-6, label });
        const dx = directInputGrad(gradient, taps, Tensor.from(gpu, inBias, [input[3]!]), input, geometry);
        assert.is(dx.dtype, 'f16');
        assertClose(await dx.data(), expected.dx, half);
      }
      const dw = directWeightGrad(given, gradient, weight, geometry);
      assert.is(dw.dtype, 'f32');
      assertClose(await dw.data(), expected.dw, { absolute: 1e-5, relative: 1e-6, label: layout.name });
    }
  });
}

testHalf(gpu, 'in autocast() they give f16, as plain ones do, and gradients near those of f32', async () => {
  const leaves = (): Tensor[] =>
    [[1, 7, 6, 8] as Shape, [3, 3, 4, 8], [3, 3, 1, 8], [8]].map((shape, index) => {
      const tensor = Tensor.from(gpu, values(`leaf ${index}`, elementCount(shape)), shape);
      tensor.requiresGrad = true;
      return tensor;
    });
  const run = async (half: boolean): Promise<number[][]> => {
    const [x, grouped, depthwise, bias] = leaves() as [Tensor, Tensor, Tensor, Tensor];
    const step = (): void => {
      const hidden = ops.conv2d(x, grouped, bias, { groups: 2, padding: 1 });
      const y = ops.convTranspose2d(hidden, depthwise, bias, { groups: 8, dilation: 2, stride: 2 });
      const narrow = ops.conv2d(y, grouped, null, { groups: 2, dilation: [1, 2] });
      for (const each of [hidden, y, narrow]) assert.is(each.dtype, half ? 'f16' : 'f32');
      backward(ops.mean(ops.square(narrow)));
    };
    if (half) autocast(gpu, step);
    else step();
    return Promise.all([x, grouped, depthwise, bias].map(async (leaf) => [...(await leaf.grad!.data())]));
  };
  const [expected, received] = [await run(false), await run(true)];
  for (const [index, gradient] of expected.entries()) {
    const difference = relativeDifference(received[index]!, gradient);
    assert.ok(difference > 0 && difference < 0.005, `gradient ${index} differs by ${difference} of its size`);
  }
});

for (const [label, check] of Object.entries(convChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

for (const each of golden.cases) {
  test(`${each.name} ${JSON.stringify(each.options)} equals PyTorch's, with gradients`, async () => {
    const inputs = each.inputs.map((description) => {
      const tensor = Tensor.from(gpu, generate(description), description.shape);
      tensor.requiresGrad = true;
      return tensor;
    });
    const operation = each.name === 'conv2d' ? ops.conv2d : ops.convTranspose2d;
    const y = operation(inputs[0]!, inputs[1]!, inputs[2]!, each.options as ops.ConvOptions);
    assert.equal([...y.shape], each.expected.output.shape);
    assertClose(await y.data(), float32(each.expected.output), { absolute: 3e-6, relative: 2e-6, label: 'output' });
    backward(y, Tensor.from(gpu, generate(each.seed), y.shape));
    for (const [index, input] of inputs.entries()) {
      assertClose(await input.grad!.data(), float32(each.expected.gradients[index]!), {
        absolute: 1e-5,
        relative: 2e-6,
        label: `gradient ${index}`,
      });
    }
  });
}

test('with no gaps and one group it is the convolution that it was', async () => {
  const [x, w] = [Tensor.from(gpu, values('same x', 150), [1, 5, 5, 6]), Tensor.from(gpu, values('same w', 432), [3, 3, 6, 8])];
  const geometry = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
  const tuned = await ops.conv2d(x, w, null, { padding: 1, dilation: 1, groups: 1 }).data();
  assertClose(await directForward(x, w, null, geometry).data(), tuned, { absolute: 1e-5, label: 'plain' });
});

test('what does not fit is refused', async () => {
  const of = (...shape: number[]): Tensor => Tensor.from(gpu, values('any', elementCount(shape)), shape);
  await failure(
    'INVALID_ARGUMENT',
    () => ops.conv2d(of(1, 4, 4, 4), of(3, 3, 2, 3), null, { groups: 2 }),
    'groups that divide the channels',
  );
  await failure('INVALID_ARGUMENT', () => ops.conv2d(of(1, 4, 4, 4), of(3, 3, 4, 3), null, { dilation: 0 }), 'at least 1');
  await failure('SHAPE_MISMATCH', () => ops.conv2d(of(1, 4, 4, 4), of(3, 3, 4, 4), null, { groups: 2 }), 'disagree about the channels');
  await failure('SHAPE_MISMATCH', () => ops.conv2d(of(1, 4, 4, 1), of(3, 3, 1, 1), null, { dilation: 2 }), 'larger than the padded input');
  await failure('SHAPE_MISMATCH', () => ops.conv2d(of(1, 4, 4, 2), of(3, 3, 1, 2), of(3), { groups: 2 }), 'bias of conv2d');
  await failure(
    'INVALID_ARGUMENT',
    () => ops.convTranspose2d(of(1, 4, 4, 2), of(3, 3, 1, 2), null, { groups: 2, outputPadding: 1 }),
    'output padding',
  );
  await failure(
    'INVALID_ARGUMENT',
    () => ops.conv2d(Tensor.from(gpu, new Int32Array(16), [1, 4, 4, 1]), of(3, 3, 1, 1), null, { padding: 2, dilation: 2 }),
    'i32',
  );
});

test('bytes and labels are no input of any convolution or norm', async () => {
  const [bytes, w] = [Tensor.fromBytes(gpu, new Uint8Array(64), [1, 4, 4, 4]), Tensor.from(gpu, values('w', 144), [3, 3, 4, 4])];
  const row = Tensor.from(gpu, [1, 2, 3, 4], [4]);
  for (const x of [bytes, Tensor.from(gpu, new Int32Array(64), [1, 4, 4, 4])]) {
    const runs = [
      () => ops.conv2d(x, w, null),
      () => ops.convTranspose2d(x, w, null),
      () => ops.conv2d(x, w, null, { dilation: 2, padding: 2 }),
      () => ops.batchNorm(x, row, row),
      () => ops.instanceNorm(x),
      () => ops.linear(x, w.reshape([36, 4]).reshape([144]).reshape([4, 36]), null),
    ];
    for (const run of runs) await failure('INVALID_ARGUMENT', run, x.dtype);
  }
});

test.run();
