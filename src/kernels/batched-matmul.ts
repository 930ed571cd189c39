import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import type { Shader } from '../gpu/pipeline-cache.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { chooseWorkgroupTile, isWorkgroupTile, TILES, tilesOf, type WorkgroupTile } from './conv2d/workgroup.js';
import { operandA, operandB, type Operand } from './gemm-operands.js';
import { grid, specialise, storedTypes, type Constants } from './kernel.js';
import { knownSubgroupSize, MAX_LANES, SUBGROUP_DIRECTIVES, subgroupsPay, WORKGROUP } from './subgroups.js';
import blocksSource from '../../shaders/shared/matmul_blocks.wgsl';
import shapeSource from '../../shaders/shared/matmul_shape.wgsl';
import gemmSource from '../../shaders/shared/workgroup_gemm.wgsl';
import matmulSource from '../../shaders/matmul.wgsl';
import subgroupSource from '../../shaders/matmul_subgroup.wgsl';
import workgroupSource from '../../shaders/matmul_workgroup.wgsl';

/** Which operands of a product are transposed. */
export interface MatmulOptions {
  /** a is stored [..., k, m]. Default false. */
  readonly transposeA?: boolean;
  /** b is stored [..., n, k]. Default false. */
  readonly transposeB?: boolean;
}

/** Also how the products of a batch lie. */
interface BatchedOptions extends MatmulOptions {
  /** y is [m, batch, n]: rows of all products side by side. Default false: [batch, m, n]. */
  readonly sideBySide?: boolean;
}

/** Sizes of a product, and how many there are. */
export interface MatmulSizes {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** How a batch of products shares its loads: each invocation loads all it needs, or as the variants of a convolution. */
export type BatchedVariant = 'tile' | 'subgroup' | WorkgroupTile;

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

/** The variant for many products of moderately many terms, by the adapter and the sizes. */
function chooseBatchedVariant(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): BatchedVariant {
  const { m, n, batch } = sizes;
  if (!a.gpu.adapter.software) return chooseWorkgroupTile(m, n, elementCount(batch)) ?? 'tile';
  return subgroupsPay(a.gpu) && n >= LEAST_COLUMNS && supportsSubgroups(a, b, y, options, sizes) ? 'subgroup' : 'tile';
}

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
  variant: BatchedVariant = chooseBatchedVariant(a, b, y, options, sizes),
): void {
  const { transposeA = false, transposeB = false, sideBySide = false } = options;
  const { batch, m, n, k } = sizes;
  const count = elementCount(batch);
  const [operand, other] = [operandA(a), operandB(b)];
  const constants = { TRANSPOSE_A: transposeA, TRANSPOSE_B: transposeB, ...operand.constants, ...other.constants };
  const sources = [operand.source, other.source, shapeSource];
  a.gpu.dispatch({
    ...programOf(variant, a.gpu, { count, m, n }, sources, constants, {
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
  { count, m, n }: { readonly count: number; readonly m: number; readonly n: number },
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
  const lanes = Math.min(MAX_LANES, size);
  return {
    shader: specialise('matmul_subgroup', [...sources, subgroupSource], { LANES: lanes, ...constants }, aliases, SUBGROUP_DIRECTIVES),
    workgroups: grid(count * Math.ceil(n / 4 / size) * size * Math.ceil(m / (4 * lanes)), WORKGROUP),
  };
}

/** Elements from one matrix of a batch to the next; 0 where one serves the whole batch. */
export const matrixStep = ({ shape, rowStride }: Strided): number => (shape.length > 2 ? shape.at(-2)! * rowStride : 0);

/** Not a part of Tensor's type: published declarations do not have it. */
interface Strided {
  readonly shape: Shape;
  readonly rowStride: number;
}
