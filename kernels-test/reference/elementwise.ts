/** Elementwise arithmetic in float64. */

export function addScaled(a: ArrayLike<number>, b: ArrayLike<number>, scaleA: number, scaleB: number): Float64Array {
  return Float64Array.from({ length: a.length }, (_, i) => scaleA * a[i]! + scaleB * b[i]!);
}

export function multiply(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: a.length }, (_, i) => a[i]! * b[i]!);
}

/** x[r, c] + bias[c] */
export function addBias(x: ArrayLike<number>, bias: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => x[i]! + bias[i % bias.length]!);
}

/** Sum over the rows of x for each of its channels. */
export function sumRows(x: ArrayLike<number>, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) sums[i % channels]! += x[i]!;
  return sums;
}
