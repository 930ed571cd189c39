// not in browsers: Dawn's null backend, which compiles without running, is Node's
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MatrixUnit } from '../../src/gpu/adapter.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { matrixUnitsOf } from '../../src/gpu/matrix-units.js';
import { batchedMatmul, matrixShader, supportedBatchedVariants } from '../../src/kernels/batched-matmul.js';
import { conv2dForward } from '../../src/kernels/conv2d/conv2d.js';
import { copy } from '../../src/kernels/elementwise.js';
import { operandA, operandB } from '../../src/kernels/gemm-operands.js';
import { storedTypes } from '../../src/kernels/kernel.js';
import { matmul, supportedMatmulVariants } from '../../src/kernels/matmul.js';
import { differenceOf, provenUnit, proveMatrixUnits, trialsOf } from '../../src/kernels/matrix-units.js';
import { parseProductProblem, productKey } from '../../src/kernels/product-problem.js';
import { listConvProblems, tune } from '../../src/kernels/tuner.js';
import { adapterFingerprint } from '../../src/kernels/tuning-file.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import shapeSource from '../../shaders/shared/matmul_shape.wgsl';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import * as reference from '../reference/matmul.js';

const gpu = await testGpu();

/** What Dawn lists, by GPU. */
const LISTED = {
  apple: [
    { componentType: 'f32', resultComponentType: 'f32', M: 8, N: 8, K: 8 },
    { componentType: 'f16', resultComponentType: 'f16', M: 8, N: 8, K: 8 },
  ],
  nvidia: [
    { componentType: 'f16', resultComponentType: 'f16', M: 16, N: 16, K: 16 },
    { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 },
    { componentType: 'u8', resultComponentType: 'u32', M: 16, N: 16, K: 32 },
  ],
  intel: [{ componentType: 'f16', resultComponentType: 'f32', M: 8, N: 16, K: 16 }],
  odd: [{ componentType: 'f16', resultComponentType: 'f32', M: 12, N: 8, K: 8 }],
};
/** Which operands are transposed. */
const TURNS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;
/** Whether the products of a batch lie side by side, and the type of the result. */
const WAYS = [
  [false, 'f32'],
  [true, 'f32'],
  [false, 'f16'],
] as const;
const UNITS: readonly MatrixUnit[] = [
  { type: 'f32', m: 8, n: 8, k: 8 },
  { type: 'f16', m: 8, n: 8, k: 8 },
  { type: 'f16', m: 16, n: 16, k: 16 },
  { type: 'f16', m: 8, n: 16, k: 16 },
];

test('of the units of an adapter those are taken that add in f32', () => {
  const of = (subgroupMatrixConfigs: unknown): readonly MatrixUnit[] =>
    matrixUnitsOf({ subgroupMatrixConfigs } as unknown as GPUAdapterInfo);
  assert.equal(of(LISTED.apple), [UNITS[0]]);
  assert.equal(of(LISTED.nvidia), [UNITS[2]]);
  assert.equal(of(LISTED.intel), [UNITS[3]]);
  for (const none of [LISTED.odd, [], undefined]) assert.equal(of(none), []);
});

test('the kernel compiles for every unit, with whole vectors and without, either operand transposed', async () => {
  const { create } = await import('webgpu');
  const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = (await instance.requestAdapter())!;
  const device = await adapter.requestDevice({
    requiredFeatures: ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix' as GPUFeatureName],
  });
  try {
    for (const [index, unit] of UNITS.entries()) {
      const operand = { dtype: unit.type } as Tensor;
      const [a, b] = [operandA(operand, index % 2 === 0), operandB(operand, index % 2 === 1)];
      const constants = { TRANSPOSE_A: index % 2 === 1, TRANSPOSE_B: index >= 2, ...a.constants, ...b.constants };
      const aliases = { ...a.aliases, ...b.aliases, ...storedTypes(1, { y: { dtype: index === 3 ? 'f16' : 'f32' } }) };
      const { code } = matrixShader(unit, 32, [a.source, b.source, shapeSource], constants, aliases);
      const module = device.createShaderModule({ code });
      assert.equal(
        (await module.getCompilationInfo()).messages.map(({ message }) => message),
        [],
      );
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    }
  } finally {
    device.destroy();
  }
});

