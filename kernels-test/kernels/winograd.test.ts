// first driver only: conv2d.test.ts runs the variants on every adapter
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2dForward, conv2dInputGrad, conv2dOutputShape, conv2dWeightGrad, type ConvGeometry } from '../../src/kernels/conv2d/conv2d.js';
import type { ConvPass } from '../../src/kernels/conv2d/problem.js';
import { supportsConvVariant, variantFor, type ConvTensors, type ConvVariant } from '../../src/kernels/conv2d/variants.js';
import { WINOGRAD_VARIANTS, winogradCost } from '../../src/kernels/conv2d/winograd.js';
import { addInto, copy } from '../../src/kernels/elementwise.js';
import { subgroupsPay } from '../../src/kernels/subgroups.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { ALIGNED_SLICE, assertNeighboursKept, ODD_SLICE, placed, target } from '../harness/layouts.js';
import * as reference from '../reference/conv2d.js';

const gpu = await testGpu();
const PASSES: readonly ConvPass[] = ['forward', 'input_grad', 'weight_grad'];

interface Layer {
  readonly input: Shape;
  readonly weight: Shape;
  readonly geometry: ConvGeometry;
}

const square = (side: number, channels: number, kernel: number, stride: number, padding: number, out = channels): Layer => ({
  input: [1, side, side, channels],
  weight: [kernel, kernel, channels, out],
  geometry: { stride: [stride, stride], padding: [padding, padding] },
});

/** Tensors with undefined contents. */
function tensorsOf({ input, weight, geometry }: Layer): ConvTensors {
  const shapes = { input, weight, output: conv2dOutputShape(input, weight, geometry) };
  const [x, w, y] = Object.entries(shapes).map(([label, shape]) => Tensor.empty(gpu, shape, label));
  return { input: x!, weight: w!, output: y! };
}

function disposeAll({ input, weight, output }: ConvTensors): void {
  for (const tensor of [input, weight, output]) tensor.dispose();
}

const able = (layer: Layer, pass: ConvPass): ConvVariant[] => {
  const tensors = tensorsOf(layer);
  const found = WINOGRAD_VARIANTS.filter((variant) => supportsConvVariant(pass, variant, tensors, layer.geometry));
  disposeAll(tensors);
  return found;
};

test('which layers have which variants: the taps of a phase and the results of a tile have transforms between them', () => {
  for (const pass of PASSES) {
    assert.equal(able(square(9, 4, 2, 1, 0), pass), ['winograd2', 'winograd3']);
    assert.equal(able(square(9, 4, 3, 1, 1), pass), ['winograd2', 'winograd4']);
    assert.equal(able(square(9, 4, 4, 1, 1), pass), ['winograd3']);
    assert.equal(able(square(9, 4, 4, 2, 1), pass), ['winograd2', 'winograd3']);
    assert.equal(able(square(9, 4, 6, 2, 1), pass), ['winograd2', 'winograd4']);
    for (const none of [
      square(9, 4, 1, 1, 0),
      square(9, 4, 5, 1, 2),
      square(9, 4, 3, 2, 1),
      square(9, 3, 4, 2, 1, 4),
      square(9, 4, 4, 2, 1, 6),
    ])
      assert.equal(able(none, pass), [], `${none.input} ${none.weight}`);
    assert.equal(able({ input: [1, 9, 9, 4], weight: [4, 2, 4, 4], geometry: { stride: [1, 1], padding: [1, 1] } }, pass), []);
    assert.equal(able({ input: [1, 9, 9, 4], weight: [4, 4, 4, 4], geometry: { stride: [2, 1], padding: [1, 1] } }, pass), []);
  }
});

test('a layer whose matrices no buffer of the device holds has none', () => {
  // Shapes alone are looked at: nothing of that size is allocated.
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  const side = 2 * Math.ceil(Math.sqrt(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4 / 64));
  const place = (shape: Shape) => ({ shape, vectorizable: true, base: 0, gpu }) as unknown as Tensor;
  const weight = place([3, 3, 64, 64]);
  for (const [length, fits] of [
    [64, true],
    [side, false],
  ] as const) {
    const tensors = { input: place([1, length, length, 64]), weight, output: place([1, length, length, 64]) };
    assert.is(supportsConvVariant('forward', 'winograd2', tensors, { stride: [1, 1], padding: [1, 1] }), fits);
  }
});

