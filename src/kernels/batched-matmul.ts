import type { MatrixUnit } from '../gpu/adapter.js';
import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import type { Shader } from '../gpu/pipeline-cache.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  chooseWorkgroupTile,
  isWorkgroupTile,
  supportsTile,
  TILES,
  tilesOf,
  WORKGROUP_TILES,
  type WorkgroupTile,
} from './conv2d/workgroup.js';
import { operandA, operandB, type Operand } from './gemm-operands.js';
import { grid, specialise, storedTypes, type Constants } from './kernel.js';
import { proveMatrixUnits, provenUnit, UNIT_DIRECTIVES } from './matrix-units.js';
import { productKey, type BatchedOptions, type MatmulOptions, type MatmulSizes, type ProductKind } from './product-problem.js';
import { knownSubgroupSize, MAX_LANES, SUBGROUP_DIRECTIVES, subgroupsPay, WORKGROUP } from './subgroups.js';
import blocksSource from '../../shaders/shared/matmul_blocks.wgsl';
import shapeSource from '../../shaders/shared/matmul_shape.wgsl';
import gemmSource from '../../shaders/shared/workgroup_gemm.wgsl';
import matmulSource from '../../shaders/matmul.wgsl';
import unitsSource from '../../shaders/shared/subgroup_matrix.wgsl';
import matrixSource from '../../shaders/matmul_subgroup_matrix.wgsl';
import subgroupSource from '../../shaders/matmul_subgroup.wgsl';
import workgroupSource from '../../shaders/matmul_workgroup.wgsl';

export type { MatmulOptions, MatmulSizes } from './product-problem.js';

/**
 * How a batch of products shares its loads: each invocation loads all it needs, or as the variants of a convolution; or units of the GPU
 * multiply small matrices ("matrix").
 */
export type BatchedVariant = 'tile' | 'subgroup' | 'matrix' | WorkgroupTile;

/** Rows and columns that one invocation of the tile variant owns. */
const TILE_ROWS = 8;
const TILE_COLUMNS = 4;
/** Fewer columns leave lanes of a subgroup of eight without work. */
export const LEAST_COLUMNS = 32;

/** Whether matmul_subgroup.wgsl can do a product: it tests no ends, so that all of them have to be whole vectors. */
export function supportsSubgroups(a: Tensor, b: Tensor, y: Tensor, { transposeA }: MatmulOptions, { m, n, k }: MatmulSizes): boolean {
  const whole = n % 4 === 0 && k % 4 === 0 && (!transposeA || m % 4 === 0);
  return knownSubgroupSize(a.gpu) !== null && whole && [a, b, y].every(({ vectorizable }) => vectorizable);
}

/** The unit that can do a product: its operands are of one type, and nothing is rounded on the way to it. */
const unitFor = (a: Tensor, b: Tensor): MatrixUnit | null => (a.dtype === b.dtype ? provenUnit(a.gpu, a.dtype) : null);

/** The variants of the kernels for a whole batch that can do a product. */
export function supportedBatchedVariants(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): BatchedVariant[] {
  return [
    'tile',
    ...(supportsSubgroups(a, b, y, options, sizes) ? (['subgroup'] as const) : []),
    ...WORKGROUP_TILES.filter((tile) => supportsTile(a.gpu, tile)),
    ...(unitFor(a, b) ? (['matrix'] as const) : []),
  ];
}

/** A product without what is computed: what the choice of a variant can depend on. */
interface Product {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
  readonly options: BatchedOptions;
  readonly sizes: MatmulSizes;
}

/**
 * The variant of a product on a device with a unit for it, by gpu.variants: whether the unit is faster is for the tuner to find out.
 *
 * @param supported what the caller can run
 * @param heuristic what serves otherwise, and on every other device
 */
export function tunedVariant<Variant extends string>(
  kind: ProductKind,
  { a, b, y, options, sizes }: Product,
  supported: () => readonly Variant[],
  heuristic: () => Variant,
): Variant {
  if (!unitFor(a, b)) return heuristic();
  return a.gpu.variants.variantFor(productKey(kind, a, b, y, options, sizes), supported(), heuristic);
}

/** The variant for many products of moderately many terms, by the adapter and the sizes. */
function chooseBatchedVariant(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): BatchedVariant {
  const { m, n, batch } = sizes;
  if (!a.gpu.adapter.software) return chooseWorkgroupTile(m, n, elementCount(batch)) ?? 'tile';
  return subgroupsPay(a.gpu) && n >= LEAST_COLUMNS && supportsSubgroups(a, b, y, options, sizes) ? 'subgroup' : 'tile';
}

/** The table's variant, or the heuristic's. */
const variantOf = (a: Tensor, b: Tensor, y: Tensor, options: BatchedOptions, sizes: MatmulSizes): BatchedVariant =>
  tunedVariant<BatchedVariant>(
    'batched_matmul',
    { a, b, y, options, sizes },
    () => supportedBatchedVariants(a, b, y, options, sizes),
    () => chooseBatchedVariant(a, b, y, options, sizes),
  );

