import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { WORKGROUP_TILES } from '../../src/kernels/conv2d/workgroup.js';
import { supportsSubgroups } from '../../src/kernels/batched-matmul.js';
import { matmul, type MatmulVariant } from '../../src/kernels/matmul.js';
import { knownSubgroupSize } from '../../src/kernels/subgroups.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/matmul.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { runsTile } from '../harness/workgroup-tiles.js';
import { ALIGNED_SLICE, assertNeighboursKept, ODD_SLICE, placed, target, WHOLE, type Layout } from '../harness/layouts.js';
import * as reference from '../reference/matmul.js';

const gpu = await testGpu();

const SIZES = [
  [1, 1, 1, 1],
  [1, 31, 31, 31],
  [3, 1, 7, 5],
  [2, 8, 4, 6],
  [4, 9, 3, 1],
  [2, 12, 36, 40],
] as const;
const LAYOUT_PAIRS = [
  [WHOLE, WHOLE],
  [ODD_SLICE, ALIGNED_SLICE],
] as const;
const TRANSPOSED = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

interface Choice {
  variant?: MatmulVariant;
  transposed?: readonly (readonly [boolean, boolean])[];
  layouts?: readonly (readonly [Layout, Layout])[];
}

/** A variant on every layout that it can take, with either operand transposed. */
async function check(
  [batch, m, n, k]: readonly [number, number, number, number],
  { variant, transposed = TRANSPOSED, layouts = LAYOUT_PAIRS }: Choice = {},
): Promise<void> {
  for (const [transposeA, transposeB] of transposed) {
    const [shapeA, shapeB] = [
      [batch, ...(transposeA ? [k, m] : [m, k])],
      [batch, ...(transposeB ? [n, k] : [k, n])],
    ];
    const [a, b] = [values('matmul a', batch * m * k), values('matmul b', batch * k * n)];
    const expected = reference.matmul(a, b, { batch, m, n, k, transposeA, transposeB });
    for (const [layoutA, layoutB] of layouts) {
      const layout = `${layoutA.name} and ${layoutB.name}, transposed ${transposeA} ${transposeB}`;
      const label = `${variant ?? 'chosen'}: ${shapeA} x ${shapeB}, ${layout}`;
      const out = target(gpu, [batch, m, n], layoutA);
      matmul(placed(gpu, a, shapeA, layoutA), placed(gpu, b, shapeB, layoutB), { transposeA, transposeB }, out, variant);
      assertClose(await out.data(), expected, { absolute: 2e-6 * Math.sqrt(k), relative: 1e-6, label });
      await assertNeighboursKept(out, layoutA);
    }
  }
}

for (const sizes of SIZES) {
  test(`products of sizes ${sizes.join(' x ')}`, () => check(sizes, { variant: 'tile' }));
}

test('products by the kernels of a convolution', async () => {
  // Chosen of itself where they can do it; not for two transposed operands, nor gaps in the second one.
  for (const sizes of [
    [1, 1, 1, 1],
    [1, 31, 7, 6],
    [2, 130, 64, 132],
  ] as const)
    await check(sizes);
  await check([3, 6, 5, 70], { variant: 'convolution', layouts: [[WHOLE, WHOLE]], transposed: TRANSPOSED.slice(0, 3) });
});

test('products that a subgroup shares the loads of', async () => {
  if (knownSubgroupSize(gpu) === null) return;
  // Whole vectors alone: what matmul() leaves to other variants is refused by supportsSubgroups().
  const layouts = [[WHOLE, ALIGNED_SLICE]] as const;
  await check([2, 1, 4, 4], { variant: 'subgroup', layouts, transposed: TRANSPOSED.slice(0, 2) });
  await check([3, 31, 36, 8], { variant: 'subgroup', layouts, transposed: TRANSPOSED.slice(0, 2) });
  await check([2, 68, 132, 12], { variant: 'subgroup', layouts });
});

test('which products a subgroup can share the loads of', () => {
  const able = (m: number, n: number, k: number, transposeA = false): boolean => {
    const [a, b, y] = [transposeA ? [2, k, m] : [2, m, k], [2, k, n], [2, m, n]].map((shape) => Tensor.empty(gpu, shape));
    return supportsSubgroups(a!, b!, y!, { transposeA }, { batch: [2], m, n, k });
  };
  const known = knownSubgroupSize(gpu) !== null;
  assert.equal([able(8, 8, 8), able(7, 8, 8), able(8, 8, 8, true)], [known, known, known]);
  assert.equal([able(8, 6, 8), able(8, 8, 6), able(7, 8, 8, true)], [false, false, false]);
});