/** What a pass computes, by a variant. */
async function compute(
  pass: ConvPass,
  variant: ConvVariant,
  { input, weight, output }: ConvTensors,
  geometry: ConvGeometry,
): Promise<Float32Array> {
  if (pass === 'forward') return conv2dForward(input, weight, null, geometry, undefined, variant).data() as Promise<Float32Array>;
  if (pass === 'input_grad')
    return conv2dInputGrad(output, weight, null, input.shape, geometry, undefined, variant).data() as Promise<Float32Array>;
  return conv2dWeightGrad(input, output, weight.shape, geometry, undefined, false, variant).data() as Promise<Float32Array>;
}

/** Root mean square of the differences, as a share of that of the numbers. */
function relativeError(actual: Float32Array, expected: ArrayLike<number>): number {
  let [errors, sizes] = [0, 0];
  for (let at = 0; at < actual.length; at++) {
    errors += (actual[at]! - expected[at]!) ** 2;
    sizes += expected[at]! ** 2;
  }
  return Math.sqrt(errors / sizes);
}

/** As docs/kernels.md has them, for sums over 64 channels; the direct kernels have 2e-7 to 6e-7. */
const BOUNDS: readonly [layer: Layer, bounds: Readonly<Partial<Record<ConvVariant, number>>>][] = [
  [square(9, 64, 3, 1, 1), { winograd2: 6e-7, winograd4: 3e-6 }],
  [square(10, 64, 4, 1, 1), { winograd3: 3e-6 }],
  [square(12, 64, 4, 2, 1), { winograd2: 1e-6, winograd3: 1e-6 }],
];

for (const [layer, bounds] of BOUNDS) {
  const { input, weight, geometry } = layer;
  test(`rounding of ${weight[0]} x ${weight[1]} taps, stride ${geometry.stride[0]}, stays within its bound`, async () => {
    const output = conv2dOutputShape(input, weight, geometry);
    const [x, w, dy] = [values('x', elementCount(input)), values('w', elementCount(weight)), values('dy', elementCount(output))];
    const tensors = { input: Tensor.from(gpu, x, input), weight: Tensor.from(gpu, w, weight), output: Tensor.from(gpu, dy, output) };
    const none = new Float32Array(64);
    const expected = {
      forward: reference.conv2d(x, w, none, input, weight, output, geometry),
      input_grad: reference.conv2dInputGrad(dy, w, none, input, weight, output, geometry),
      weight_grad: reference.conv2dWeightGrad(x, dy, input, weight, output, geometry),
    };
    for (const pass of PASSES)
      for (const [variant, bound] of Object.entries(bounds) as [ConvVariant, number][]) {
        const error = relativeError(await compute(pass, variant, tensors, geometry), expected[pass]);
        assert.ok(error < bound, `${variant}, ${pass}: ${error} of ${bound}`);
      }
    disposeAll(tensors);
  });
}

test('the sum of a weight gradient over thousands of tiles is cut into parts, and keeps its digits', async () => {
  const { input, weight, geometry } = square(140, 4, 3, 1, 1);
  const output = conv2dOutputShape(input, weight, geometry);
  // With a mean, which makes the sums long ones.
  const [x, dy] = [values('x', elementCount(input), 1, 0.5), values('dy', elementCount(output), 1, 0.5)];
  const tensors = { input: Tensor.from(gpu, x, input), weight: Tensor.empty(gpu, weight), output: Tensor.from(gpu, dy, output) };
  const expected = reference.conv2dWeightGrad(x, dy, input, weight, output, geometry);
  for (const [variant, bound] of [
    ['winograd2', 2e-6],
    ['winograd4', 5e-6],
  ] as const) {
    const error = relativeError(await compute('weight_grad', variant, tensors, geometry), expected);
    assert.ok(error < bound, `${variant}: ${error} of ${bound}`);
  }
  disposeAll(tensors);
});

test('channel slices are read and written in place; what lies beside them is kept', async () => {
  const { input, weight, geometry } = square(9, 8, 4, 2, 1, 12);
  const output = conv2dOutputShape(input, weight, geometry);
  const [x, w, dy] = [values('x', elementCount(input)), values('w', elementCount(weight)), values('dy', elementCount(output))];
  const [xSlice, dySlice] = [placed(gpu, x, input, ALIGNED_SLICE), placed(gpu, dy, output, ALIGNED_SLICE)];
  const taps = Tensor.from(gpu, w, weight);
  const whole = { input: Tensor.from(gpu, x, input), weight: taps, output: Tensor.from(gpu, dy, output) };
  const [y, dx] = [target(gpu, output, ALIGNED_SLICE), target(gpu, input, ALIGNED_SLICE)];
  conv2dForward(xSlice, taps, null, geometry, y, 'winograd3');
  assert.equal(await y.data(), await compute('forward', 'winograd3', whole, geometry));
  await assertNeighboursKept(y, ALIGNED_SLICE);
  conv2dInputGrad(dySlice, taps, null, input, geometry, dx, 'winograd3');
  assert.equal(await dx.data(), await compute('input_grad', 'winograd3', whole, geometry));
  await assertNeighboursKept(dx, ALIGNED_SLICE);
  const odd = { input: placed(gpu, x, input, ODD_SLICE), weight: taps, output: whole.output };
  assert.not(supportsConvVariant('forward', 'winograd3', odd, geometry), 'no whole vectors');
});

