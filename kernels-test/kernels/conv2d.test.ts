import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2d, convTranspose2d } from '../../src/autograd/ops.js';
import {
  conv2dForward,
  conv2dInputGrad,
  conv2dOutputShape,
  conv2dWeightGrad,
  convTranspose2dOutputShape,
  type ConvGeometry,
} from '../../src/kernels/conv2d/conv2d.js';
import type { ConvPass } from '../../src/kernels/conv2d/problem.js';
import { CONV_VARIANTS, supportsConvVariant, type ConvTensors, type ConvVariant } from '../../src/kernels/conv2d/variants.js';
import { isWorkgroupTile } from '../../src/kernels/conv2d/workgroup.js';
import { directForward, directInputGrad } from '../../src/kernels/conv2d/direct.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import conv2dGolden from '../goldens/conv2d.json';
import convTransposeGolden from '../goldens/conv_transpose2d.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { runsTile } from '../harness/workgroup-tiles.js';
import * as reference from '../reference/conv2d.js';

const gpu = await testGpu();

interface Case {
  input: Shape;
  kernel: readonly [number, number];
  out: number;
  stride: readonly [number, number];
  padding: readonly [number, number];
}

const four = { kernel: [4, 4], stride: [2, 2], padding: [1, 1] } as const;
const patch = { kernel: [4, 4], stride: [1, 1], padding: [1, 1] } as const;
const cases: Case[] = [
  { input: [1, 2, 2, 8], out: 16, ...four },
  { input: [2, 2, 2, 3], out: 7, ...four },
  { input: [1, 31, 31, 3], out: 6, ...four },
  { input: [4, 8, 6, 6], out: 1, ...four },
  { input: [1, 32, 32, 12], out: 20, ...four },
  { input: [1, 64, 64, 3], out: 16, ...four },
  { input: [3, 13, 11, 36], out: 40, ...four },
  { input: [1, 40, 38, 20], out: 68, ...four },
  { input: [1, 2, 2, 128], out: 132, ...four },
  { input: [3, 9, 9, 1], out: 7, ...patch },
  { input: [1, 31, 31, 8], out: 1, ...patch },
  { input: [2, 32, 32, 4], out: 8, ...patch },
  { input: [1, 1, 1, 1], out: 1, kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
  { input: [1, 1, 1, 7], out: 260, kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
  { input: [2, 5, 31, 6], out: 3, kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
  { input: [1, 13, 7, 4], out: 4, kernel: [7, 7], stride: [1, 1], padding: [3, 3] },
  { input: [2, 11, 10, 3], out: 8, kernel: [5, 3], stride: [3, 2], padding: [2, 0] },
  { input: [1, 7, 7, 4], out: 4, kernel: [2, 2], stride: [3, 3], padding: [0, 0] },
  { input: [1, 5, 5, 4], out: 5, kernel: [4, 4], stride: [2, 2], padding: [5, 5] },
  // Whole vectors of channels, odd sizes: what Winograd's variants take.
  { input: [2, 1, 1, 4], out: 8, kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
  { input: [3, 31, 7, 8], out: 12, ...patch },
  { input: [2, 31, 13, 12], out: 4, ...four },
  { input: [1, 11, 9, 36], out: 40, kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
  { input: [4, 6, 5, 4], out: 4, kernel: [2, 2], stride: [1, 1], padding: [0, 1] },
  { input: [1, 14, 17, 4], out: 8, kernel: [6, 6], stride: [3, 3], padding: [2, 4] },
  { input: [2, 9, 9, 4], out: 4, kernel: [8, 8], stride: [2, 2], padding: [3, 3] },
];

const shapesOf = ({ input, kernel, out, stride, padding }: Case): { weight: Shape; output: Shape; geometry: ConvGeometry } => {
  const geometry = { stride, padding };
  const weight = [...kernel, input[3]!, out];
  return { weight, output: conv2dOutputShape(input, weight, geometry), geometry };
};
const upload = (label: string, shape: Shape): { tensor: Tensor; data: Float32Array } => {
  const data = values(label, elementCount(shape));
  return { tensor: Tensor.from(gpu, data, shape, label), data };
};
/** The same contents as a channel slice in the middle of a wider tensor. */
const asSlice = (data: Float32Array, shape: Shape, before: number, after: number): Tensor => {
  const channels = shape[3]!;
  const wide = channels + before + after;
  const contents = values('surroundings', (data.length / channels) * wide);
  for (let row = 0; row < data.length / channels; row++)
    contents.set(data.subarray(row * channels, (row + 1) * channels), row * wide + before);
  return Tensor.from(gpu, contents, [...shape.slice(0, 3), wide]).sliceChannels(before, before + channels);
};

for (const each of cases) {
  const { input, kernel, out, stride, padding } = each;
  const { weight, output, geometry } = shapesOf(each);
  const name = `[${input}] * ${kernel.join('x')} -> ${out}, stride ${stride}, padding ${padding}`;
  // Sums of at most a few thousand products of numbers below 1.
  const close = { absolute: 2e-4, relative: 1e-5 };

  test(`conv2d ${name}: forward and gradients against float64`, async () => {
    const x = upload('x', input);
    const w = upload('w', weight);
    const dy = upload('dy', output);
    const biasOut = upload('bias out', [out]);
    const biasIn = upload('bias in', [input[3]!]);
    const y = conv2dForward(x.tensor, w.tensor, biasOut.tensor, geometry);
    assertClose(await y.data(), reference.conv2d(x.data, w.data, biasOut.data, input, weight, output, geometry), {
      ...close,
      label: 'forward',
    });
    const dx = conv2dInputGrad(dy.tensor, w.tensor, biasIn.tensor, input, geometry);
    assertClose(await dx.data(), reference.conv2dInputGrad(dy.data, w.data, biasIn.data, input, weight, output, geometry), {
      ...close,
      label: 'input gradient',
    });
    const dw = conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry);
    const expected = reference.conv2dWeightGrad(x.data, dy.data, input, weight, output, geometry);
    assertClose(await dw.data(), expected, { ...close, absolute: 5e-4, label: 'weight gradient' });
    conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry, dw, true);
    assertClose(
      await dw.data(),
      expected.map((value) => 2 * value),
      { ...close, absolute: 1e-3, label: 'accumulated weight gradient' },
    );
  });
}

/** What the larger workgroup tiles do with other shapes than those of whole vectors is in the sources that they share with the smallest. */
const runsOn = (pass: ConvPass, variant: ConvVariant, { input, out }: Case): boolean =>
  !isWorkgroupTile(variant) || (runsTile(gpu, variant, pass) && (variant === 'workgroup32' || (input[3]! % 4 === 0 && out % 4 === 0)));

// The heuristic picks one variant for a layer; every other one the adapter supports must give the same.
for (const each of cases) {
  const { weight, output, geometry } = shapesOf(each);
  const { input, out } = each;
  test(`every variant of conv2d, input [${input}] to ${out} channels`, async () => {
    const [x, w, dy] = [upload('x', input), upload('w', weight), upload('dy', output)];
    const biasOut = upload('bias out', [out]);
    const biasIn = upload('bias in', [input[3]!]);
    for (const variant of CONV_VARIANTS) {
      const runs = (pass: ConvPass, tensors: ConvTensors): boolean =>
        runsOn(pass, variant, each) && supportsConvVariant(pass, variant, tensors, geometry);
      const yOut = Tensor.empty(gpu, output, 'y');
      if (runs('forward', { input: x.tensor, weight: w.tensor, output: yOut })) {
        const y = await conv2dForward(x.tensor, w.tensor, biasOut.tensor, geometry, yOut, variant).data();
        assertClose(y, reference.conv2d(x.data, w.data, biasOut.data, input, weight, output, geometry), {
          absolute: 2e-4,
          relative: 1e-5,
          label: `forward, ${variant}`,
        });
      }
      const dxOut = Tensor.empty(gpu, input, 'dx');
      if (runs('input_grad', { input: dxOut, weight: w.tensor, output: dy.tensor })) {
        const dx = await conv2dInputGrad(dy.tensor, w.tensor, biasIn.tensor, input, geometry, dxOut, variant).data();
        assertClose(dx, reference.conv2dInputGrad(dy.data, w.data, biasIn.data, input, weight, output, geometry), {
          absolute: 2e-4,
          relative: 1e-5,
          label: `input gradient, ${variant}`,
        });
      }
      const dw = Tensor.empty(gpu, weight, 'dw');
      if (runs('weight_grad', { input: x.tensor, weight: dw, output: dy.tensor })) {
        conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry, dw, false, variant);
        const expected = reference.conv2dWeightGrad(x.data, dy.data, input, weight, output, geometry);
        assertClose(await dw.data(), expected, { absolute: 5e-4, relative: 1e-5, label: `weight gradient, ${variant}` });
        conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry, dw, true, variant);
        assertClose(
          await dw.data(),
          expected.map((value) => 2 * value),
          { absolute: 1e-3, relative: 1e-5, label: `accumulated weight gradient, ${variant}` },
        );
      }
    }
  });
}

for (const [before, after] of [
  [4, 8],
  [3, 2],
] as const) {
  test(`channel slices ${before} channels into a wider tensor, as inputs and as outputs`, async () => {
    const { weight, output, geometry } = shapesOf(cases[4]!);
    const { input } = cases[4]!;
    const x = upload('x', input);
    const w = upload('w', weight);
    const dy = upload('dy', output);
    const wide = Tensor.from(gpu, new Float32Array((elementCount(output) / output[3]!) * (before + output[3]! + after)).fill(7), [
      ...output.slice(0, 3),
      before + output[3]! + after,
    ]);
    const xSlice = asSlice(x.data, input, before, after);
    const dySlice = asSlice(dy.data, output, before, after);
    conv2dForward(xSlice, w.tensor, null, geometry, wide.sliceChannels(before, before + output[3]!));
    const expected = await conv2dForward(x.tensor, w.tensor, null, geometry).data();
    assertClose(await wide.sliceChannels(before, before + output[3]!).data(), expected, { absolute: 1e-5, label: 'forward' });
    const around = await wide.data();
    assert.ok(
      around.filter((_, i) => i % wide.channels < before || i % wide.channels >= before + output[3]!).every((value) => value === 7),
      'the neighbours are left alone',
    );
    for (const variant of ['workgroup32', 'workgroup128'] as const) {
      const into = wide.sliceChannels(before, before + output[3]!);
      assertClose(await conv2dForward(xSlice, w.tensor, null, geometry, into, variant).data(), expected, {
        absolute: 1e-4,
        label: `forward, ${variant}`,
      });
      assert.ok(
        (await wide.data())
          .filter((_, i) => i % wide.channels < before || i % wide.channels >= before + output[3]!)
          .every((value) => value === 7),
        `the neighbours are left alone, ${variant}`,
      );
      const dx = await conv2dInputGrad(dySlice, w.tensor, null, input, geometry, undefined, variant).data();
      assertClose(dx, await conv2dInputGrad(dy.tensor, w.tensor, null, input, geometry).data(), {
        absolute: 1e-4,
        label: `input gradient, ${variant}`,
      });
      const dw = await conv2dWeightGrad(xSlice, dySlice, weight, geometry, undefined, false, variant).data();
      assertClose(dw, await conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry).data(), {
        absolute: 5e-4,
        label: `weight gradient, ${variant}`,
      });
    }
    assertClose(
      await conv2dInputGrad(dySlice, w.tensor, null, input, geometry).data(),
      await conv2dInputGrad(dy.tensor, w.tensor, null, input, geometry).data(),
      { absolute: 1e-5, label: 'input gradient' },
    );
    assertClose(
      await conv2dWeightGrad(xSlice, dySlice, weight, geometry).data(),
      await conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry).data(),
      { absolute: 1e-4, label: 'weight gradient' },
    );
  });
}

