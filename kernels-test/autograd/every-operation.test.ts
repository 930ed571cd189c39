import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import * as functions from '../harness/functions.js';
import { ALIGNED_SLICE, ODD_SLICE, placed, target, WHOLE, type Layout } from '../harness/layouts.js';
import { CONSTANT, namedIn, operationChecks, ROUNDING } from '../harness/operation-checks.js';
import { spatialChecks, type OperationCheck } from '../harness/spatial-checks.js';

// What holds for every operation with a gradient, whatever it computes. Tests by kernel go through shapes and values.

const gpu = await testGpu();
const { add, concat, mul, sum } = ops;

const inputsOf = (label: string, { shapes, inputs }: OperationCheck): readonly Float32Array[] =>
  inputs ?? shapes.map((shape, index) => values(`${label}/${index}`, elementCount(shape)));

test('every operation is in the table', () => {
  const named = namedIn(operationChecks);
  const constant: readonly string[] = ['sign', ...CONSTANT, ...ROUNDING];
  assert.equal(
    Object.keys(ops).filter((name) => !named.has(name) && !constant.includes(name)),
    [],
  );
});

// The others have theirs beside their kernels.
for (const [label, check] of Object.entries(operationChecks).filter(([label]) => !(label in spatialChecks))) {
  test(`${label}: first gradient`, () => checkGradients(gpu, { label, ...check }));
}

/** Numbers weighted so that the gradient of y arrives as a channel slice of a wider tensor; as it is where y has no channels. */
function weighted(label: string, y: Tensor, sliced: boolean): Tensor {
  const weights = values(`${label}/weights`, y.size);
  if (!sliced || y.shape.length === 0) return sum(mul(y, Tensor.from(gpu, weights, y.shape)));
  const beside = (channels: number): Tensor => Tensor.from(gpu, new Float32Array(y.rows * channels), [...y.shape.slice(0, -1), channels]);
  const wide = concat([beside(1), Tensor.from(gpu, weights, y.shape), beside(2)]);
  return sum(mul(concat([beside(1), y, beside(2)]), wide));
}

/** Output, first and second gradients of an operation whose inputs lie in a layout. */
async function inLayout(label: string, check: OperationCheck, layout: Layout): Promise<Float32Array[]> {
  const leaves = inputsOf(label, check).map((data, index) => {
    const shape = check.shapes[index]!;
    const x = shape.length === 0 ? Tensor.from(gpu, data, shape) : placed(gpu, data, shape, layout);
    x.requiresGrad = true;
    return x;
  });
  const sliced = layout !== WHOLE;
  const made = gpu.scope(() => {
    const y = check.device(...leaves);
    const first = grad(weighted(label, y, sliced), leaves);
    const slopes = grad(weighted(label, mul(y, y), false), leaves, { createGraph: true });
    const along = slopes.map((slope, index) => weighted(`${label}/direction ${index}`, slope, sliced));
    return [
      ops.copy(y.detach()),
      ...first,
      ...grad(
        along.reduce((total, each) => add(total, each)),
        leaves,
      ),
    ];
  });
  const found = await Promise.all(made.map((tensor) => tensor.data()));
  for (const tensor of [...made, ...leaves]) tensor.dispose();
  return found;
}

// A view cannot close gaps; reshape() refuses them.
const VIEWS = ['reshape'];

for (const [label, check] of Object.entries(operationChecks).filter(([label]) => !VIEWS.includes(label))) {
  test(`${label}: of channel slices, with a channel slice for its gradient`, async () => {
    const whole = await inLayout(label, check, WHOLE);
    const expected = check.reference(...inputsOf(label, check).map((data) => Float64Array.from(data)));
    assertClose(whole[0]!, expected, { absolute: 3e-6, relative: 3e-6, label });
    for (const layout of [ODD_SLICE, ALIGNED_SLICE]) {
      const found = await inLayout(label, check, layout);
      for (const [index, wanted] of whole.entries()) {
        const what = `${label}, ${layout.name}: ${index === 0 ? 'output' : `gradient ${index - 1}`}`;
        assertClose(found[index]!, wanted, { absolute: 1e-5, relative: 1e-5, label: what });
      }
    }
  });
}

