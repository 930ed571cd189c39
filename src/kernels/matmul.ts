import { ShadegradError } from '../errors.js';
import { elementCount, expectShape, formatShape, sameShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import {
  batchedMatmul,
  LEAST_COLUMNS,
  matrixStep,
  supportedBatchedVariants,
  tunedVariant,
  type BatchedVariant,
  type MatmulOptions,
  type MatmulSizes,
} from './batched-matmul.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from './conv2d/conv2d.js';
import { chooseWorkgroupTile } from './conv2d/workgroup.js';
import { expectOperands } from './elements.js';
import { subgroupsPay } from './subgroups.js';

/** `convolution`: each product by itself, by the kernels of a convolution with a kernel of 1 x 1. */
export type MatmulVariant = BatchedVariant | 'convolution';

export type { MatmulOptions } from './batched-matmul.js';

const POINT = { stride: [1, 1], padding: [0, 0] } as const;

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
  const supported = (): MatmulVariant[] => supportedMatmulVariants(a, b, y, options, sizes);
  const heuristic = (): MatmulVariant => chooseVariant(a, b, y, options, sizes);
  const chosen = variant ?? tunedVariant('matmul', { a, b, y, options, sizes }, supported, heuristic);
  if (chosen !== 'convolution') batchedMatmul(a, b, options, sizes, y, chosen);
  else eachEntry([a, b, y], sizes, ([left, right, result]) => convolve(left!, right!, options, sizes, result!));
  return y;
}

/** Products of a batch that may be convolutions, each of which has dispatches of its own. */
const MOST_CONVOLUTIONS = 4096;

/**
 * Whether a convolution's kernels can do a product: they take a weight of f32 without gaps, there is none for two transposed operands, and
 * a large batch would be too many dispatches.
 */
function canConvolve(a: Tensor, b: Tensor, y: Tensor, { transposeA = false, transposeB = false }: MatmulOptions, count: number): boolean {
  if (count > MOST_CONVOLUTIONS || (transposeA && transposeB)) return false;
  const weight = transposeA ? y : b;
  return weight.contiguous && weight.dtype === 'f32' && [a, b, y].every(({ dtype }) => dtype === 'f32' || dtype === 'f16');
}

/** The variants that can do a product. */
export function supportedMatmulVariants(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): MatmulVariant[] {
  const convolves = canConvolve(a, b, y, options, elementCount(sizes.batch));
  return [...supportedBatchedVariants(a, b, y, options, sizes), ...(convolves ? (['convolution'] as const) : [])];
}

/** On a CPU adapter a product of so many terms takes longer than the dispatch of its own that sharing loads by subgroup asks for. */
const TERMS_WORTH_A_DISPATCH = 2 ** 20;

/**
 * A batch is as many dispatches of
 * theirs: that pays on lavapipe, whose subgroups make them three times as fast as the tile. They cut long sums into parts for all cores,
 * which matmul_subgroup.wgsl does not.
 */
function chooseVariant(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): MatmulVariant {
  const { batch, m, n, k } = sizes;
  const { gpu } = a;
  const count = elementCount(batch);
  const pays = count === 1 || (subgroupsPay(gpu) && n >= LEAST_COLUMNS && m * n * k >= TERMS_WORTH_A_DISPATCH);
  if (pays && canConvolve(a, b, y, options, count)) return 'convolution';
  return gpu.adapter.software ? 'tile' : (chooseWorkgroupTile(m, n, count) ?? 'tile');
}

/** Hands over the matrices of each entry of the batch, as views. */
function eachEntry(tensors: readonly Tensor[], { batch }: MatmulSizes, body: (matrices: readonly Tensor[]) => void): void {
  for (let entry = 0; entry < elementCount(batch); entry++) {
    const matrices = tensors.map((tensor) => {
      const { gpu, storage, shape, dtype, offset, rowStride } = tensor;
      const at = offset + entry * matrixStep(tensor);
      return new Tensor({ gpu, storage: storage.retain(), shape: shape.slice(-2), dtype, offset: at, rowStride });
    });
    body(matrices);
    for (const matrix of matrices) matrix.dispose();
  }
}

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
