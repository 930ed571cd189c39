/** Functions of single numbers in float64, by the names of the operations. */

/** The normal distribution function: its power series near zero, a continued fraction in the tails. */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  let tail: number;
  if (size < 3) {
    let [term, sum] = [size, size];
    for (let k = 3; k < 120; k += 2) sum += term *= (size * size) / k;
    tail = 0.5 - density * sum;
  } else {
    let fraction = size;
    for (let k = 80; k > 0; k--) fraction = size + k / fraction;
    tail = density / fraction;
  }
  return x > 0 ? 1 - tail : tail;
}

export const unary: Record<string, (x: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  abs: Math.abs,
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  reciprocal: (x) => 1 / x,
  clamp: (x) => Math.min(Math.max(x, -0.5), 1.25),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softplus2: (x) => unary.softplus!(2 * x) / 2,
  silu: (x) => x / (1 + Math.exp(-x)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  elu2: (x) => (x > 0 ? x : 0.7 * Math.expm1(x)),
  gelu: (x) => x * normalCdf(x),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

export const binary: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
};
