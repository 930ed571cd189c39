import type { AdapterDescription, MatrixUnit } from '../gpu/adapter.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { Tensor, type DType } from '../tensor/tensor.js';
import { copy } from './elementwise.js';
import { knownSubgroupSize } from './subgroups.js';

/**
 * WGSL cannot prove that the lanes of a subgroup agree on where a matrix begins, which depends on the number of the subgroup: its lanes
 * are taken to be neighbours, which WGSL does not promise. Self-tests find out where they are not.
 */
export const UNIT_DIRECTIVES =
  'enable subgroups;\nenable chromium_experimental_subgroup_matrix;\ndiagnostic(off, chromium.subgroup_matrix_uniformity);';

/** Subgroups of a workgroup of matmul_subgroup_matrix.wgsl. */
export const UNIT_SUBGROUPS = 4;

/** The units that have passed their self-test, by the type of their operands; by the description that a Gpu has of its adapter. */
const PROVEN = new WeakMap<AdapterDescription, Map<DType, MatrixUnit>>();

/** The unit that multiplies matrices of a type on this device, if it has one that proveMatrixUnits() found right. */
export const provenUnit = (gpu: Gpu, type: DType): MatrixUnit | null => PROVEN.get(gpu.adapter)?.get(type) ?? null;

/** The units of an adapter that proveMatrixUnits() found right. @param adapter as the Gpu has it, not a copy */
export const provenUnits = (adapter: AdapterDescription): readonly MatrixUnit[] => [...(PROVEN.get(adapter)?.values() ?? [])];

/** Sizes of the self-test, none a multiple of a unit's: two tiles each way, ends, and a batch. */
const TRIED = { batch: 2, m: 70, n: 66, k: 45 } as const;

/**
 * Tries the units of the adapter that multiply matrices, and keeps for each type of operands the first that computes products of small
 * whole numbers without any error: no kernel takes a unit that was not tried.
 *
 * @param product makes op(a) op(b) by the unit of a type, whether or not it is proven
 * @returns why units were refused, in words
 * @throws DEVICE_LOST
 */
export async function proveMatrixUnits(gpu: Gpu, product: (a: Tensor, b: Tensor, y: Tensor, unit: MatrixUnit) => void): Promise<string[]> {
  const refused: string[] = [];
  const proven = new Map<DType, MatrixUnit>();
  PROVEN.set(gpu.adapter, proven);
  for (const unit of gpu.adapter.matrixUnits ?? []) {
    const { type } = unit;
    if (proven.has(type) || !canRun(gpu, type)) continue;
    const wrong = await attempt(gpu, unit, product);
    if (wrong === null) proven.set(type, unit);
    else refused.push(`the unit for matrices of ${unit.m} x ${unit.k} by ${unit.k} x ${unit.n} ${type} is not used: ${wrong}`);
  }
  return refused;
}

/** Whether the device has what the kernel counts on. */
function canRun(gpu: Gpu, type: DType): boolean {
  const size = knownSubgroupSize(gpu);
  const lanes = UNIT_SUBGROUPS * (size ?? Infinity);
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = gpu.limits;
  return (
    lanes <= Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX) && (type !== 'f16' || gpu.features.has('shader-f16'))
  );
}

/** Row i of a, or column i of b, at term t of an entry of the batch. */
type Contents = (entry: number, i: number, t: number) => number;

/** Whole numbers that every type holds, and whose sums are exact in f32. */
const small =
  (factor: number): Contents =>
  (entry, i, t) =>
    ((((entry * 71 + i) * TRIED.k + t) * factor) % 15) - 7;
/** Odd numbers of up to 21 bits and a sign: a unit that rounds f32 to fewer bits (TF32 to 11) makes others of them. */
const fine: Contents = (entry, i, t) => ((((entry * 71 + i) * TRIED.k + t) * 1_234_577) % 2 ** 21) * 2 + 1 - 2 ** 21;
/** 1 and -1 among zeros: of the terms of a sum seven at most count, and seven fine numbers add up to less than f32's 24 bits. */
const few: Contents = (entry, i, t) => ((t + i + entry) % 7 === 0 ? (t % 2) * 2 - 1 : 0);

/** The products of the self-test by the type of their operands. */
const TRIALS: Readonly<Record<MatrixUnit['type'], readonly (readonly [a: Contents, b: Contents])[]>> = {
  f16: [[small(37), small(53)]],
  f32: [
    [small(37), small(53)],
    [fine, few],
    [few, fine],
  ],
};

/** The operands of the products of the self-test, [batch, m, k] and [batch, k, n]. @internal */
export function trialsOf(type: MatrixUnit['type']): { a: number[]; b: number[] }[] {
  const { batch, m, n, k } = TRIED;
  return TRIALS[type].map(([left, right]) => ({
    a: Array.from({ length: batch * m * k }, (_, index) => left(Math.floor(index / (m * k)), Math.floor(index / k) % m, index % k)),
    b: Array.from({ length: batch * k * n }, (_, index) => right(Math.floor(index / (k * n)), index % n, Math.floor(index / n) % k)),
  }));
}

/** @returns what is wrong, or null */
async function attempt(
  gpu: Gpu,
  unit: MatrixUnit,
  product: (a: Tensor, b: Tensor, y: Tensor, unit: MatrixUnit) => void,
): Promise<string | null> {
  const { batch, m, n, k } = TRIED;
  const tensors: Tensor[] = [];
  const placed = (data: readonly number[], shape: readonly number[]): Tensor => {
    const numbers = Tensor.from(gpu, data, shape, 'self-test of a unit for matrices');
    tensors.push(numbers);
    if (unit.type === 'f32') return numbers;
    const half = Tensor.empty(gpu, shape, 'self-test of a unit for matrices', unit.type);
    tensors.push(half);
    return copy(numbers, half);
  };
  try {
    for (const { a, b } of trialsOf(unit.type)) {
      const y = Tensor.from(gpu, new Float32Array(batch * m * n).fill(NaN), [batch, m, n], 'self-test of a unit for matrices');
      tensors.push(y);
      product(placed(a, [batch, m, k]), placed(b, [batch, k, n]), y, unit);
      const wrong = differenceOf(a, b, await y.data());
      if (wrong !== null) return wrong;
    }
    return null;
  } catch (error) {
    if (!(error instanceof ShadegradError) || error.code === 'DEVICE_LOST') throw error;
    return error.message.split('\n', 1)[0]!;
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

/** What is wrong with the results of the self-test, which have to be exact: every sum is a whole number that f32 holds. @internal */
export function differenceOf(a: readonly number[], b: readonly number[], found: ArrayLike<number>): string | null {
  const { batch, m, n, k } = TRIED;
  let wrong = 0;
  for (let entry = 0; entry < batch; entry++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let t = 0; t < k; t++) sum += a[(entry * m + i) * k + t]! * b[(entry * k + t) * n + j]!;
        if (found[(entry * m + i) * n + j] !== sum) wrong++;
      }
  return wrong === 0 ? null : `${wrong} of ${batch * m * n} results of its self-test are wrong`;
}
