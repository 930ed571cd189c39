import { zerosLike } from '../../kernels/creation.js';
import * as binaryFunctions from '../../kernels/binary-functions.js';
import type { Operand } from '../../kernels/map.js';
import type { Tensor } from '../../tensor/tensor.js';
import { binaryOperation, equal, greaterEqual, mul, sub, where } from './binary.js';
import type { OutOption } from './options.js';
import { log } from './unary.js';

/**
 * Takes a to the power of b, element by element, by the rules of IEEE 754: a negative base has powers with whole exponents only, and
 * 0^0 = 1. Whole exponents up to 64 are multiplied out; for others the relative error is about (2 + |b log a|) 2^-23. Shapes broadcast;
 * a number stands for a tensor of it, on either side. torch.pow.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const pow: (a: Operand, b: Operand, options?: OutOption) => Tensor = binaryOperation(
  'pow',
  binaryFunctions.pow,
  { from: ['a', 'b'], gradient: (dy, { a, b }) => baseGradient(dy, a, b) },
  { from: ['a', 'b', 'y'], gradient: exponentGradient },
);

/** dy b a^(b - 1), and zero where b is zero: there a^-1 may be infinite. */
function baseGradient(dy: Tensor, a: Operand, b: Operand): Tensor {
  if (b === 0) return zerosLike(dy);
  if (typeof b === 'number') return mul(mul(dy, b), b === 1 ? 1 : pow(a, b - 1));
  return where(equal(b, 0), 0, mul(dy, mul(b, pow(a, sub(b, 1)))));
}

/** dy y log(a), and zero where a = 0 and b >= 0: there y is constant, but log(a) infinite. A NaN where a < 0, as in PyTorch. */
function exponentGradient(dy: Tensor, { a, b, y }: { a: Operand; b: Operand; y: Tensor }): Tensor {
  if (typeof a === 'number' && a > 0) return mul(mul(dy, y), Math.log(a));
  const constant = mul(typeof a === 'number' ? Number(a === 0) : equal(a, 0), greaterEqual(b, 0));
  const base = where(constant, 1, a);
  return mul(mul(dy, y), log(base));
}
