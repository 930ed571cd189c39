import type { Operand } from '../kernels/map.js';
import { Tensor } from '../tensor/tensor.js';
import { backward } from './backward.js';
import * as ops from './ops.js';

/** Operations that are methods too: `x.add(y)` is `add(x, y)`. A row here gives an operation its method. */
const methods = {
  abs: ops.abs,
  add: ops.add,
  argmax: ops.argmax,
  argmin: ops.argmin,
  backward,
  clamp: ops.clamp,
  copy: ops.copy,
  div: ops.div,
  elu: ops.elu,
  equal: ops.equal,
  exp: ops.exp,
  expand: ops.expand,
  flatten: ops.flatten,
  flip: ops.flip,
  gelu: ops.gelu,
  greater: ops.greater,
  greaterEqual: ops.greaterEqual,
  leakyRelu: ops.leakyRelu,
  less: ops.less,
  lessEqual: ops.lessEqual,
  log: ops.log,
  logSoftmax: ops.logSoftmax,
  matmul: ops.matmul,
  max: ops.max,
  maximum: ops.maximum,
  mean: ops.mean,
  min: ops.min,
  minimum: ops.minimum,
  mul: ops.mul,
  neg: ops.neg,
  notEqual: ops.notEqual,
  pad: ops.pad,
  permute: ops.permute,
  pow: ops.pow,
  reciprocal: ops.reciprocal,
  relu: ops.relu,
  sigmoid: ops.sigmoid,
  sign: ops.sign,
  silu: ops.silu,
  slice: ops.slice,
  softmax: ops.softmax,
  softplus: ops.softplus,
  split: ops.split,
  sqrt: ops.sqrt,
  square: ops.square,
  squeeze: ops.squeeze,
  sub: ops.sub,
  sum: ops.sum,
  tanh: ops.tanh,
  transpose: ops.transpose,
  unsqueeze: ops.unsqueeze,
  /** x where the condition is not zero, `other` elsewhere, as PyTorch's method has it. */
  where: (x: Tensor, condition: Tensor, other: Operand): Tensor => ops.where(condition, x, other),
};

/** A function of a tensor as the tensor's method. */
type Method<F> = F extends (x: Tensor, ...others: infer Others) => infer Result ? (...others: Others) => Result : never;

/** The operations as methods of a tensor: each is the function of its name, with the tensor as its first argument. */
export type OperationMethods = { [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module '../tensor/tensor.js' {
  // The tensor's own room knows nothing of operations: they join it here, for the compiler and as the program is loaded.
  interface Tensor extends OperationMethods {}
}

for (const [name, operation] of Object.entries(methods) as [string, (x: Tensor, ...others: unknown[]) => unknown][]) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...others: unknown[]) {
      return operation(this, ...others);
    },
    writable: true,
    configurable: true,
  });
}
