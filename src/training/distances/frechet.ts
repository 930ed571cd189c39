import { ShadegradError } from '../../errors.js';
import { factor, rowProducts, sumOfSingularValues } from './singular-values.js';
import type { FeatureRows } from './feature-rows.js';

/** The mean and the covariance of features. */
interface Moments {
  readonly mean: Float64Array;
  /** [dimensions, dimensions], with one less than the rows as its divisor. */
  readonly covariance: Float64Array;
}

/** Rows that are multiplied at a time. */
const BLOCK = 32;

/** The moments of rows, in float64, of what lies about the first row: of features far from 0 little would be left otherwise. */
function momentsOf({ dimensions: n, count, rows }: FeatureRows): Moments {
  const origin = Float64Array.from(rows[0]!.subarray(0, n));
  const sums = new Float64Array(n);
  const products = new Float64Array(n * n);
  const block = new Float64Array(n * BLOCK);
  let filled = 0;
  const flush = (): void => {
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        let sum = 0;
        for (let r = 0; r < BLOCK; r++) sum += block[i * BLOCK + r]! * block[j * BLOCK + r]!;
        products[i * n + j]! += sum;
      }
    }
    block.fill(0);
    filled = 0;
  };
  for (const part of rows) {
    for (let start = 0; start < part.length; start += n) {
      for (let i = 0; i < n; i++) {
        const number = part[start + i]! - origin[i]!;
        sums[i]! += number;
        block[i * BLOCK + filled] = number;
      }
      if (++filled === BLOCK) flush();
    }
  }
  flush();
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const covariance = (products[i * n + j]! - (sums[i]! * sums[j]!) / count) / (count - 1);
      products[i * n + j] = products[j * n + i] = covariance;
    }
  }
  return { mean: sums.map((sum, i) => origin[i]! + sum / count), covariance: products };
}

/**
 * Measures the Frechet distance of the Gaussians that have the means and covariances of two sets of features:
 * |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)). Of the features of Inception-v3 it is the FID (Heusel et al. 2017).
 *
 * With C1 = A' A and C2 = B' B, the trace of the root is the sum of the singular values of A B'. So no root is drawn of rounded
 * eigenvalues near 0, of which sets smaller than their features have many, and equal sets lie at 0.
 *
 * @throws INVALID_ARGUMENT for features of different lengths, fewer than two of a set, or numbers that are not finite
 */
export function frechetDistance(a: FeatureRows, b: FeatureRows): number {
  const { dimensions: n } = a;
  if (b.dimensions !== n || Math.min(a.count, b.count) < 2) {
    throw new ShadegradError('INVALID_ARGUMENT', 'sets of a Frechet distance', {
      expected: 'at least two images of each set, with features of one length',
      received: `${a.count} images with ${n} features and ${b.count} with ${b.dimensions}`,
      fix: 'measure larger sets, by one network',
    });
  }
  const [first, second] = [momentsOf(a), momentsOf(b)];
  let squares = 0;
  let traces = 0;
  for (let i = 0; i < n; i++) {
    squares += (first.mean[i]! - second.mean[i]!) ** 2;
    traces += first.covariance[i * n + i]! + second.covariance[i * n + i]!;
  }
  const [left, right] = [factor(first.covariance, n), factor(second.covariance, n)];
  const products = rowProducts(left.rows, left.rank, right.rows, right.rank, n);
  return Math.max(0, squares + traces - 2 * sumOfSingularValues(products, left.rank, right.rank));
}