for (const golden of conv2dGolden.cases) {
  test(`PyTorch's conv2d: ${golden.name}`, async () => {
    const geometry = { stride: golden.stride as [number, number], padding: golden.padding as [number, number] };
    const { input, weight, bias, outputGradient } = golden.inputs;
    const x = Tensor.from(gpu, generate(input), input.shape);
    const w = Tensor.from(gpu, generate(weight), weight.shape);
    const b = Tensor.from(gpu, generate(bias), bias.shape);
    const dy = Tensor.from(gpu, generate(outputGradient), outputGradient.shape);
    const label = golden.name;
    assertClose(await conv2dForward(x, w, b, geometry).data(), float32(golden.expected.output), { absolute: 1e-4, label });
    assertClose(await conv2dInputGrad(dy, w, null, x.shape, geometry).data(), float32(golden.expected.inputGradient), {
      absolute: 1e-4,
      label,
    });
    assertClose(await conv2dWeightGrad(x, dy, w.shape, geometry).data(), float32(golden.expected.weightGradient), {
      absolute: 1e-4,
      label,
    });
  });
}

for (const golden of convTransposeGolden.cases) {
  test(`PyTorch's conv_transpose2d: ${golden.name}`, async () => {
    const { input, weight, bias, outputGradient } = golden.inputs;
    const [x, w, b] = [input, weight, bias].map((each) => {
      const tensor = Tensor.from(gpu, generate(each), each.shape);
      tensor.requiresGrad = true;
      return tensor;
    }) as [Tensor, Tensor, Tensor];
    const y = convTranspose2d(x, w, b, {
      stride: golden.stride as [number, number],
      padding: golden.padding as [number, number],
      outputPadding: golden.outputPadding as [number, number],
    });
    const label = golden.name;
    assertClose(await y.data(), float32(golden.expected.output), { absolute: 1e-4, label });
    const { backward } = await import('../../src/autograd/backward.js');
    backward(y, Tensor.from(gpu, generate(outputGradient), outputGradient.shape));
    assertClose(await x.grad!.data(), float32(golden.expected.inputGradient), { absolute: 1e-4, label });
    assertClose(await w.grad!.data(), float32(golden.expected.weightGradient), { absolute: 1e-4, label });
    assertClose(await b.grad!.data(), float32(golden.expected.biasGradient), { absolute: 1e-4, label });
  });
}