/**
 * op(a) op(b) by the kernels that take a whole batch.
 *
 * @param y [..., m, n], or as the options have it
 * @param variant when absent, one for many products of moderately many terms: no kernel cuts a sum into parts
 */
export function batchedMatmul(
  a: Tensor,
  b: Tensor,
  options: BatchedOptions,
  sizes: MatmulSizes,
  y: Tensor,
  variant: BatchedVariant = variantOf(a, b, y, options, sizes),
  unit: MatrixUnit | null = unitFor(a, b),
): void {
  const { transposeA = false, transposeB = false, sideBySide = false } = options;
  const { batch, m, n, k } = sizes;
  const count = elementCount(batch);
  const [operand, other] = [operandA(a), operandB(b)];
  const constants = { TRANSPOSE_A: transposeA, TRANSPOSE_B: transposeB, ...operand.constants, ...other.constants };
  const sources = [operand.source, other.source, shapeSource];
  a.gpu.dispatch({
    ...programOf(variant, a.gpu, { count, m, n, unit }, sources, constants, {
      ...operand.aliases,
      ...other.aliases,
      ...storedTypes(variant === 'subgroup' ? 4 : 1, { y }),
    }),
    bindings: [a.read(a.dtype), b.read(b.dtype), y.written(y.dtype)],
    params: new Params().u32(
      count,
      m,
      n,
      k,
      a.base,
      a.rowStride,
      matrixStep(a),
      b.base,
      b.rowStride,
      matrixStep(b),
      y.base,
      sideBySide ? count * y.rowStride : y.rowStride,
      sideBySide ? y.rowStride : matrixStep(y),
    ),
  });
}

/** Shader and workgroups of a variant. */
function programOf(
  variant: BatchedVariant,
  gpu: Gpu,
  { count, m, n, unit }: { readonly count: number; readonly m: number; readonly n: number; readonly unit: MatrixUnit | null },
  sources: readonly string[],
  constants: Constants,
  aliases: Operand['aliases'],
): { shader: Shader; workgroups: [number, number, number] } {
  if (isWorkgroupTile(variant)) {
    return {
      shader: specialise(
        'matmul_workgroup',
        [...sources, blocksSource, gemmSource, workgroupSource],
        { ...TILES[variant], ...constants },
        aliases,
      ),
      workgroups: grid(count * tilesOf(variant, m, n), 1),
    };
  }
  if (variant === 'tile') {
    return {
      shader: specialise('matmul', [...sources, blocksSource, matmulSource], constants, aliases),
      workgroups: grid(count * Math.ceil(m / TILE_ROWS) * Math.ceil(n / TILE_COLUMNS), WORKGROUP),
    };
  }
  const size = knownSubgroupSize(gpu)!;
  if (variant === 'matrix') {
    return {
      shader: matrixShader(unit!, size, sources, constants, aliases),
      workgroups: grid(count * Math.ceil(m / UNIT_SIDE) * Math.ceil(n / UNIT_SIDE), 1),
    };
  }
  const lanes = Math.min(MAX_LANES, size);
  return {
    shader: specialise('matmul_subgroup', [...sources, subgroupSource], { LANES: lanes, ...constants }, aliases, SUBGROUP_DIRECTIVES),
    workgroups: grid(count * Math.ceil(n / 4 / size) * size * Math.ceil(m / (4 * lanes)), WORKGROUP),
  };
}

/** Rows and columns of a workgroup's part of a product, as matmul_subgroup_matrix.wgsl has it. */
const UNIT_SIDE = 64;

/** The shader of a unit. @param sources of the operands, and of the shape @internal */
export const matrixShader = (
  { type, m, n, k }: MatrixUnit,
  subgroup: number,
  sources: readonly string[],
  constants: Constants,
  aliases: Operand['aliases'],
): Shader =>
  specialise(
    'matmul_subgroup_matrix',
    [...sources, blocksSource, unitsSource, matrixSource],
    { UNIT_M: m, UNIT_N: n, UNIT_K: k, SUBGROUP: subgroup, ...constants },
    { unit: type, ...aliases },
    UNIT_DIRECTIVES,
  );

/**
 * Tries the units for matrices of a device, so that products may be done by them: once, before the first of its kernels is chosen.
 *
 * @returns why units were refused, in words
 * @throws DEVICE_LOST
 */
export function tryMatrixUnits(gpu: Gpu): Promise<string[]> {
  return proveMatrixUnits(gpu, (a, b, y, unit) => {
    const [batch, m, k] = a.shape as [number, number, number];
    batchedMatmul(a, b, {}, { batch: [batch], m, n: b.shape[2]!, k }, y, 'matrix', unit);
  });
}

/** Elements from one matrix of a batch to the next; 0 where one serves the whole batch. */
export const matrixStep = ({ shape, rowStride }: Strided): number => (shape.length > 2 ? shape.at(-2)! * rowStride : 0);

/** Not a part of Tensor's type: published declarations do not have it. */
interface Strided {
  readonly shape: Shape;
  readonly rowStride: number;
}
