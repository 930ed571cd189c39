import { ShadegradError } from '../../errors.js';
import { zerosLike } from '../../kernels/creation.js';
import * as binaryFunctions from '../../kernels/binary-functions.js';
import * as unaryFunctions from '../../kernels/unary-functions.js';
import type { ElementFunction } from '../../kernels/functions.js';
import { binary, unary } from '../../kernels/map.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { sigmoid, tanh } from './activation.js';
import { add, div, greater, mul, sub, where } from './binary.js';
import { called, type Call } from '../calls.js';
import { track } from '../graph.js';
import { expectName, type OutOption } from './options.js';

/** An operation of one tensor: its result has the shape of x. */
export type Unary = (x: Tensor, options?: OutOption) => Tensor;

/** A function of x whose gradient is computed from x, from the result y, or from neither. */
function unaryOperation(
  name: string,
  fn: ElementFunction,
  from: 'x' | 'y' | 'neither',
  gradient: (dy: Tensor, saved: Tensor) => Tensor,
  numbers: readonly number[] = [],
  attributes: Call['attributes'] = {},
): Unary {
  return (x, options = {}) => {
    const { out } = expectOptions(name, options, ['out']);
    return called(name, [x], { numbers, ...attributes }, () => {
      const y = unary(fn, x, { out, numbers });
      const saved = from === 'y' ? y : x;
      return track(name, [x], y, {
        saved: () => (from === 'neither' ? [] : [saved]),
        backward: (dy) => [gradient(dy, saved)],
        again: () => unary(fn, x, { numbers }),
      });
    });
  };
}

/**
 * A function of x whose gradient is one kernel of x and dy, linear in dy.
 * @param second the second derivative at x, in operations
 */
function activationOperation(
  name: string,
  fn: ElementFunction,
  gradient: ElementFunction,
  second: (x: Tensor) => Tensor,
  numbers: readonly number[] = [],
  attributes: Call['attributes'] = {},
): Unary {
  const derivative = (x: Tensor, dy: Tensor): Tensor =>
    track(`gradient of ${name}`, [x, dy], binary(gradient, x, dy, { numbers }), {
      saved: ([dx, ddy]) => [...(dx || ddy ? [x] : []), ...(dx ? [dy] : [])],
      backward: (g, [dx, ddy]) => [dx ? mul(mul(g, dy), second(x)) : null, ddy ? derivative(x, g) : null],
    });
  return unaryOperation(name, fn, 'x', (dy, x) => derivative(x, dy), numbers, attributes);
}

/**
 * Changes the sign of every element: -x; torch.neg.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const neg = unaryOperation('neg', unaryFunctions.neg, 'neither', (dy) => neg(dy)) as Unary;

/**
 * Takes e to the power of every element: e^x; torch.exp.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const exp = unaryOperation('exp', unaryFunctions.exp, 'y', (dy, y) => mul(dy, y));

/**
 * Takes the natural logarithm of every element: -infinity at zero, NaN below; torch.log.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const log = unaryOperation('log', unaryFunctions.log, 'x', (dy, x) => div(dy, x));

/**
 * Takes the square root of every element: NaN below zero; its gradient at zero is infinite; torch.sqrt.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const sqrt = unaryOperation('sqrt', unaryFunctions.sqrt, 'y', (dy, y) => div(mul(dy, 0.5), y));

/**
 * Squares every element: x^2; torch.square.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const square = unaryOperation('square', unaryFunctions.square, 'x', (dy, x) => mul(mul(dy, 2), x));

/**
 * Takes the sign of every element: -1, 0 or 1, and 0 for a NaN; its gradient is zero; torch.sign.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const sign = unaryOperation('sign', unaryFunctions.sign, 'neither', (dy) => zerosLike(dy));

/**
 * Takes the absolute value of every element: |x|; the gradient at zero is zero; torch.abs.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const abs = unaryOperation('abs', unaryFunctions.abs, 'x', (dy, x) => mul(dy, sign(x)));

/**
 * Takes the reciprocal of every element: 1 / x; torch.reciprocal.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const reciprocal = unaryOperation('reciprocal', unaryFunctions.reciprocal, 'y', (dy, y) => mul(mul(dy, -1), mul(y, y)));

/** Options of clamp(): one bound or both, and a place for the result. */
export interface ClampOptions extends OutOption {
  /** The lower bound. Default: none. */
  min?: number;
  /** The upper bound. Default: none. */
  max?: number;
}

/**
 * Brings every element between two bounds: x, but at least `min` and at most `max` (which wins, should it be the smaller); a NaN stays
 * one. The gradient passes where x lies between the bounds or on one. torch.clamp, tf.clipByValue.
 *
 * @throws INVALID_ARGUMENT when a bound is NaN or both are absent, for another type than f32, or options of other names
 */