for (const index of [1, 2, 13]) {
  const each = cases[index]!;
  const { weight, output, geometry } = shapesOf(each);
  test(`mid-graph gradients of conv2d and convTranspose2d, input [${each.input}]`, async () => {
    await checkGradients(gpu, {
      label: 'conv2d',
      shapes: [each.input, weight, [each.out]],
      device: (x, w, b) => conv2d(x, w, b, geometry),
      reference: (x, w, b) => reference.conv2d(x!, w!, b!, each.input, weight, output, geometry),
    });
    // Its adjoint maps the output's shape to one whose strided view fits it.
    const up = convTranspose2dOutputShape(output, weight, geometry);
    await checkGradients(gpu, {
      label: 'convTranspose2d',
      shapes: [output, weight, [up[3]!]],
      device: (x, w, b) => convTranspose2d(x, w, b, geometry),
      reference: (x, w, b) => reference.conv2dInputGrad(x!, w!, b!, up, weight, output, geometry),
    });
  });
}

test('kernels refuse weights with gaps, which they would read across', async () => {
  const weights = Tensor.from(gpu, values('gaps', 9 * 3 * 5), [3, 3, 3, 5]).sliceChannels(1, 4);
  const [x, geometry] = [Tensor.from(gpu, values('x', 48), [1, 4, 4, 3]), { stride: [1, 1], padding: [1, 1] } as const];
  const direct = { ...geometry, dilation: [1, 1], groups: 1 } as const;
  const runs: (() => unknown)[] = [
    () => conv2dForward(x, weights, null, geometry),
    () => conv2dInputGrad(x, weights, null, [1, 4, 4, 3], geometry),
    () => conv2dWeightGrad(x, x, [3, 3, 3, 3], geometry, weights),
    () => directForward(x, weights, null, direct),
    () => directInputGrad(x, weights, null, [1, 4, 4, 3], direct),
  ];
  for (const run of runs) await failure('INVALID_ARGUMENT', run, 'without gaps between its rows', 'a channel slice');
});