test('the self-test finds one wrong result among thousands', () => {
  const [a, b] = [new Array<number>(2 * 70 * 45).fill(1), new Array<number>(2 * 45 * 66).fill(2)];
  const right = new Float32Array(2 * 70 * 66).fill(90);
  assert.is(differenceOf(a, b, right), null);
  right[70 * 66 + 5] = 89;
  assert.match(differenceOf(a, b, right)!, /^1 of 9240 results/);
  assert.match(differenceOf(a, b, new Float32Array(2 * 70 * 66).fill(NaN))!, /^9240 of/);
});

test('a unit that computes something else, or does not compile, is refused in words', async () => {
  const listed = { ...gpu.adapter, matrixUnits: [UNITS[0]!] };
  const pretended = Object.create(gpu, { adapter: { value: listed } }) as typeof gpu;
  if (gpu.adapter.subgroupSize === null) return;
  assert.match((await proveMatrixUnits(pretended, () => {})).join(), /8 x 8 by 8 x 8 f32 is not used: 9240 of 9240/);
  assert.is(provenUnit(pretended, 'f32'), null);
  const right = (a: Tensor, b: Tensor, y: Tensor): void => void matmul(a, b, {}, y, 'tile');
  assert.equal(await proveMatrixUnits(pretended, right), []);
  assert.equal(provenUnit(pretended, 'f32'), UNITS[0]);
});

