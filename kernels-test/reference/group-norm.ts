/** Normalisation by groups in float64, straight from the definition. */

interface Layout {
  images: number;
  rows: number;
  channels: number;
  groups: number;
}

/** x [images][rows][channels], each group of neighbouring channels of each image by its own moments; then gamma and beta [channels]. */
export function normalise(
  x: ArrayLike<number>,
  { images, rows, channels, groups }: Layout,
  gamma?: ArrayLike<number>,
  beta?: ArrayLike<number>,
  epsilon = 1e-5,
): Float64Array {
  const y = new Float64Array(x.length);
  const size = channels / groups;
  for (let n = 0; n < images; n++) {
    for (let g = 0; g < groups; g++) {
      const indices = Array.from({ length: rows * size }, (_, k) => (n * rows + Math.floor(k / size)) * channels + g * size + (k % size));
      const mean = indices.reduce((sum, i) => sum + x[i]!, 0) / indices.length;
      const variance = indices.reduce((sum, i) => sum + (x[i]! - mean) ** 2, 0) / indices.length;
      for (const i of indices)
        y[i] = ((x[i]! - mean) / Math.sqrt(variance + epsilon)) * (gamma ? gamma[i % channels]! : 1) + (beta ? beta[i % channels]! : 0);
    }
  }
  return y;
}
