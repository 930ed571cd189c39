/** Batch norm in float64, written from the definition, for comparison with the kernels. */

export interface NormStatistics {
  mean: Float64Array;
  /** Biased. */
  variance: Float64Array;
  inverseStd: Float64Array;
}

/** @param x [rows][channels] */
export function statistics(x: ArrayLike<number>, channels: number, epsilon: number): NormStatistics {
  const rows = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) mean[i % channels]! += x[i]! / rows;
  for (let i = 0; i < x.length; i++) variance[i % channels]! += (x[i]! - mean[i % channels]!) ** 2 / rows;
  return { mean, variance, inverseStd: variance.map((value) => 1 / Math.sqrt(value + epsilon)) };
}

export function apply(
  x: ArrayLike<number>,
  { mean, inverseStd }: { mean: ArrayLike<number>; inverseStd: ArrayLike<number> },
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
): Float64Array {
  const channels = gamma.length;
  return Float64Array.from({ length: x.length }, (_, i) => {
    const c = i % channels;
    return (x[i]! - mean[c]!) * inverseStd[c]! * gamma[c]! + beta[c]!;
  });
}

export interface NormGradients {
  input: Float64Array;
  gamma: Float64Array;
  beta: Float64Array;
}

/** @param dependent whether the statistics are those of x itself, so that they change with it */
export function gradients(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  { mean, inverseStd }: { mean: ArrayLike<number>; inverseStd: ArrayLike<number> },
  gamma: ArrayLike<number>,
  dependent: boolean,
): NormGradients {
  const channels = gamma.length;
  const rows = x.length / channels;
  const gammaGradient = new Float64Array(channels);
  const betaGradient = new Float64Array(channels);
  const normalised = (i: number): number => (x[i]! - mean[i % channels]!) * inverseStd[i % channels]!;
  for (let i = 0; i < x.length; i++) {
    gammaGradient[i % channels]! += dy[i]! * normalised(i);
    betaGradient[i % channels]! += dy[i]!;
  }
  const input = Float64Array.from({ length: x.length }, (_, i) => {
    const c = i % channels;
    const through = dependent ? (betaGradient[c]! + normalised(i) * gammaGradient[c]!) / rows : 0;
    return gamma[c]! * inverseStd[c]! * (dy[i]! - through);
  });
  return { input, gamma: gammaGradient, beta: betaGradient };
}