test('wrong shapes and geometries are refused, naming what came', () => {
  const x = Tensor.empty(gpu, [1, 8, 8, 3]);
  const w = Tensor.empty(gpu, [4, 4, 4, 8]);
  const code = (body: () => unknown): string => {
    try {
      body();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'nothing was thrown';
  };
  assert.is(
    code(() => conv2d(x, w, null, { stride: 2, padding: 1 })),
    'SHAPE_MISMATCH',
  );
  assert.is(
    code(() => conv2d(x, Tensor.empty(gpu, [4, 4, 3, 8]), null, { stride: 0 })),
    'INVALID_ARGUMENT',
  );
  assert.is(
    code(() => conv2d(x, Tensor.empty(gpu, [4, 4, 3, 8]), Tensor.empty(gpu, [7]), { stride: 2 })),
    'SHAPE_MISMATCH',
  );
  assert.is(
    code(() => conv2d(x, Tensor.empty(gpu, [9, 9, 3, 8]), null)),
    'SHAPE_MISMATCH',
  );
  assert.is(
    code(() => conv2d(Tensor.empty(gpu, [8, 8, 3]), w, null)),
    'SHAPE_MISMATCH',
  );
  assert.is(
    code(() => convTranspose2d(x, Tensor.empty(gpu, [4, 4, 8, 3]), null, { stride: 2, outputPadding: 2 })),
    'INVALID_ARGUMENT',
  );
});

test.run();
