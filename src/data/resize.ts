import { createImage, expectImage, type RgbImage } from './image.js';

/** Fixed-point bits of the weights, as in Pillow's 8-bit path: 32 - 8 (a byte) - 2 (overshoot and sign). */
const PRECISION_BITS = 22;

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

function toFixedPoint(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (w) => Math.trunc(w * (1 << PRECISION_BITS) + (w < 0 ? -0.5 : 0.5)));
}

/** One separable pass along an axis whose neighbours lie `stride` bytes apart; every other index is a `line` start. */
function resizeAxis(
  source: Uint8Array,
  target: Uint8Array,
  plan: ResizeWeights,
  outputSize: number,
  inputSize: number,
  sourceStride: number,
  targetStride: number,
  lines: number,
  sourceLine: (line: number) => number,
  targetLine: (line: number) => number,
): void {
  const { taps, first } = plan;
  const fixed = toFixedPoint(plan.weights);
  for (let line = 0; line < lines; line++) {
    const from = sourceLine(line);
    const to = targetLine(line);
    for (let out = 0; out < outputSize; out++) {
      const start = first[out]!;
      const count = Math.min(taps, inputSize - start);
      let sum = 1 << (PRECISION_BITS - 1);
      for (let t = 0; t < count; t++) sum += source[from + (start + t) * sourceStride]! * fixed[out * taps + t]!;
      const value = sum >> PRECISION_BITS;
      target[to + out * targetStride] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/**
 * Resizes an image as Pillow's `Image.resize(size, Image.BICUBIC)` does, byte for byte: first along rows, rounded to bytes, then along
 * columns.
 *
 * @param width in pixels
 * @param height in pixels
 * @throws INVALID_ARGUMENT unless both are whole numbers from 1 up; IMAGE_SIZE for data that are not those of the image's sides
 */
export function resizeBicubic(image: RgbImage, width: number, height: number): RgbImage {
  expectImage(image, 'the image to resize');
  let current = image;
  if (width !== current.width) {
    const next = createImage(width, current.height);
    const { width: inputWidth, data } = current;
    resizeAxis(
      data,
      next.data,
      bicubicWeights(inputWidth, width),
      width,
      inputWidth,
      3,
      3,
      next.height * 3,
      (line) => Math.floor(line / 3) * inputWidth * 3 + (line % 3),
      (line) => Math.floor(line / 3) * width * 3 + (line % 3),
    );
    current = next;
  }
  if (height !== current.height) {
    const next = createImage(width, height);
    const { height: inputHeight, data } = current;
    resizeAxis(
      data,
      next.data,
      bicubicWeights(inputHeight, height),
      height,
      inputHeight,
      width * 3,
      width * 3,
      width * 3,
      (line) => line,
      (line) => line,
    );
    current = next;
  }
  return current === image ? { width, height, data: image.data.slice() } : current;
}
