import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import { elementCount, expectShape, formatShape, sameShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from './conv2d/conv2d.js';
import { chooseWorkgroupTile, isWorkgroupTile, TILES, tilesOf, type WorkgroupTile } from './conv2d/workgroup.js';
import { expectOperands } from './elements.js';
import { grid, specialise } from './kernel.js';
import { operandA, operandB } from './gemm-operands.js';
import blocksSource from '../../shaders/shared/matmul_blocks.wgsl';
import gemmSource from '../../shaders/shared/workgroup_gemm.wgsl';
import matmulSource from '../../shaders/matmul.wgsl';
import workgroupSource from '../../shaders/matmul_workgroup.wgsl';

export interface MatmulOptions {
  /** a is stored [..., k, m]. Default false. */
  readonly transposeA?: boolean;
  /** b is stored [..., n, k]. Default false. */
  readonly transposeB?: boolean;
}

/** `convolution`: each product by itself, by the kernels of a convolution with a kernel of 1 x 1. */
export type MatmulVariant = 'tile' | 'convolution' | WorkgroupTile;

/** Rows and columns that one invocation of the tile variant owns. */
const TILE_ROWS = 8;
const TILE_COLUMNS = 4;
const POINT = { stride: [1, 1], padding: [0, 0] } as const;

/** Sizes of a product, and how many there are. */
export interface MatmulSizes {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * Sizes of op(a) op(b), where op transposes the last two axes or not.
 * @param a [..., m, k], with the batch axes of b or none
 * @param b [..., k, n], with the batch axes of a or none
 * @throws SHAPE_MISMATCH
 */
export function matmulSizes(a: Shape, b: Shape, { transposeA = false, transposeB = false }: MatmulOptions): MatmulSizes {
  const [rowsA, columnsA, rowsB, columnsB] = [a.at(-2)!, a.at(-1)!, b.at(-2)!, b.at(-1)!];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [terms, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  const [batchA, batchB] = [a.slice(0, -2), b.slice(0, -2)];
  const sized = a.length >= 2 && b.length >= 2 && k === terms;
  if (!sized || !(batchA.length === 0 || batchB.length === 0 || sameShape(batchA, batchB))) {
    throw new ShadegradError('SHAPE_MISMATCH', 'operands of matmul', {
      expected: `[..., m, k] and [..., k, n] with one k and equal batch axes, or none on one side`,
      received: `${formatShape(a)}${transposeA ? ' transposed' : ''} and ${formatShape(b)}${transposeB ? ' transposed' : ''}`,
      fix: 'transpose an operand, or bring both to one number of terms',
    });
  }
  return { batch: batchA.length > 0 ? batchA : batchB, m, n, k };
}

/**
 * op(a) op(b), one product for each entry of the batch.
 * @param a [..., m, k], with the batch axes of b or none
 * @param b [..., k, n], with the batch axes of a or none
 * @param variant when absent, one by the adapter and the sizes
 * @returns [..., m, n]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}, out?: Tensor, variant?: MatmulVariant): Tensor {
  expectOperands('matmul', { a, b });
  const sizes = matmulSizes(a.shape, b.shape, options);
  const shape = [...sizes.batch, sizes.m, sizes.n];
  const y = out ?? Tensor.empty(a.gpu, shape, 'matmul');
  expectShape('out of matmul', shape, y.shape);
  const chosen = variant ?? chooseVariant(a.gpu, b, y, options, sizes);
  if (chosen !== 'convolution') multiply(a, b, options, sizes, y, chosen);
  else eachEntry([a, b, y], sizes, ([left, right, result]) => convolve(left!, right!, options, sizes, result!));
  return y;
}

/** On a CPU adapter a product of so many terms takes longer than the dispatch of its own that sharing loads by subgroup asks for. */
const TERMS_WORTH_A_DISPATCH = 2 ** 20;

/**
 * The convolution's kernels take a weight without gaps, and there is none for two transposed operands. A batch is as many dispatches of
 * theirs: that pays on lavapipe, whose subgroups make them three times as fast as the tile.
 */
function chooseVariant(
  gpu: Gpu,
  b: Tensor,
  y: Tensor,
  { transposeA, transposeB }: MatmulOptions,
  { batch, m, n, k }: MatmulSizes,
): MatmulVariant {
  const { software, subgroupSize } = gpu.adapter;
  const count = elementCount(batch);
  const pays = count === 1 || (software && (subgroupSize ?? 0) >= 8 && n >= 32 && m * n * k >= TERMS_WORTH_A_DISPATCH);
  if (pays && (transposeA ? !transposeB && y.contiguous : b.contiguous)) return 'convolution';
  return software ? 'tile' : (chooseWorkgroupTile(m, n, count) ?? 'tile');
}

/** Hands over the matrices of each entry of the batch, as views. */
function eachEntry(tensors: readonly Tensor[], { batch }: MatmulSizes, body: (matrices: readonly Tensor[]) => void): void {
  for (let entry = 0; entry < elementCount(batch); entry++) {
    const matrices = tensors.map((tensor) => {
      const { gpu, storage, shape, offset, rowStride } = tensor;
      return new Tensor({ gpu, storage: storage.retain(), shape: shape.slice(-2), offset: offset + entry * matrixStep(tensor), rowStride });
    });
    body(matrices);
    for (const matrix of matrices) matrix.dispose();
  }
}

/** Elements from one matrix of a batch to the next; 0 where one serves the whole batch. */
const matrixStep = ({ shape, rowStride }: Tensor): number => (shape.length > 2 ? shape.at(-2)! * rowStride : 0);

/** A row of the image as which a sum over pixels takes its terms; the sum is cut between rows. */
const PIXELS_IN_ROW = 32;

/** Height and width of as many pixels: rows of at least PIXELS_IN_ROW, as short as they come out even. */
function imageOf(pixels: number): [number, number] {
  for (let width = PIXELS_IN_ROW; width * width <= pixels * PIXELS_IN_ROW; width++)
    if (pixels % width === 0) return [pixels / width, width];
  return [1, pixels];
}

/** One product: rows are pixels. The three kernels of a convolution are the product with no, the second, the first operand transposed. */
function convolve(a: Tensor, b: Tensor, { transposeA, transposeB }: MatmulOptions, { m, n, k }: MatmulSizes, y: Tensor): void {
  const image = transposeA ? imageOf(k) : [1, m];
  const views = [
    a.viewAs([1, ...image, a.channels]),
    b.viewAs(transposeA ? [1, ...image, n] : [1, 1, b.rows, b.channels]),
    y.viewAs([1, 1, m, n]),
  ];
  const [input, weight, output] = views as [Tensor, Tensor, Tensor];
  if (transposeA) conv2dWeightGrad(input, weight, [1, 1, m, n], POINT, output);
  else if (transposeB) conv2dInputGrad(input, weight, null, [1, 1, m, n], POINT, output);
  else conv2dForward(input, weight, null, POINT, output);
  for (const view of views) view.dispose();
}

function multiply(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions,
  { batch, m, n, k }: MatmulSizes,
  y: Tensor,
  variant: 'tile' | WorkgroupTile,
): void {
  const count = elementCount(batch);
  const [operand, other] = [operandA(a.vectorizable), operandB(b.vectorizable)];
  const constants = { TRANSPOSE_A: transposeA, TRANSPOSE_B: transposeB, ...operand.constants, ...other.constants };
  const sources = [operand.source, other.source, blocksSource];
  a.gpu.dispatch({
    shader: isWorkgroupTile(variant)
      ? specialise('matmul_workgroup', [...sources, gemmSource, workgroupSource], { ...TILES[variant], ...constants })
      : specialise('matmul', [...sources, matmulSource], constants),
    bindings: [a.read(), b.read(), y.written()],
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
      y.rowStride,
      matrixStep(y),
    ),
    workgroups: isWorkgroupTile(variant)
      ? grid(count * tilesOf(variant, m, n), 1)
      : grid(count * Math.ceil(m / TILE_ROWS) * Math.ceil(n / TILE_COLUMNS), 64),
  });
}