test('tiles in workgroup memory, for GPUs', async () => {
  const layouts = [[WHOLE, WHOLE]] as const;
  await check([2, 33, 36, 40], { variant: 'workgroup32', layouts });
  await check([2, 33, 35, 9], { variant: 'workgroup32', layouts: [[ODD_SLICE, ODD_SLICE]], transposed: [[false, true]] });
  // Compiling takes a second for each: one way of lying in memory for each of the larger tiles.
  for (const [index, variant] of WORKGROUP_TILES.slice(1).entries())
    if (runsTile(gpu, variant, 'matmul')) await check([2, 130, 132, 36], { variant, layouts, transposed: [TRANSPOSED[index % 4]!] });
});

test('what lies past the last term is not multiplied', async () => {
  // A term that is infinite or NaN belongs to its own products alone.
  const a = Tensor.from(gpu, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2, 1, 5]);
  const b = Tensor.from(gpu, [1, 1, 1, 1, 0, 1, 1, 1, 1, Infinity], [2, 5, 1]);
  for (const variant of ['tile', 'workgroup32'] as const) {
    assert.equal([...(await matmul(a, b, {}, undefined, variant).data())], [10, Infinity], variant);
    assert.equal([...(await matmul(b, a, { transposeA: true, transposeB: true }, undefined, variant).data())], [10, Infinity], variant);
  }
});

for (const each of golden.cases) {
  test(`${each.name} equals PyTorch's, with gradients`, async () => {
    const inputs = each.inputs.map((description) => {
      const tensor = Tensor.from(gpu, generate(description), description.shape);
      tensor.requiresGrad = true;
      return tensor;
    });
    const y = each.name.startsWith('linear') ? ops.linear(inputs[0]!, inputs[1]!, inputs[2]!) : ops.matmul(inputs[0]!, inputs[1]!);
    assert.equal([...y.shape], each.expected.output.shape.length > 0 ? each.expected.output.shape : [1]);
    assertClose(await y.data(), float32(each.expected.output), { absolute: 2e-6, relative: 2e-6, label: 'output' });
    backward(y, Tensor.from(gpu, generate(each.seed), y.shape));
    for (const [index, input] of inputs.entries()) {
      assertClose(await input.grad!.data(), float32(each.expected.gradients[index]!), {
        absolute: 2e-6,
        relative: 2e-6,
        label: `gradient ${index}`,
      });
    }
  });
}

test('linear writes into a place, and takes channel slices', async () => {
  const [x, w] = [values('linear x', 15), values('linear w', 35)];
  const out = target(gpu, [3, 7], ODD_SLICE);
  ops.linear(placed(gpu, x, [3, 5], ODD_SLICE), Tensor.from(gpu, w, [5, 7]), null, { out });
  assertClose(await out.data(), reference.matmul(x, w, { batch: 1, m: 3, n: 7, k: 5 }), { absolute: 1e-6, label: 'linear' });
  await assertNeighboursKept(out, ODD_SLICE);
});

test('products that do not exist are refused', async () => {
  const of = (...shape: number[]): Tensor =>
    Tensor.from(
      gpu,
      values(
        'any',
        shape.reduce((a, b) => a * b, 1),
      ),
      shape,
    );
  await failure('SHAPE_MISMATCH', () => ops.matmul(of(2, 3), of(2, 3)), 'operands of matmul', '[2, 3] and [2, 3]');
  await failure('SHAPE_MISMATCH', () => ops.matmul(of(2, 3), of(2, 3), { transposeA: true, transposeB: true }), '[2, 3] transposed');
  await failure('SHAPE_MISMATCH', () => ops.matmul(of(2, 2, 3), of(3, 3, 2)), 'batch axes of matmul', 'equal, 1, or not there');
  await failure('INVALID_ARGUMENT', () => ops.matmul(of(3), of(3, 2), { transposeA: true }), 'vector');
  await failure('SHAPE_MISMATCH', () => ops.linear(of(2, 3), of(2, 3), null), 'weight of linear');
  await failure('SHAPE_MISMATCH', () => ops.linear(of(2, 3), of(3, 4), of(3)), 'bias of linear');
  await failure('INVALID_ARGUMENT', () => ops.matmul(Tensor.from(gpu, new Int32Array(4), [2, 2]), of(2, 2)), 'oneHot()');
});

test.run();
