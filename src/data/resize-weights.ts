/** For each output position: the first input position it reads and its `taps` weights (unused ones are zero). */
export interface ResizeWeights {
  taps: number;
  /** [outputSize] */
  first: Int32Array;
  /** [outputSize][taps], each row sums to 1 */
  weights: Float64Array;
}

/** Keys' cubic convolution kernel with a = -0.5 (IEEE Trans. ASSP 29(6), 1981). */
function cubicKernel(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

/**
 * The weights of a one-dimensional bicubic resize with half-pixel centres. When shrinking, the kernel is widened by the
 * scale (antialiasing); at the borders it is cut off and the rest renormalised. Follows `precompute_coeffs` of Pillow.
 */
export function bicubicWeights(inputSize: number, outputSize: number): ResizeWeights {
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputSize);
  const weights = new Float64Array(outputSize * taps);
  for (let out = 0; out < outputSize; out++) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inputSize, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let i = start; i < end; i++) {
      const weight = cubicKernel((i - centre + 0.5) * (1 / filterScale));
      weights[out * taps + i - start] = weight;
      sum += weight;
    }
    for (let t = 0; t < taps; t++) weights[out * taps + t]! /= sum;
    first[out] = start;
  }
  return { taps, first, weights };
}
