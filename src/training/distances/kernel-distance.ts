import { epochPermutation } from '../../data/shuffle.js';
import { ShadegradError } from '../../errors.js';
import type { FeatureRows } from './feature-rows.js';
import { rowProducts } from './singular-values.js';

/** Images of a set that are compared with each other at most; the sets are cut into as many parts as that takes. */
const PART = 1000;

/** A kernel distance of two sets. */
export interface KernelDistance {
  /** The mean over the parts; of equal distributions about 0, and it may come out below. */
  readonly distance: number;
  /** The standard deviation over the parts; 0 where there is one. */
  readonly deviation: number;
}

/**
 * Measures the squared maximum mean discrepancy of two sets of features, by the kernel (x y / dimensions + 1)^3 and without bias. Of the
 * features of Inception-v3 it is the KID (Binkowski et al. 2018), which means something of small sets, too.
 *
 * @param seed a whole number of 32 bits: of sets above 1,000 images it draws the parts, each of which has other images
 * @throws INVALID_ARGUMENT for features of different lengths, and fewer than two images of a set
 */
export function kernelDistance(a: FeatureRows, b: FeatureRows, seed = 0): KernelDistance {
  if (b.dimensions !== a.dimensions || Math.min(a.count, b.count) < 2) {
    throw new ShadegradError('INVALID_ARGUMENT', 'sets of a kernel distance', {
      expected: 'at least two images of each set, with features of one length',
      received: `${a.count} images with ${a.dimensions} features and ${b.count} with ${b.dimensions}`,
      fix: 'measure larger sets, by one network',
    });
  }
  const parts = Math.ceil(Math.min(a.count, b.count) / PART);
  const [first, second] = [partsOf(a, parts, seed), partsOf(b, parts, seed)];
  const distances = first.map((part, at) => discrepancy(part, second[at]!, a.dimensions));
  const mean = distances.reduce((sum, each) => sum + each, 0) / parts;
  const squares = distances.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { distance: mean, deviation: Math.sqrt(squares / parts) };
}

/** Images of a set at random, in so many parts of one size, at most PART each; a single part has its images in their order. */
function partsOf(features: FeatureRows, parts: number, seed: number): Float64Array[] {
  const { dimensions, count } = features;
  const order = parts > 1 || count > PART ? epochPermutation(count, seed, 0) : Uint32Array.from({ length: count }, (_, i) => i);
  const size = Math.min(PART, Math.floor(count / parts));
  return Array.from({ length: parts }, (_, part) => {
    const rows = new Float64Array(size * dimensions);
    for (let i = 0; i < size; i++) rows.set(features.at(order[part * size + i]!), i * dimensions);
    return rows;
  });
}

function discrepancy(a: Float64Array, b: Float64Array, n: number): number {
  return meanOfPairs(a, n) + meanOfPairs(b, n) - 2 * meanOf(a, b, n);
}

const kernel = (product: number, n: number): number => (product / n + 1) ** 3;

/** The mean kernel of all pairs of two sets. */
function meanOf(a: Float64Array, b: Float64Array, n: number): number {
  const products = rowProducts(a, a.length / n, b, b.length / n, n);
  return products.reduce((sum, product) => sum + kernel(product, n), 0) / products.length;
}

/** The mean kernel of all pairs of a set but those of an image with itself. */
function meanOfPairs(a: Float64Array, n: number): number {
  const count = a.length / n;
  const products = rowProducts(a, count, a, count, n);
  let sum = 0;
  for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) if (i !== j) sum += kernel(products[i * count + j]!, n);
  return sum / (count * (count - 1));
}
