// first driver only: on SwiftShader it takes two minutes; autocast.test.ts runs the kernels of f16 there. Chromium's has no shader-f16.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { cast, mul, sum } from '../../src/autograd/ops.js';
import { decodeNumbers, encodeNumbers } from '../../src/formats/half.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { slopeAt } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import { operationChecks } from '../harness/operation-checks.js';
import type { OperationCheck } from '../harness/spatial-checks.js';

// Every operation with a gradient, with f16 in each place of its operands and in all at once, forward and backward, against float64.
// Those without a gradient, and places for results: operands.test.ts.

const gpu = await testGpu();

const MOST_ELEMENTS = 12;
const STEP = 1e-4;
/** A unit in the last of 11 digits, of the largest number: a result is rounded once, and one that is made of several, with each of them. */
const UNIT = 2 ** -11;
const ROUNDED = 4 * UNIT;
/** Whose gradient is a sum of what was rounded, with both signs: it is smaller than its terms. */
const CANCELLING: Readonly<Record<string, number>> = { 'mul of a single number and a vector': 32 * UNIT };

/** Parameters that are held in f32 always, by the operation that takes them: which of its operands. */
const IN_SINGLE: Readonly<Record<string, readonly number[]>> = {
  batchNorm: [1, 2],
  conv2d: [2],
  convTranspose2d: [2],
  embedding: [0],
  groupNorm: [1, 2],
  instanceNorm: [1, 2],
  layerNorm: [1, 2],
  linear: [1, 2],
};
/** Operations of parameters whose result has the type of the first operand. */
const LIKE_FIRST = new Set(['batchNorm', 'conv2d', 'convTranspose2d', 'groupNorm', 'instanceNorm', 'layerNorm']);
/** Operations that give f32 of whatever they get. */
const GIVING_SINGLE = new Set([
  ...['avgPool2d', 'bceWithLogits', 'crossEntropy', 'globalAveragePool', 'hingeLoss', 'l1Loss', 'linear', 'logSoftmax', 'matmul'],
  ...['max', 'maxPool2d', 'mean', 'min', 'mseLoss', 'nllLoss', 'softmax', 'sum'],
]);

/** Which operands are of f16: each alone, and all. */
function choices(count: number): number[][] {
  const all = Array.from({ length: count }, (_, index) => index);
  return count > 1 ? [...all.map((index) => [index]), all] : [all];
}

/** As f16 has them. */
const rounded = (numbers: Float32Array): Float32Array => decodeNumbers(encodeNumbers(numbers, 'f16'), 'f16');

/** Which elements of a gradient are looked at. */
const elementsOf = (length: number): number[] => {
  const stride = Math.max(1, Math.floor(length / MOST_ELEMENTS));
  return Array.from({ length: Math.ceil(length / stride) }, (_, index) => index * stride);
};

interface Expected {
  readonly output: ArrayLike<number>;
  /** Of a sum of the output with weights, at elementsOf() each input. */
  readonly slopes: readonly number[][];
}

function exactly({ reference }: OperationCheck, data: readonly Float32Array[], weights: Float32Array): Expected {
  const exact = data.map((numbers) => Float64Array.from(numbers));
  const loss = (): number => Array.from(reference(...exact)).reduce((total, each, i) => total + each * weights[i]!, 0);
  return {
    output: reference(...exact),
    slopes: exact.map((numbers) => elementsOf(numbers.length).map((element) => slopeAt(numbers, element, STEP, loss))),
  };
}

function assertNear(what: string, received: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.is(received.length, expected.length, what);
  const largest = Math.max(...Array.from(expected, Math.abs), 1e-3);
  Array.from(expected).forEach((wanted, i) => {
    const error = Math.abs(received[i]! - wanted) / largest;
    assert.ok(error <= tolerance, `${what}: ${received[i]} for ${wanted}, ${(error / UNIT).toFixed(1)} units of f16`);
  });
}

const refusals = new Set<string>();

for (const [label, check] of Object.entries(operationChecks)) {
  const operation = label.split(' ')[0]!;
  testHalf(gpu, `${label}: f16 in every place, forward and backward`, async () => {
    const { shapes, device } = check;
    const data = (check.inputs ?? shapes.map((shape, index) => values(`${label}/${index}`, elementCount(shape)))).map(rounded);
    let expected: Expected | null = null;
    for (const halves of choices(shapes.length)) {
      const what = `${label}, operands ${halves.join(' and ')} in f16`;
      const leaves = data.map((numbers, index) => {
        const leaf = Tensor.from(gpu, numbers, shapes[index]!, `input ${index}`);
        leaf.requiresGrad = true;
        return leaf;
      });
      const run = (): Tensor => device(...leaves.map((leaf, index) => (halves.includes(index) ? cast(leaf, 'f16') : leaf)));
      const refused = halves.filter((index) => IN_SINGLE[operation]?.includes(index));
      if (refused.length > 0) {
        await failure('INVALID_ARGUMENT', run, `"input ${refused[0]}" has the wrong type`, /expected: f32\n/, /received: f16/, /fix: /);
        for (const index of refused) refusals.add(`${operation} ${index}`);
        for (const leaf of leaves) leaf.dispose();
        continue;
      }
      const y = run();
      const half = LIKE_FIRST.has(operation) ? halves.includes(0) : halves.length === shapes.length;
      assert.is(y.dtype, half && !GIVING_SINGLE.has(operation) ? 'f16' : 'f32', what);
      const weights = values(`${label}/weights`, y.size);
      backward(sum(mul(y, Tensor.from(gpu, weights, y.shape))));
      expected ??= exactly(check, data, weights);
      // What is computed from f16 and stays in f32 is not rounded.
      assertNear(what, await y.data(), expected.output, y.dtype === 'f16' ? ROUNDED : 1e-4);
      for (const [index, leaf] of leaves.entries()) {
        const found = await leaf.grad!.data();
        const chosen = elementsOf(found.length).map((element) => found[element]!);
        const single = y.dtype === 'f32' && !halves.includes(index);
        const tolerance = single ? 5e-4 : (CANCELLING[label] ?? ROUNDED);
        assertNear(`${what}, gradient ${index}`, chosen, expected.slopes[index]!, tolerance);
        leaf.grad!.dispose();
        leaf.dispose();
      }
      y.dispose();
    }
  });
}

testHalf(gpu, 'every refusal in the table was met', async () => {
  const listed = Object.entries(IN_SINGLE).flatMap(([operation, operands]) => operands.map((index) => `${operation} ${index}`));
  assert.equal([...refusals].sort(), listed.sort());
});

test('the tables name operations that are checked', () => {
  const labels = Object.keys(operationChecks);
  const operations = new Set(labels.map((label) => label.split(' ')[0]));
  for (const name of [...Object.keys(IN_SINGLE), ...LIKE_FIRST, ...GIVING_SINGLE]) assert.ok(operations.has(name), name);
  for (const label of Object.keys(CANCELLING)) assert.ok(labels.includes(label), label);
});

test.run();