/** Operations that keep their result for the gradient, or make it by several kernels, with a place for it. */
const placing: Record<string, (x: Tensor, options: { out: Tensor }) => Tensor> = {
  ...functions.unary,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  softmax: (x, options) => ops.softmax(x, options),
  logSoftmax: (x, options) => ops.logSoftmax(x, { axis: 0, ...options }),
  groupNorm: (x, options) => ops.groupNorm(x, 2, options),
  layerNorm: (x, options) => ops.layerNorm(x, [3, 6], options),
  pow: (x, options) => ops.pow(x, 1.5, options),
  div: (x, options) => ops.div(2, x, options),
};

test('results in channel slices have the same gradients, first and second', async () => {
  const shape = [3, 6];
  for (const [name, run] of Object.entries(placing)) {
    const data = values(`placing ${name}`, 18).map((value) => Math.abs(value) + 0.3);
    const found = [false, true].map((inSlice) => {
      const x = Tensor.from(gpu, data, shape);
      x.requiresGrad = true;
      return gpu.scope(() => {
        const y = run(x, { out: inSlice ? target(gpu, shape, ODD_SLICE) : Tensor.empty(gpu, shape) });
        const [slope] = grad(weighted(name, mul(y, y), false), [x], { createGraph: true });
        // A sign has none.
        const second = slope!.requiresGrad ? grad(weighted(`${name} again`, slope!, false), [x])[0]! : ops.copy(slope!);
        return [ops.copy(y), slope!, second].map((tensor) => ops.copy(tensor.detach()));
      });
    });
    const [whole, sliced] = await Promise.all(found.map((tensors) => Promise.all(tensors.map((tensor) => tensor.data()))));
    for (const [index, expected] of whole!.entries()) {
      assertClose(sliced![index]!, expected, { absolute: 1e-5, relative: 1e-5, label: `${name}, ${['output', 'first', 'second'][index]}` });
    }
  }
});

/** Weights of every sum below, on the device before anything is recorded. */
const weightings = new Map<string, Tensor>();
function sumWith(name: string, x: Tensor): Tensor {
  const known = weightings.get(name) ?? Tensor.from(gpu, values(name, x.size), x.shape).keep();
  weightings.set(name, known);
  return sum(mul(x, known));
}

/** Output, gradients, and gradients of the gradients along fixed directions, of every operation. */
function everything(leaves: readonly (readonly Tensor[])[]): Tensor[][] {
  return Object.entries(operationChecks).map(([label, check], at) =>
    gpu.scope(() => {
      const inputs = leaves[at]!;
      const y = check.device(...inputs);
      const slopes = grad(sumWith(`${label}/weights`, mul(y, y)), inputs, { createGraph: true });
      const along = slopes.map((slope, index) => sumWith(`${label}/direction ${index}`, slope));
      const second = grad(
        along.reduce((total, each) => add(total, each)),
        inputs,
      );
      return [y, ...slopes, ...second].map((tensor) => ops.copy(tensor.detach()));
    }),
  );
}

test('every operation and its first and second gradients: eager, recorded and replayed are equal to the bit', async () => {
  const leaves = Object.entries(operationChecks).map(([label, check]) =>
    inputsOf(label, check).map((data, index) => {
      const leaf = Tensor.from(gpu, data, check.shapes[index]!);
      leaf.requiresGrad = true;
      return leaf;
    }),
  );
  const bits = (groups: Tensor[][]): Promise<Uint32Array[][]> =>
    Promise.all(groups.map((group) => Promise.all(group.map(async (tensor) => new Uint32Array((await tensor.data()).buffer)))));
  const eager = await bits(everything(leaves));
  const { recording, result } = await gpu.record(() => everything(leaves));
  for (const round of ['recorded', 'replayed']) {
    recording.run();
    const found = await bits(result);
    Object.keys(operationChecks).forEach((label, at) => assert.equal(found[at], eager[at], `${label}, ${round}`));
  }
  recording.destroy();
});

test.run();
