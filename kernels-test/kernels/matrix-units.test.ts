// not in browsers: Dawn's null backend, which compiles without running, is Node's
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MatrixUnit } from '../../src/gpu/adapter.js';
import { matrixUnitsOf } from '../../src/gpu/matrix-units.js';
import { batchedMatmul, matrixShader, supportedBatchedVariants } from '../../src/kernels/batched-matmul.js';
import { copy } from '../../src/kernels/elementwise.js';
import { operandA, operandB } from '../../src/kernels/gemm-operands.js';
import { storedTypes } from '../../src/kernels/kernel.js';
import { matmul } from '../../src/kernels/matmul.js';
import { differenceOf, provenUnit, proveMatrixUnits } from '../../src/kernels/matrix-units.js';
import { parseProductProblem, productKey } from '../../src/kernels/product-problem.js';
import { tune } from '../../src/kernels/tuner.js';
import { Tensor } from '../../src/tensor/tensor.js';
import shapeSource from '../../shaders/shared/matmul_shape.wgsl';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
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

test('the name of a product says what it is', () => {
  const [a, b] = [Tensor.empty(gpu, [3, 5, 8], 'a'), Tensor.empty(gpu, [3, 7, 8], 'b')];
  const y = Tensor.empty(gpu, [3, 5, 7], 'y');
  const key = productKey(a, b, y, { transposeB: true }, { batch: [3], m: 5, n: 7, k: 8 });
  const { batch, m, n, k, transposeA, transposeB, result, a: left } = parseProductProblem(key)!;
  assert.equal([batch, m, n, k, transposeA, transposeB, result], [[3], 5, 7, 8, false, true, 'f32']);
  assert.equal(left, { shape: [3, 5, 8], rowStride: 8, misaligned: 0, dtype: 'f32' });
  assert.is(parseProductProblem('conv2d forward'), null);
  for (const tensor of [a, b, y]) tensor.dispose();
});

const unit = provenUnit(gpu, 'f16');
const name = 'products by the unit of this adapter, at every kind of end; the tuner times it among the others';
if (!unit) {
  console.log(`skipped, because the adapter has no unit for matrices of f16: ${name}`);
  test.skip(name);
} else {
  test(name, async () => {
    for (const [batch, m, n, k] of [
      [1, 1, 1, 1],
      [2, 31, 3, 7],
      [1, 64, 64, 16],
      [3, 130, 70, 45],
    ] as const)
      for (const [transposeA, transposeB] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        const half = async (label: string, shape: readonly number[]): Promise<[Tensor, number[]]> => {
          const whole = Tensor.from(
            gpu,
            values(
              label,
              shape.reduce((size, side) => size * side),
            ),
            shape,
            label,
          );
          const made = copy(whole, Tensor.empty(gpu, shape, label, 'f16'));
          const numbers = [...(await copy(made, whole).data())];
          whole.dispose();
          return [made, numbers];
        };
        const [a, left] = await half('unit a', transposeA ? [batch, k, m] : [batch, m, k]);
        const [b, right] = await half('unit b', transposeB ? [batch, n, k] : [batch, k, n]);
        const y = Tensor.empty(gpu, [batch, m, n], 'y');
        const options = { transposeA, transposeB };
        const sizes = { batch: [batch], m, n, k };
        batchedMatmul(a, b, options, sizes, y, 'matrix');
        const expected = reference.matmul(Float32Array.from(left), Float32Array.from(right), { ...sizes, batch, ...options });
        const found = await y.data();
        for (const [index, value] of expected.entries())
          assert.ok(Math.abs(found[index]! - value) <= 2e-6 * k, `${batch} x ${m} x ${n} x ${k}, ${transposeA} ${transposeB}: ${index}`);
        assert.ok(supportedBatchedVariants(a, b, y, options, sizes).includes('matrix'));
        if (m === 130) {
          const key = productKey(a, b, y, options, sizes);
          const [result] = await tune(gpu, new Map([[key, 'tile']]));
          assert.ok('matrix' in result!.milliseconds, JSON.stringify(result!.failures));
        }
        for (const tensor of [a, b, y]) tensor.dispose();
      }
  });
}

test.run();