export function clamp(x: Tensor, options: ClampOptions = {}): Tensor {
  const { min, max, out } = expectOptions('clamp', options, ['min', 'max', 'out']);
  if ((min === undefined && max === undefined) || Number.isNaN(min) || Number.isNaN(max)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'bounds of clamp', {
      expected: 'min, max or both, as numbers',
      received: `min ${min}, max ${max}`,
      fix: 'give at least one bound: clamp(x, { min: 0 })',
    });
  }
  const numbers = [min ?? -Infinity, max ?? Infinity];
  const passing = (dy: Tensor, saved: Tensor): Tensor => where(unary(unaryFunctions.within, saved, { numbers }), dy, 0);
  return unaryOperation('clamp', unaryFunctions.clamp, 'x', passing, numbers)(x, { out });
}

/**
 * Applies softplus to every element: log(1 + exp(beta x)) / beta. It needs no threshold: it neither overflows nor loses digits
 * anywhere. torch.nn.functional.softplus.
 *
 * @param beta how sharp the bend at zero is, above 0
 * @throws INVALID_ARGUMENT for another beta, another type than f32, or options of other names
 */
export function softplus(x: Tensor, beta = 1, options: OutOption = {}): Tensor {
  const { out } = expectOptions('softplus', options, ['out']);
  expectPositive('beta of softplus', beta);
  const second = (at: Tensor): Tensor => {
    const s = sigmoid(mul(at, beta));
    return mul(mul(s, sub(1, s)), beta);
  };
  return activationOperation('softplus', unaryFunctions.softplus, binaryFunctions.softplusGrad, second, [beta])(x, { out });
}

/**
 * Applies SiLU, also called swish, to every element: x sigmoid(x) (Elfwing et al. 2017); torch.nn.functional.silu.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 * @function
 */
export const silu = activationOperation('silu', unaryFunctions.silu, binaryFunctions.siluGrad, (x) => {
  // With s = sigmoid(x): s (1 - s) (2 + x (1 - 2 s)).
  const s = sigmoid(x);
  return mul(mul(s, sub(1, s)), add(2, mul(x, sub(1, mul(2, s)))));
});

/**
 * Applies ELU to every element: x above zero, alpha (exp(x) - 1) below (Clevert et al. 2015); torch.nn.functional.elu.
 *
 * @param alpha minus the limit far below zero
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names
 */
export function elu(x: Tensor, alpha = 1, options: OutOption = {}): Tensor {
  const { out } = expectOptions('elu', options, ['out']);
  const second = (at: Tensor): Tensor => where(greater(at, 0), 0, mul(exp(clamp(at, { max: 0 })), alpha));
  return activationOperation('elu', unaryFunctions.elu, binaryFunctions.eluGrad, second, [alpha])(x, { out });
}

/** Options of gelu(): exact or approximated, and a place for the result. */
export interface GeluOptions extends OutOption {
  /**
   * Whether to approximate: 'none' has the normal distribution function itself, 'tanh' the approximation that GPT-2 uses. Default
   * 'none'.
   */
  approximate?: 'none' | 'tanh';
}

const exactGelu = activationOperation('gelu', unaryFunctions.gelu, binaryFunctions.geluGrad, (x) => {
  // The density times (2 - x^2).
  const squared = square(x);
  return mul(mul(exp(mul(squared, -0.5)), 1 / Math.sqrt(2 * Math.PI)), sub(2, squared));
});

const tanhGelu = activationOperation(
  'gelu',
  unaryFunctions.geluTanh,
  binaryFunctions.geluTanhGrad,
  (x) => {
    // With t = tanh(u): (1 - t^2) (u' + x (u'' / 2 - t u'^2)), where u' = k (1 + 3 c x^2) and u'' = 6 k c x.
    const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
    const squared = square(x);
    const t = tanh(mul(mul(x, k), add(1, mul(squared, c))));
    const slope = add(k, mul(squared, 3 * k * c));
    return mul(sub(1, square(t)), add(slope, mul(x, sub(mul(x, 3 * k * c), mul(t, square(slope))))));
  },
  [],
  { approximate: 'tanh' },
);

/**
 * Applies GELU to every element: x times the normal distribution function at x (Hendrycks and Gimpel 2016); torch.nn.functional.gelu.
 *
 * @throws INVALID_ARGUMENT for another type than f32, or options of other names or values
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  const { approximate = 'none', out } = expectOptions('gelu', options, ['approximate', 'out']);
  expectName('approximate of gelu', ['none', 'tanh'], approximate);
  return (approximate === 'tanh' ? tanhGelu : exactGelu)(x, { out });
}

function expectPositive(what: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: 'a finite number above 0',
    received: String(value),
    fix: 'leave it out for 1',
  });
}
