import type { Activation } from '../../src/kernels/activation.js';

/** Activation functions in float64, one number at a time. */
export function activate(kind: Activation, x: number, slope: number): number {
  switch (kind) {
    case 'relu':
      return Math.max(x, 0);
    case 'leakyRelu':
      return x > 0 ? x : slope * x;
    case 'tanh':
      return Math.tanh(x);
    case 'sigmoid':
      return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }
}