test('the self-test of f32 finds a unit that rounds its operands, and none that does not', () => {
  const multiply = (a: readonly number[], b: readonly number[], round: (x: number) => number): number[] => {
    const [batch, m, n, k] = [2, 70, 66, 45];
    return Array.from({ length: batch * m * n }, (_, index) => {
      const [entry, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
      let sum = 0;
      for (let t = 0; t < k; t++) sum = Math.fround(sum + round(a[(entry * m + i) * k + t]!) * round(b[(entry * k + t) * n + j]!));
      return sum;
    });
  };
  const bits = (kept: number) => (x: number) => (x === 0 ? 0 : roundTo(x, 2 ** (Math.floor(Math.log2(Math.abs(x))) + 1 - kept)));
  const roundTo = (x: number, unit: number): number => Math.round(x / unit) * unit;
  const [plain, ...sharp] = trialsOf('f32');
  assert.is(differenceOf(plain!.a, plain!.b, multiply(plain!.a, plain!.b, bits(11))), null);
  assert.is(sharp.length, 2);
  for (const { a, b } of sharp) {
    assert.is(differenceOf(a, b, multiply(a, b, Math.fround)), null);
    for (const kept of [8, 11, 16]) assert.match(differenceOf(a, b, multiply(a, b, bits(kept)))!, /of 9240 results/, `${kept} bits`);
  }
  assert.is(trialsOf('f16').length, 1);
});

/** A runtime on the same device that believes in a unit for f32: what is chosen is real, the unit's own kernel does not compile. */
async function withUnit(): Promise<Gpu> {
  const pretended = new Gpu(gpu.device, { ...gpu.adapter, matrixUnits: [UNITS[0]!] });
  await proveMatrixUnits(pretended, (a, b, y) => void matmul(a, b, {}, y, 'tile'));
  return pretended;
}

test('the products within every variant of a convolution are listed at once, and tuned before it', async () => {
  if (gpu.adapter.subgroupSize === null) return;
  const pretended = await withUnit();
  const [x, w] = [Tensor.empty(pretended, [1, 8, 8, 8], 'x'), Tensor.empty(pretended, [3, 3, 8, 8], 'w')];
  const run = (): void => void conv2dForward(x, w, null, { stride: [1, 1], padding: [1, 1] });
  const listed = await listConvProblems(pretended, run);
  const [layer, ...products] = [...listed.keys()];
  assert.match(layer!, /^conv2d forward/);
  assert.ok(products.length >= 3 && products.every((name) => name.startsWith('batched_matmul ')), products.join('\n'));
  for (const variant of ['winograd2', 'winograd4', 'patches', 'tile']) {
    pretended.variants.set(layer!, variant);
    for (const name of (await listConvProblems(pretended, run)).keys()) assert.ok(listed.has(name), `${variant}: ${name}`);
  }
  const done: string[] = [];
  const few = new Map([...listed].filter(([name], index) => index < 2 || name === layer));
  await tune(pretended, few, { onProgress: ({ problem }) => done.push(problem) });
  assert.equal(done, [products[0], layer]);
  for (const tensor of [x, w]) tensor.dispose();
});

test('a product is tuned in its own shape, and what wins is what serves', async () => {
  if (gpu.adapter.subgroupSize === null) return;
  const pretended = await withUnit();
  const [a, b] = [Tensor.empty(pretended, [2, 2, 8, 12], 'a'), Tensor.empty(pretended, [2, 2, 12, 8], 'b')];
  const run = (): void => void matmul(a, b);
  const [name] = [...(await listConvProblems(pretended, run)).keys()].filter((each) => each.startsWith('matmul '));
  assert.is(name, 'matmul 4x8x8x12 nn a4x8x12/12+0 b4x12x8/8+0 y4x8x8/8+0');
  const [result] = await tune(pretended, new Map([[name!, 'tile']]));
  assert.equal(Object.keys(result!.failures), ['matrix']);
  assert.ok('convolution' in result!.milliseconds);
  pretended.variants.set(name!, 'convolution');
  assert.is(pretended.variants.askedBy(run).get(name!), 'convolution');
  for (const tensor of [a, b]) tensor.dispose();
});

test('a batch of more products than may be convolutions is never made of them', async () => {
  if (gpu.adapter.subgroupSize === null) return;
  const pretended = await withUnit();
  const able = (count: number): string[] => {
    const [a, b, y] = [0, 1, 2].map(() => Tensor.empty(pretended, [count, 2, 2]));
    return supportedMatmulVariants(a!, b!, y!, {}, { batch: [count], m: 2, n: 2, k: 2 });
  };
  pretended.scope(() => {
    assert.ok(able(4096).includes('convolution'));
    assert.not(able(4097).includes('convolution'));
  });
});

testHalf(gpu, 'results of f16 by way of convolutions', async () => {
  const numbers = { a: values('a', 2 * 5 * 8), b: values('b', 2 * 8 * 4) };
  const [a, b] = [Tensor.from(gpu, numbers.a, [2, 5, 8]), Tensor.from(gpu, numbers.b, [2, 8, 4])];
  const half = Tensor.empty(gpu, [2, 5, 4], 'half', 'f16');
  matmul(a, b, {}, half, 'convolution');
  const found = await copy(half, Tensor.empty(gpu, [2, 5, 4])).data();
  const expected = reference.matmul(numbers.a, numbers.b, { batch: 2, m: 5, n: 4, k: 8 });
  for (const [index, value] of expected.entries()) assert.ok(Math.abs(found[index]! - value) < 2e-3, `${index}`);
  const sizes = { batch: [2], m: 5, n: 4, k: 8 };
  assert.ok(supportedMatmulVariants(a, b, half, {}, sizes).includes('convolution'));
  // A gradient of weights, which is what it would be, is f32.
  const turned = Tensor.empty(gpu, [2, 8, 5]);
  assert.not(supportedMatmulVariants(turned, b, half, { transposeA: true }, sizes).includes('convolution'));
  for (const tensor of [a, b, half, turned]) tensor.dispose();
});

test('timings with units are kept apart from those without', async () => {
  if (gpu.adapter.subgroupSize === null) return;
  const { adapter } = await withUnit();
  assert.match(adapterFingerprint(adapter), /units f32 8x8x8/);
  assert.not.match(adapterFingerprint({ ...adapter }), /units/);
});

test('the name of a product says what it is', () => {
  const [a, b] = [Tensor.empty(gpu, [3, 5, 8], 'a'), Tensor.empty(gpu, [3, 7, 8], 'b')];
  const y = Tensor.empty(gpu, [3, 5, 7], 'y');
  const sizes = { batch: [3], m: 5, n: 7, k: 8 };
  const key = productKey('matmul', a, b, y, { transposeB: true }, sizes);
  const { kind, batch, m, n, k, transposeA, transposeB, sideBySide, a: left } = parseProductProblem(key)!;
  assert.equal([kind, batch, m, n, k, transposeA, transposeB, sideBySide], ['matmul', [3], 5, 7, 8, false, true, false]);
  assert.equal(left, { shape: [3, 5, 8], rowStride: 8, misaligned: 0, dtype: 'f32' });
  assert.is(parseProductProblem('conv2d forward'), null);
  const wide = Tensor.empty(gpu, [5, 3, 14], 'wide').sliceChannels(7, 14);
  const beside = productKey('batched_matmul', a, b, wide, { transposeB: true, sideBySide: true }, sizes);
  const problem = parseProductProblem(beside)!;
  assert.equal([problem.kind, problem.sideBySide, problem.batch], ['batched_matmul', true, [3]]);
  assert.equal(problem.y, { shape: [5, 3, 7], rowStride: 14, misaligned: 3, dtype: 'f32' });
  for (const tensor of [a, b, y, wide]) tensor.dispose();
});

for (const type of ['f16', 'f32'] as const) {
  const name = `products of ${type} by the unit of this adapter, at every kind of end; the tuner times it among the others`;
  if (!provenUnit(gpu, type)) {
    console.log(`skipped, because the adapter has no unit for matrices of ${type}: ${name}`);
    test.skip(name);
    continue;
  }
  /** Numbers that the type holds. */
  const held = async (label: string, shape: readonly number[]): Promise<[Tensor, Float32Array]> => {
    const whole = Tensor.from(gpu, values(label, elementCount(shape)), shape, label);
    if (type === 'f32') return [whole, (await whole.data()) as Float32Array];
    const made = copy(whole, Tensor.empty(gpu, shape, label, type));
    const numbers = (await copy(made, whole).data()) as Float32Array;
    whole.dispose();
    return [made, numbers];
  };
  test(name, async () => {
    for (const [batch, m, n, k] of [
      [1, 1, 1, 1],
      [2, 31, 3, 7],
      [1, 64, 64, 16],
      [3, 130, 70, 45],
    ] as const)
      for (const [transposeA, transposeB] of TURNS) {
        const [a, left] = await held('unit a', transposeA ? [batch, k, m] : [batch, m, k]);
        const [b, right] = await held('unit b', transposeB ? [batch, n, k] : [batch, k, n]);
        const sizes = { batch: [batch], m, n, k };
        const expected = reference.matmul(left, right, { ...sizes, batch, transposeA, transposeB });
        for (const [sideBySide, stored] of WAYS) {
          const options = { transposeA, transposeB, sideBySide };
          const shape = sideBySide ? [m, batch, n] : [batch, m, n];
          const y = Tensor.empty(gpu, shape, 'y', stored);
          batchedMatmul(a, b, options, sizes, y, 'matrix');
          const plain = stored === 'f32' ? y : copy(y, Tensor.empty(gpu, shape, 'y'));
          const found = await plain.data();
          for (const [index, value] of expected.entries()) {
            const [entry, row, column] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
            const at = sideBySide ? (row * batch + entry) * n + column : index;
            const tolerance = 2e-6 * k + (stored === 'f16' ? Math.abs(value) * 2 ** -10 : 0);
            assert.ok(Math.abs(found[at]! - value) <= tolerance, `${shape}, ${k}, ${transposeA} ${transposeB} ${stored}: ${index}`);
          }
          assert.ok(supportedBatchedVariants(a, b, y, options, sizes).includes('matrix'));
          if (m === 130 && !transposeA) {
            const key = productKey('batched_matmul', a, b, y, options, sizes);
            const [result] = await tune(gpu, new Map([[key, 'tile']]));
            assert.ok('matrix' in result!.milliseconds, JSON.stringify(result!.failures));
          }
          for (const tensor of new Set([y, plain])) tensor.dispose();
        }
        for (const tensor of [a, b]) tensor.dispose();
      }
  });
}

test.run();
