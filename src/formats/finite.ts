import { ShadegradError } from '../errors.js';
import type { Shape } from '../tensor/shape.js';
import { quote } from './safetensors.js';

/** Sign and exponent of a float32: all bits of the exponent are set in NaN and the infinities, and in nothing else. */
const EXPONENT = 0x7f80_0000;
/** Tensors of squares by the names that PyTorch, TensorFlow and this library give them: a root is taken of each number. */
const SQUARES = /(?:^|[./])(?:running_var|moving_variance|exp_avg_sq)$|\.secondMoment\./;

/** What is wrong with a number, what would be right, and what can be done. */
const NEGATIVE = [
  'a negative variance',
  'numbers of at least 0, as means of squares are',
  'use the file before it was changed, or an earlier checkpoint',
] as const;
const NOT_FINITE = [
  'what is no finite number',
  'finite numbers within the range of float32',
  'use an earlier checkpoint: this network diverged before it was saved, or was damaged since',
] as const;

/** A tensor as its file names it; of a part of one, where in the tensor the part begins. */
export interface NamedNumbers {
  /** Names the file in errors. */
  readonly label: string;
  readonly name: string;
  readonly shape: Shape;
  /** Index of the first number in its tensor. Default 0. */
  readonly start?: number;
}

/** Whether every number of a tensor of this name has to be at least 0. */
export const holdsSquares = (name: string): boolean => SQUARES.test(name);

/**
 * Index of the first number that no network can compute with: NaN, an infinity, or a negative one among squares.
 *
 * @param from where to begin to look
 * @returns -1 when there is none
 */
export function findBadNumber(values: Float32Array, squares = false, from = 0): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = from; i < bits.length; i++) {
    if ((bits[i]! & EXPONENT) === EXPONENT || (squares && values[i]! < 0)) return i;
  }
  return -1;
}

/**
 * Checks that a network can compute with these numbers: they are finite, and variances are at least 0.
 *
 * @throws WEIGHTS_CORRUPT with the first one that is not, by its tensor, index and value
 */
export function checkNumbers(values: Float32Array, { label, name, shape, start = 0 }: NamedNumbers): void {
  const index = findBadNumber(values, holdsSquares(name));
  if (index < 0) return;
  const value = values[index]!;
  const negative = Number.isFinite(value);
  const [what, expected, fix] = negative ? NEGATIVE : NOT_FINITE;
  throw new ShadegradError('WEIGHTS_CORRUPT', `${label}: tensor ${quote(name)} holds ${what}`, {
    expected,
    received: `${value} at index ${describeIndex(start + index, shape)}`,
    fix,
  });
}

/** `70, at [1, 2, 3] of [4, 5, 6]`: a number's place in its tensor, counted from 0. */
export function describeIndex(index: number, shape: Shape): string {
  if (shape.length < 2) return String(index);
  const place: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return `${index}, at [${place.join(', ')}] of [${shape.join(', ')}]`;
}
