import { elementCount, type Shape } from '../tensor/shape.js';
import type { DType, Tensor } from '../tensor/tensor.js';
import { placeOf, type Placed, type ProblemTensor } from './conv2d/problem.js';

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

/** A batch of matrix products without their contents. */
export interface ProductProblem extends MatmulSizes {
  readonly a: ProblemTensor;
  readonly b: ProblemTensor;
  /** The type of the result. */
  readonly result: DType;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Names a problem, such as `matmul 36x128x512x256 nt a36x128x256/256+0h b36x512x256/256+0h yf32`. */
export function productKey(a: Tensor, b: Tensor, y: Tensor, options: MatmulOptions, sizes: MatmulSizes): string {
  const { batch, m, n, k } = sizes;
  const turned = [options.transposeA, options.transposeB].map((each) => (each ? 't' : 'n')).join('');
  const place = (tensor: Tensor): string => placeOf(tensor as unknown as Placed);
  return `matmul ${elementCount(batch)}x${m}x${n}x${k} ${turned} a${place(a)} b${place(b)} y${y.dtype}`;
}

const PLACE = String.raw`(\d+(?:x\d+)+)/(\d+)\+([0-3])(h?)`;
const KEY = new RegExp(String.raw`^matmul (\d+)x(\d+)x(\d+)x(\d+) ([nt])([nt]) a${PLACE} b${PLACE} y(f32|f16)$`);

/** The problem of a name; null for a name of something else. */
export function parseProductProblem(key: string): ProductProblem | null {
  const found = KEY.exec(key)?.slice(1);
  if (!found) return null;
  const [count, m, n, k] = found.slice(0, 4).map(Number) as [number, number, number, number];
  const tensor = (at: number): ProblemTensor => ({
    shape: found[at]!.split('x').map(Number),
    rowStride: Number(found[at + 1]),
    misaligned: Number(found[at + 2]),
    dtype: found[at + 3] === 'h' ? 'f16' : 'f32',
  });
  const [a, b] = [tensor(6), tensor(10)];
  const batch: Shape = a.shape.length > 2 || b.shape.length > 2 ? [count] : [];
  return { batch, m, n, k, a, b, result: found[14] as DType, transposeA: found[4] === 't', transposeB: found[5] === 't' };
}

/** Multiply-adds of all products. */
export const productWork = ({ batch, m, n, k }: ProductProblem): number => elementCount(batch) * m * n * k;
