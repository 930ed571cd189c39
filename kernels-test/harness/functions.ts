import * as ops from '../../src/autograd/ops.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** Operations of one tensor by the names of reference/functions.ts; some names stand for an operation with options. */
export const unary: Record<string, (x: Tensor, options?: { out?: Tensor }) => Tensor> = {
  neg: ops.neg,
  exp: ops.exp,
  log: ops.log,
  sqrt: ops.sqrt,
  square: ops.square,
  abs: ops.abs,
  sign: ops.sign,
  reciprocal: ops.reciprocal,
  clamp: (x, options) => ops.clamp(x, { min: -0.5, max: 1.25, ...options }),
  softplus: (x, options) => ops.softplus(x, 1, options),
  softplus2: (x, options) => ops.softplus(x, 2, options),
  silu: ops.silu,
  elu: (x, options) => ops.elu(x, 1, options),
  elu2: (x, options) => ops.elu(x, 0.7, options),
  gelu: ops.gelu,
  geluTanh: (x, options) => ops.gelu(x, { approximate: 'tanh', ...options }),
};

export const arithmetic = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  pow: ops.pow,
  minimum: ops.minimum,
  maximum: ops.maximum,
};

export const comparisons = {
  equal: ops.equal,
  notEqual: ops.notEqual,
  greater: ops.greater,
  greaterEqual: ops.greaterEqual,
  less: ops.less,
  lessEqual: ops.lessEqual,
};
