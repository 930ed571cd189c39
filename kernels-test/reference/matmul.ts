/** Matrix products in float64, straight from the definition. */

interface Sizes {
  batch: number;
  m: number;
  n: number;
  k: number;
  transposeA?: boolean;
  transposeB?: boolean;
}

/** y[b, i, j] = sum of op(a)[b, i, t] op(b)[b, t, j]; an operand that holds one matrix serves the whole batch. */
export function matmul(a: ArrayLike<number>, b: ArrayLike<number>, { batch, m, n, k, transposeA, transposeB }: Sizes): Float64Array {
  const y = new Float64Array(batch * m * n);
  const [stepA, stepB] = [a.length > m * k ? m * k : 0, b.length > k * n ? k * n : 0];
  for (let entry = 0; entry < batch; entry++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let t = 0; t < k; t++)
          sum += a[entry * stepA + (transposeA ? t * m + i : i * k + t)]! * b[entry * stepB + (transposeB ? j * k + t : t * n + j)]!;
        y[(entry * m + i) * n + j] = sum;
      }
  return y;
}
