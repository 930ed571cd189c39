/**
 * Reading PyTorch goldens and comparing with them. A golden is imported as a module
 * (`import conv2d from '../goldens/conv2d.json'`), which the bundler inlines, so the same test
 * runs in Node and in a browser.
 */
import { elementCount, values } from './deterministic.js';

/** An array as a golden stores it: base64 of little-endian float32, row-major in `shape`. */
export interface StoredArray {
  shape: number[];
  float32: string;
}

/** What stands for an array too large to store; written by `summarise` in scripts/goldens/common.py. */
export interface ArraySummary {
  name: string;
  shape: number[];
  /** sample i is element (i * sampleStride) mod length */
  sampleStride: number;
  samples: StoredArray;
  sum: number;
  l1: number;
  l2: number;
  /** dot product with values(`projection/${name}`, length) */
  projection: number;
}

/** An element passes where |actual - expected| <= absolute + relative * |expected|. */
export interface Tolerance {
  absolute?: number;
  relative?: number;
  /** what was compared, for the message */
  label: string;
}

/** Decodes a stored array; throws where its bytes do not fill its shape. */
export function float32(field: StoredArray): Float32Array {
  const binary = atob(field.float32);
  const length = elementCount(field.shape);
  if (binary.length !== length * 4) {
    throw new Error(`golden array of shape [${field.shape}] holds ${binary.length} bytes, not ${length * 4}`);
  }
  const view = new DataView(new ArrayBuffer(binary.length));
  for (let i = 0; i < binary.length; i++) view.setUint8(i, binary.charCodeAt(i));
  return Float32Array.from({ length }, (_, i) => view.getFloat32(i * 4, true));
}

/**
 * Compares every element; throws an Error that names the worst one.
 * A length mismatch and any NaN fail; infinities pass only where both sides hold the same one.
 */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance): void {
  const { absolute = 0, relative = 0, label } = tolerance;
  assertSameLength(actual, expected, label);
  let worst = -1;
  let worstExcess = 0;
  let failures = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (a === e) continue;
    const allowed = absolute + relative * Math.abs(e);
    const difference = Math.abs(a - e);
    if (Number.isFinite(difference) && difference <= allowed) continue;
    failures++;
    const excess = Number.isFinite(difference) ? difference - allowed : Infinity;
    if (worst < 0 || excess > worstExcess) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst < 0) return;
  const a = actual[worst]!;
  const e = expected[worst]!;
  throw new Error(
    `${label}: ${failures} of ${expected.length} elements differ; worst at [${worst}]: actual ${a}, ` +
      `expected ${e}, difference ${Math.abs(a - e)} (allowed ${absolute + relative * Math.abs(e)})`,
  );
}

/** Compares as vectors: |actual - expected| <= relative * |expected| in the 2-norm; NaN and length mismatches fail. */
export function assertCloseInNorm(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, label }: { relative: number; label: string },
): void {
  assertSameLength(actual, expected, label);
  const difference = relativeDifference(actual, expected);
  if (!(difference <= relative)) {
    throw new Error(`${label}: differs by ${difference} relative in the 2-norm (allowed ${relative})`);
  }
}

/** |actual - expected| / |expected| in the 2-norm; 0 where both are all zeros. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let differences = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    differences += (actual[i]! - expected[i]!) ** 2;
    squares += expected[i]! ** 2;
  }
  return differences === 0 ? 0 : Math.sqrt(differences / squares);
}

/**
 * Compares an array with a golden's summary: the samples in the 2-norm, the norms, and two sums
 * that see every element. An error e with |e| <= relative * l2 passes them all: the projection's
 * directions are uniform in [-1, 1), so e's dot product has a deviation of |e| / sqrt(3), and
 * twice the l2 bound is 3.5 deviations.
 */
export function assertMatchesSummary(
  actual: ArrayLike<number>,
  summary: ArraySummary,
  { relative, label = summary.name }: { relative: number; label?: string },
): void {
  const length = elementCount(summary.shape);
  if (actual.length !== length) {
    throw new Error(`${label}: ${actual.length} elements, expected ${length} ([${summary.shape}])`);
  }
  const direction = values(`projection/${summary.name}`, length);
  let sum = 0;
  let l1 = 0;
  let squares = 0;
  let projection = 0;
  for (let i = 0; i < length; i++) {
    const a = actual[i]!;
    sum += a;
    l1 += Math.abs(a);
    squares += a * a;
    projection += a * direction[i]!;
  }
  const expected = float32(summary.samples);
  const samples = expected.map((_, i) => actual[(i * summary.sampleStride) % length]!);
  assertCloseInNorm(samples, expected, { relative, label: `${label} (samples)` });
  const scalar = (what: string, a: number, e: number, allowed: number): void =>
    assertClose([a], [e], { absolute: allowed, label: `${label} (${what})` });
  scalar('l2', Math.sqrt(squares), summary.l2, relative * summary.l2);
  scalar('l1', l1, summary.l1, relative * summary.l1);
  scalar('sum', sum, summary.sum, relative * summary.l1);
  scalar('projection', projection, summary.projection, 2 * relative * summary.l2);
}

function assertSameLength(actual: ArrayLike<number>, expected: ArrayLike<number>, label: string): void {
  if (actual.length !== expected.length) {
    throw new Error(`${label}: ${actual.length} elements, expected ${expected.length}`);
  }
}
