import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { PLACE, placeOf, tensorIn, type Placed, type ProblemTensor } from './conv2d/problem.js';

/** Which operands of a product are transposed. */
export interface MatmulOptions {
  /** a is stored [..., k, m]. Default false. */
  readonly transposeA?: boolean;
  /** b is stored [..., n, k]. Default false. */
  readonly transposeB?: boolean;
}

/** Sizes of a product, and how many there are. */
export interface MatmulSizes {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Also how the products of a batch lie. */
export interface BatchedOptions extends MatmulOptions {
  /** y is [m, batch, n]: rows of all products side by side. Default false: [batch, m, n]. */
  readonly sideBySide?: boolean;
}

/** Who asks for a product: an operation that can also run it as convolutions, or a kernel that cannot, whose choice is another one. */
export type ProductKind = 'matmul' | 'batched_matmul';

/** A batch of matrix products without their contents. */
export interface ProductProblem extends MatmulSizes {
  readonly kind: ProductKind;
  readonly a: ProblemTensor;
  readonly b: ProblemTensor;
  readonly y: ProblemTensor;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly sideBySide: boolean;
}

const BESIDE = ' side_by_side';

/** Names a problem, such as `matmul 36x128x512x256 nt a36x128x256/256+0h b36x512x256/256+0h y36x128x512/512+0`. */
export function productKey(kind: ProductKind, a: Tensor, b: Tensor, y: Tensor, options: BatchedOptions, sizes: MatmulSizes): string {
  const { transposeA = false, transposeB = false, sideBySide = false } = options;
  const { batch, m, n, k } = sizes;
  const count = elementCount(batch);
  // However many axes a batch has, its matrices are the same.
  const place = (tensor: Tensor, matrix: Shape, batched: Shape = [count, ...matrix]): string => {
    const { shape, rowStride, offset, dtype } = tensor as unknown as Placed;
    return placeOf({ shape: shape.length > 2 ? batched : matrix, rowStride, offset, dtype });
  };
  const turned = [transposeA, transposeB].map((each) => (each ? 't' : 'n')).join('');
  const operands = `a${place(a, transposeA ? [k, m] : [m, k])} b${place(b, transposeB ? [n, k] : [k, n])}`;
  const result = sideBySide ? `${place(y, [m, n], [m, count, n])}${BESIDE}` : place(y, [m, n]);
  return `${kind} ${count}x${m}x${n}x${k} ${turned} ${operands} y${result}`;
}

const KEY = new RegExp(
  String.raw`^(matmul|batched_matmul) (\d+)x(\d+)x(\d+)x(\d+) ([nt])([nt]) a${PLACE} b${PLACE} y${PLACE}(${BESIDE})?$`,
);

/** The problem of a name; null for a name of something else. */
export function parseProductProblem(key: string): ProductProblem | null {
  const found = KEY.exec(key)?.slice(1);
  if (!found) return null;
  const [count, m, n, k] = found.slice(1, 5).map(Number) as [number, number, number, number];
  const [a, b, y] = [7, 11, 15].map((at) => tensorIn(found, at)) as [ProblemTensor, ProblemTensor, ProblemTensor];
  return {
    kind: found[0] as ProductKind,
    batch: y.shape.length > 2 ? [count] : [],
    ...{ m, n, k, a, b, y },
    transposeA: found[5] === 't',
    transposeB: found[6] === 't',
    sideBySide: found[19] !== undefined,
  };
}

/** Multiply-adds of all products. */
export const productWork = ({ batch, m, n, k }: ProductProblem): number => elementCount(batch) * m * n * k;
