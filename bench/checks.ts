import { assertClose, type Tolerance } from '../kernels-test/harness/golden.js';
import type { Tensor } from '../src/tensor/tensor.js';

/** Elements that a sampled check computes. */
const SAMPLES = 96;

/** Compares every element with `expected(index)`. @throws Error that names the worst one */
export async function checkAll(result: Tensor, expected: (index: number) => number, tolerance: Tolerance): Promise<void> {
  const actual = await result.data();
  assertClose(
    actual,
    Float64Array.from({ length: actual.length }, (_, index) => expected(index)),
    tolerance,
  );
}

/**
 * Compares elements spread over the whole tensor, both ends among them: for results whose every element is dear to
 * compute on the host. The shape that is timed is thus also the one that is checked.
 */
export async function checkSamples(result: Tensor, expected: (index: number) => number, tolerance: Tolerance): Promise<void> {
  const actual = await result.data();
  const indices = sampleIndices(actual.length, SAMPLES);
  assertClose(
    indices.map((index) => actual[index]!),
    indices.map(expected),
    tolerance,
  );
}

/** `count` indices from 0 to length - 1 at nearly equal distances. A distance that is odd visits every channel and column. */
export function sampleIndices(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, index) => index);
  const distance = Math.floor((length - 1) / (count - 1)) | 1;
  const indices = Array.from({ length: count }, (_, sample) => (sample * distance) % length);
  return [...indices, length - 1];
}
