// first driver only: conv2d.test.ts runs the variant on every adapter
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2dForward, conv2dInputGrad, conv2dOutputShape, conv2dWeightGrad } from '../../src/kernels/conv2d/conv2d.js';
import { PATCHES } from '../../src/kernels/conv2d/patches.js';
import type { ConvPass } from '../../src/kernels/conv2d/problem.js';
import { supportsConvVariant, variantFor } from '../../src/kernels/conv2d/variants.js';
import { subgroupsPay } from '../../src/kernels/subgroups.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { ALIGNED_SLICE, assertNeighboursKept, ODD_SLICE, placed, target } from '../harness/layouts.js';
import * as reference from '../reference/conv2d.js';

const gpu = await testGpu();
const PASSES: readonly ConvPass[] = ['forward', 'input_grad', 'weight_grad'];

interface Layer {
  readonly input: Shape;
  readonly weight: Shape;
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
}

/** Few channels in, and few out: no two lengths alike, patches of 21 and of 45 columns, which are no whole vectors. */
const LAYERS: readonly Layer[] = [
  { input: [2, 17, 12, 3], weight: [7, 1, 3, 36], stride: [3, 2], padding: [2, 0] },
  { input: [3, 7, 6, 20], weight: [5, 3, 20, 3], stride: [1, 1], padding: [1, 2] },
];

for (const { input, weight, ...geometry } of LAYERS) {
  const output = conv2dOutputShape(input, weight, geometry);
  const close = { absolute: 2e-4, relative: 1e-5 };
  const numbers = (label: string, shape: Shape): Float32Array => values(label, elementCount(shape));
  const [x, w, dy] = [numbers('x', input), numbers('w', weight), numbers('dy', output)];
  const [toOut, toIn] = [numbers('bias out', [output[3]!]), numbers('bias in', [input[3]!])];

  test(`[${input}] * [${weight}]: channel slices are read and written in place, against float64`, async () => {
    const taps = Tensor.from(gpu, w, weight);
    const few = input[3]! < output[3]!;
    // The side of few channels lies anywhere; the other one in whole vectors.
    const [inside, outside] = few ? [ODD_SLICE, ALIGNED_SLICE] : [ALIGNED_SLICE, ODD_SLICE];
    const [xSlice, dySlice] = [placed(gpu, x, input, inside), placed(gpu, dy, output, outside)];
    const [y, dx] = [target(gpu, output, outside), target(gpu, input, inside)];
    conv2dForward(xSlice, taps, Tensor.from(gpu, toOut, [toOut.length]), geometry, y, PATCHES);
    assertClose(await y.data(), reference.conv2d(x, w, toOut, input, weight, output, geometry), { ...close, label: 'forward' });
    await assertNeighboursKept(y, outside);
    conv2dInputGrad(dySlice, taps, Tensor.from(gpu, toIn, [toIn.length]), input, geometry, dx, PATCHES);
    const expected = reference.conv2dInputGrad(dy, w, toIn, input, weight, output, geometry);
    assertClose(await dx.data(), expected, { ...close, label: 'input gradient' });
    await assertNeighboursKept(dx, inside);
    const dw = conv2dWeightGrad(xSlice, dySlice, weight, geometry, undefined, false, PATCHES);
    conv2dWeightGrad(xSlice, dySlice, weight, geometry, dw, true, PATCHES);
    const twice = reference.conv2dWeightGrad(x, dy, input, weight, output, geometry).map((value) => 2 * value);
    assertClose(await dw.data(), twice, { ...close, label: 'weight gradient, accumulated' });
    const odd = { input: placed(gpu, x, input, ODD_SLICE), weight: taps, output: placed(gpu, dy, output, ODD_SLICE) };
    assert.not(supportsConvVariant('forward', PATCHES, odd, geometry), 'no whole vectors on either side');
  });
}

test('the sum of a weight gradient over many pixels is cut into parts of one length, whatever their number', async () => {
  // 3,599 = 59 * 61 pixels: parts of 59 terms, which are no whole vectors.
  for (const side of [
    [59, 61],
    [64, 64],
  ] as const) {
    const [input, weight, geometry] = [[1, ...side, 1], [1, 1, 1, 4], { stride: [1, 1], padding: [0, 0] }] as const;
    const output = [1, ...side, 4];
    // With a mean, which makes the sums long ones.
    const [x, dy] = [values('x', elementCount(input), 1, 0.5), values('dy', elementCount(output), 1, 0.5)];
    const dw = conv2dWeightGrad(Tensor.from(gpu, x, input), Tensor.from(gpu, dy, output), weight, geometry, undefined, false, PATCHES);
    assertClose(await dw.data(), reference.conv2dWeightGrad(x, dy, input, weight, output, geometry), {
      relative: 1e-6,
      label: side.join(),
    });
  }
});

test('a pass whose matrices fit into no buffer, or whose sum has no parts of one length, is left to other variants', () => {
  const place = (shape: Shape): Tensor => ({ shape, vectorizable: true, base: 0, dtype: 'f32', gpu }) as unknown as Tensor;
  const supported = (pass: ConvPass, height: number, width: number, outC: number): boolean => {
    const [input, weight, output] = [place([1, height, width, 4]), place([1, 1, 4, outC]), place([1, height, width, outC])];
    return supportsConvVariant(pass, PATCHES, { input, weight, output }, { stride: [1, 1], padding: [0, 0] });
  };
  // 4 * 1031 pixels: no more than four parts are alike, and those are too long.
  assert.equal(
    PASSES.map((pass) => supported(pass, 4, 1031, 8)),
    [true, true, false],
  );
  const side = 2 ** 12;
  const channels = Math.ceil(Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize) / (4 * 8 * side)) * 4;
  assert.is(supported('forward', side, 16, channels), true);
  assert.is(supported('weight_grad', side, side / 4, channels), false, 'a part of the sum for each 1,024 pixels');
});

test('the heuristic takes it for large layers of few channels on one side, on adapters whose subgroups share loads', () => {
  type Case = readonly [side: number, layer: readonly [kernel: number, inC: number, outC: number, stride: number]];
  const chosen = ([side, [kernel, inC, outC, stride]]: Case): string[] => {
    const [input, weight]: Shape[] = [
      [1, side, side, inC],
      [kernel, kernel, inC, outC],
    ];
    const geometry = { stride: [stride, stride], padding: [1, 1] } as const;
    const shapes = [input!, weight!, conv2dOutputShape(input!, weight!, geometry)];
    const [x, w, y] = shapes.map((shape) => Tensor.empty(gpu, shape));
    const found = PASSES.map((pass) => variantFor(pass, { input: x!, weight: w!, output: y! }, geometry));
    for (const tensor of [x!, w!, y!]) tensor.dispose();
    return found;
  };
  const all = [PATCHES, PATCHES, PATCHES];
  const large: Case[] = [
    [128, [4, 3, 64, 2]],
    [64, [7, 64, 3, 1]],
    [31, [4, 512, 1, 1]],
  ];
  for (const each of large) {
    if (subgroupsPay(gpu)) assert.equal(chosen(each), all, each.join());
    else assert.not(chosen(each).includes(PATCHES), each.join());
  }
  const others: Case[] = [
    [16, [4, 3, 64, 2]],
    [128, [4, 3, 16, 2]],
    [128, [1, 3, 64, 1]],
  ];
  for (const each of others) assert.not(chosen(each).includes(PATCHES), each.join());
});

test.run();
