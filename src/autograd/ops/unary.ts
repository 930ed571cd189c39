import { ShadegradError } from '../../gpu/errors.js';
import { zerosLike } from '../../kernels/creation.js';
import { binaryFunctions, unaryFunctions, type ElementFunction } from '../../kernels/functions.js';
import { binary, unary } from '../../kernels/map.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { sigmoid, tanh } from './activation.js';
import { add, div, greater, mul, sub, where } from './binary.js';
import { called, type Call } from '../calls.js';
import { track } from '../graph.js';
import { expectName, type OutOption } from './options.js';

type Unary = (x: Tensor, options?: OutOption) => Tensor;

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
      return track(name, [x], y, { saved: () => (from === 'neither' ? [] : [saved]), backward: (dy) => [gradient(dy, saved)] });
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

/** -x */
export const neg = unaryOperation('neg', unaryFunctions.neg, 'neither', (dy) => neg(dy)) as Unary;

/** e^x */
export const exp = unaryOperation('exp', unaryFunctions.exp, 'y', (dy, y) => mul(dy, y));

/** Natural logarithm; -infinity at zero, NaN below. */
export const log = unaryOperation('log', unaryFunctions.log, 'x', (dy, x) => div(dy, x));

/** Square root; NaN below zero. Its gradient at zero is infinite. */
export const sqrt = unaryOperation('sqrt', unaryFunctions.sqrt, 'y', (dy, y) => div(mul(dy, 0.5), y));

/** x^2 */
export const square = unaryOperation('square', unaryFunctions.square, 'x', (dy, x) => mul(mul(dy, 2), x));

/** -1, 0 or 1; 0 for a NaN. Its gradient is zero. */
export const sign = unaryOperation('sign', unaryFunctions.sign, 'neither', (dy) => zerosLike(dy));

/** |x|; the gradient at zero is zero. */
export const abs = unaryOperation('abs', unaryFunctions.abs, 'x', (dy, x) => mul(dy, sign(x)));

/** 1 / x */
export const reciprocal = unaryOperation('reciprocal', unaryFunctions.reciprocal, 'y', (dy, y) => mul(mul(dy, -1), mul(y, y)));

export interface ClampOptions extends OutOption {
  /** Default: no lower bound. */
  min?: number;
  /** Default: no upper bound. */
  max?: number;
}

/**
 * x, but at least `min` and at most `max` (which wins, should it be the smaller); a NaN stays one. The gradient passes where x lies
 * between the bounds or on one.
 *
 * @throws INVALID_ARGUMENT when a bound is NaN or both are absent
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

/** log(1 + exp(beta x)) / beta. It needs no threshold: it neither overflows nor loses digits anywhere. */
export function softplus(x: Tensor, beta = 1, options: OutOption = {}): Tensor {
  const { out } = expectOptions('softplus', options, ['out']);
  expectPositive('beta of softplus', beta);
  const second = (at: Tensor): Tensor => {
    const s = sigmoid(mul(at, beta));
    return mul(mul(s, sub(1, s)), beta);
  };
  return activationOperation('softplus', unaryFunctions.softplus, binaryFunctions.softplusGrad, second, [beta])(x, { out });
}

/** x sigmoid(x) (Elfwing et al. 2017), also called swish. */
export const silu = activationOperation('silu', unaryFunctions.silu, binaryFunctions.siluGrad, (x) => {
  // With s = sigmoid(x): s (1 - s) (2 + x (1 - 2 s)).
  const s = sigmoid(x);
  return mul(mul(s, sub(1, s)), add(2, mul(x, sub(1, mul(2, s)))));
});

/** x above zero, alpha (exp(x) - 1) below (Clevert et al. 2015). */
export function elu(x: Tensor, alpha = 1, options: OutOption = {}): Tensor {
  const { out } = expectOptions('elu', options, ['out']);
  const second = (at: Tensor): Tensor => where(greater(at, 0), 0, mul(exp(clamp(at, { max: 0 })), alpha));
  return activationOperation('elu', unaryFunctions.elu, binaryFunctions.eluGrad, second, [alpha])(x, { out });
}

export interface GeluOptions extends OutOption {
  /** 'none' has the normal distribution function itself, 'tanh' the approximation that GPT-2 uses. Default 'none'. */
  approximate?: 'none' | 'tanh';
}

const exactGelu = activationOperation('gelu', unaryFunctions.gelu, binaryFunctions.geluGrad, (x) => {
  // The density times (2 - x^2).
  const squared = square(x);
  return mul(mul(exp(mul(squared, -0.5)), 1 / Math.sqrt(2 * Math.PI)), sub(2, squared));
});

const tanhGelu = activationOperation('gelu', unaryFunctions.geluTanh, binaryFunctions.geluTanhGrad, (x) => {
  // With t = tanh(u): (1 - t^2) (u' + x (u'' / 2 - t u'^2)), where u' = k (1 + 3 c x^2) and u'' = 6 k c x.
  const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const squared = square(x);
  const t = tanh(mul(mul(x, k), add(1, mul(squared, c))));
  const slope = add(k, mul(squared, 3 * k * c));
  return mul(sub(1, square(t)), add(slope, mul(x, sub(mul(x, 3 * k * c), mul(t, square(slope))))));
}, [], { approximate: 'tanh' });

/** x times the normal distribution function at x (Hendrycks and Gimpel 2016). */
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