test('a recorded pass gives the same numbers to the bit, and no memory is left behind', async () => {
  const { input, weight, geometry } = square(7, 4, 3, 1, 1, 8);
  const [x, w] = [Tensor.from(gpu, values('x', elementCount(input)), input), Tensor.from(gpu, values('w', elementCount(weight)), weight)];
  const tensors = gpu.memory().tensors;
  const eager = conv2dForward(x, w, null, geometry, undefined, 'winograd4');
  assert.is(gpu.memory().tensors, tensors + 1);
  const { recording, result } = await gpu.record(() => conv2dForward(x, w, null, geometry, undefined, 'winograd4'));
  recording.run();
  assert.equal(await result.data(), await eager.data());
  recording.destroy();
});

test('a recorded function takes a weight to the points once, and once more when it is written or a hook may have written it', async () => {
  const { input, weight, geometry } = square(7, 4, 3, 1, 1, 4);
  const x = Tensor.from(gpu, values('x', elementCount(input)), input);
  const w = Tensor.from(gpu, values('w', elementCount(weight)), weight);
  const pass = (): Tensor => conv2dForward(x, w, null, geometry, undefined, 'winograd2');
  const spreads = async (between: () => void): Promise<{ count: number; results: Float32Array[] }> => {
    const { recording, result } = await gpu.record(() => {
      const first = gpu.scope(pass);
      between();
      return [first, gpu.scope(pass)];
    });
    let count = 0;
    await recording.runOneByOne(async ({ shader }) => void (count += shader.name === 'winograd_spread' ? 1 : 0));
    const results = await Promise.all(result.map((each) => each.data()));
    recording.destroy();
    for (const each of result) each.dispose();
    return { count, results: results as Float32Array[] };
  };
  const { count, results } = await spreads(() => {});
  assert.is(count, 3, 'twice the image, once the weight');
  assert.equal(results[1], results[0]);
  const doubled = await spreads(() => addInto(w, copy(w)));
  assert.is(doubled.count, 4, 'the weight is written in between');
  assert.equal(
    doubled.results[1],
    results[0]!.map((value) => 2 * value),
  );
  assert.is((await spreads(() => gpu.eachStep(() => {}))).count, 4, 'a hook may have written it');
});

test('the heuristic takes the cheapest estimate where it is clearly cheaper, on adapters whose subgroups share loads', () => {
  const { input, weight, geometry } = square(32, 256, 4, 1, 1, 512);
  const output = conv2dOutputShape(input, weight, geometry);
  const cost = winogradCost('winograd3', 'forward', { input, weight, output }, geometry);
  const direct = elementCount(output) * 4 * 4 * 256;
  // A quarter of the multiplications, and the transforms.
  assert.ok(cost > direct / 4 && cost < direct / 2, `${cost} of ${direct}`);
  const chosen = (layer: Layer, pass: ConvPass = 'forward'): ConvVariant => {
    const tensors = tensorsOf(layer);
    const variant = variantFor(pass, tensors, layer.geometry);
    disposeAll(tensors);
    return variant;
  };
  const patch = square(32, 256, 4, 1, 1, 512);
  const layers = [patch, square(4, 512, 4, 2, 1), square(16, 512, 3, 1, 1), square(32, 128, 3, 1, 1)];
  const found = [...layers.map((each) => chosen(each)), chosen(patch, 'input_grad'), chosen(patch, 'weight_grad')];
  if (subgroupsPay(gpu)) assert.equal(found, ['winograd3', 'subgroup', 'winograd2', 'winograd4', 'winograd3', 'winograd3']);
  else
    assert.ok(
      found.every((variant) => !variant.startsWith('winograd')),
      found.join(),
    );
  const vast = { input: [8, 512, 512, 64], weight, output: [8, 512, 512, 64] };
  assert.is(winogradCost('winograd3', 'forward', vast, geometry), Infinity, 'no more memory than a step has');
});

test.run();
