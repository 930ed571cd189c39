import { expectLength, pairAt, type PairedDataset, type ProgressCallback } from '../data/dataset.js';
import type { SeenImage } from '../data/codings/coding.js';
import { createImage, expectImage, type RgbImage } from '../data/image.js';
import { ShadegradError } from '../errors.js';

/** @throws SHAPE_MISMATCH; IMAGE_SIZE for data that are not those of an image's sides */
function sameSize(a: RgbImage, b: RgbImage): void {
  expectImage(a, 'the first image');
  expectImage(b, 'the second image');
  if (a.width !== b.width || a.height !== b.height) {
    throw new ShadegradError('SHAPE_MISMATCH', 'images of different sizes cannot be compared', {
      expected: `${a.width} x ${a.height} pixels`,
      received: `${b.width} x ${b.height} pixels`,
      fix: 'bring both to one size first: resizeBicubic(image, width, height)',
    });
  }
}

/**
 * Measures the mean absolute difference of all channels of all pixels on the [-1, 1] scale on which pix2pix computes its L1 loss, so 0
 * (equal) to 2 (black against white).
 *
 * @throws SHAPE_MISMATCH when the sizes differ
 */
export function imageL1(a: RgbImage, b: RgbImage): number {
  sameSize(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i]! - b.data[i]!);
  return sum / a.data.length / 127.5;
}

/**
 * Measures the mean squared difference of all channels of all pixels on the [-1, 1] scale, so 0 (equal) to 4 (black against white).
 *
 * @throws SHAPE_MISMATCH when the sizes differ
 */
export function imageL2(a: RgbImage, b: RgbImage): number {
  sameSize(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return sum / a.data.length / 127.5 ** 2;
}

/**
 * Measures the peak signal-to-noise ratio in decibels with a peak of 255: 10 log10(255^2 / mean squared error over all channels);
 * Infinity for equal images.
 *
 * @throws SHAPE_MISMATCH when the sizes differ
 */
export function imagePsnr(a: RgbImage, b: RgbImage): number {
  sameSize(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10((255 * 255 * a.data.length) / sum);
}

/** How much outputs of one input differ, on the [-1, 1] scale of imageL1(). */
export interface ImageDiversity {
  /** The mean over all pairs of their mean absolute difference. */
  readonly l1: number;
  /** The standard deviation of each channel of each pixel over the images, averaged. */
  readonly deviation: number;
}

/**
 * Measures how much several outputs of one input differ, such as those of other random numbers or dropout masks; both measures are 0 for
 * equal images.
 *
 * @param images at least two of one size
 * @throws INVALID_ARGUMENT for fewer; SHAPE_MISMATCH when the sizes differ
 */
export function imageDiversity(images: readonly RgbImage[]): ImageDiversity {
  if (images.length < 2) {
    throw new ShadegradError('INVALID_ARGUMENT', 'images of imageDiversity', {
      expected: 'at least two outputs of one input',
      received: String(images.length),
      fix: 'translate the input with several seeds',
    });
  }
  const pairs = images.flatMap((a, i) => images.slice(i + 1).map((b) => imageL1(a, b)));
  const { length } = images[0]!.data;
  let deviations = 0;
  for (let at = 0; at < length; at++) {
    let [sum, squares] = [0, 0];
    for (const { data } of images) {
      sum += data[at]!;
      squares += data[at]! ** 2;
    }
    // Of whole numbers up to 255 both are exact, so that equal images give 0.
    deviations += Math.sqrt(images.length * squares - sum ** 2) / images.length;
  }
  return { l1: pairs.reduce((sum, each) => sum + each, 0) / pairs.length, deviation: deviations / length / 127.5 };
}

const WINDOW = 11;
const SIGMA = 1.5;

/** A Gaussian of `size` taps about its middle, summing to 1. */
function gaussian(size: number): Float64Array {
  const taps = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)));
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map((tap) => tap / sum);
}

/** ITU-R BT.601 luma, 0..255. */
function luma(image: RgbImage): Float64Array {
  const { data } = image;
  return Float64Array.from(
    { length: image.width * image.height },
    (_, i) => 0.299 * data[i * 3]! + 0.587 * data[i * 3 + 1]! + 0.114 * data[i * 3 + 2]!,
  );
}

/** Weighted means over the windows that lie wholly inside: along rows, then along columns. */
function windowMeans(plane: Float64Array, width: number, height: number, across: Float64Array, down: Float64Array): Float64Array {
  const outWidth = width - across.length + 1;
  const outHeight = height - down.length + 1;
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let t = 0; t < across.length; t++) sum += across[t]! * plane[y * width + x + t]!;
      rows[y * outWidth + x] = sum;
    }
  }
  const means = new Float64Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let t = 0; t < down.length; t++) sum += down[t]! * rows[(y + t) * outWidth + x]!;
      means[y * outWidth + x] = sum;
    }
  }
  return means;
}

/**
 * Measures the structural similarity of the lumas (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004): 11 x 11 Gaussian window of
 * sigma 1.5, K1 = 0.01, K2 = 0.03, L = 255, averaged over the windows that lie wholly inside. 1 for equal images. An image with a side
 * below 11 pixels gets a window as long as that side.
 *
 * @throws SHAPE_MISMATCH when the sizes differ
 */
export function imageSsim(a: RgbImage, b: RgbImage): number {
  sameSize(a, b);
  return planeSsim(luma(a), luma(b), a.width, a.height);
}

/** The structural similarity of two planes of numbers from 0 to 255. */
const planeSsim = (x: Float64Array, y: Float64Array, width: number, height: number): number => ssimOfPlanes(x, y, width, height).ssim;

/** The structural similarity of two planes, and the part of it that is contrast and structure, without brightness: means over windows. */
function ssimOfPlanes(x: Float64Array, y: Float64Array, width: number, height: number): { ssim: number; structure: number } {
  const across = gaussian(Math.min(WINDOW, width));
  const down = gaussian(Math.min(WINDOW, height));
  const means = (plane: Float64Array) => windowMeans(plane, width, height, across, down);
  const meanX = means(x);
  const meanY = means(y);
  const meanXX = means(x.map((v) => v * v));
  const meanYY = means(y.map((v) => v * v));
  const meanXY = means(x.map((v, i) => v * y[i]!));
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  let [sum, structure] = [0, 0];
  for (let i = 0; i < meanX.length; i++) {
    const product = meanX[i]! * meanY[i]!;
    const squares = meanX[i]! ** 2 + meanY[i]! ** 2;
    const variances = meanXX[i]! + meanYY[i]! - squares;
    const covariance = meanXY[i]! - product;
    sum += ((2 * product + c1) * (2 * covariance + c2)) / ((squares + c1) * (variances + c2));
    structure += (2 * covariance + c2) / (variances + c2);
  }
  return { ssim: sum / meanX.length, structure: structure / meanX.length };
}

/** What each scale of imageMsSsim() counts for, from the image itself to its sixteenth: Wang, Simoncelli and Bovik (2003). */
const SCALES = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;
/** The shortest side that is a window long when it has been halved four times. */
export const LEAST_MS_SSIM_SIDE = 161;

/**
 * Measures the structural similarity of the lumas at several scales (Wang, Simoncelli, Bovik, Asilomar 2003): contrast and structure of the
 * image and of its halves, quarters, eighths and sixteenths, and the brightness of the last. 1 for equal images. A half is made of means of
 * 2 x 2 pixels; of odd sides the last row and column count twice. Where structures are opposite at a scale, 0 stands for it.
 *
 * @throws SHAPE_MISMATCH when the sizes differ; IMAGE_SIZE for a side below 161 pixels
 */
export function imageMsSsim(a: RgbImage, b: RgbImage): number {
  sameSize(a, b);
  let { width, height } = a;
  if (Math.min(width, height) < LEAST_MS_SSIM_SIDE) {
    throw new ShadegradError('IMAGE_SIZE', 'images to compare at five scales', {
      expected: `sides of at least ${LEAST_MS_SSIM_SIDE} pixels`,
      received: `${width} x ${height} pixels`,
      fix: 'compare larger images, or at one scale: imageSsim(a, b)',
    });
  }
  let [x, y] = [luma(a), luma(b)];
  let result = 1;
  for (const [scale, weight] of SCALES.entries()) {
    const { ssim, structure } = ssimOfPlanes(x, y, width, height);
    const isLast = scale === SCALES.length - 1;
    result *= Math.max(0, isLast ? ssim : structure) ** weight;
    if (isLast) break;
    [x, y] = [halved(x, width, height), halved(y, width, height)];
    [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  }
  return result;
}

/** A plane of half the sides, of means of 2 x 2 numbers; of odd sides the last row and column count twice. */
function halved(plane: Float64Array, width: number, height: number): Float64Array {
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const half = new Float64Array(halfWidth * halfHeight);
  for (let row = 0; row < halfHeight; row++) {
    const [top, bottom] = [2 * row * width, Math.min(2 * row + 1, height - 1) * width];
    for (let column = 0; column < halfWidth; column++) {
      const [left, right] = [2 * column, Math.min(2 * column + 1, width - 1)];
      half[row * halfWidth + column] = (plane[top + left]! + plane[top + right]! + plane[bottom + left]! + plane[bottom + right]!) / 4;
    }
  }
  return half;
}

/** The measures of an image against its target. */
export interface ImageMetrics {
  /** The mean absolute difference on the [-1, 1] scale; 0 is best. */
  l1: number;
  /** The peak signal-to-noise ratio in decibels; more is better. */
  psnr: number;
  /** The structural similarity, at most 1; 1 is best. */
  ssim: number;
}

/** Measures one image against its target in all three ways. @throws SHAPE_MISMATCH when the sizes differ */
export function compareImages(image: RgbImage, target: RgbImage): ImageMetrics {
  return { l1: imageL1(image, target), psnr: imagePsnr(image, target), ssim: imageSsim(image, target) };
}

/**
 * Measures images of numbers in [-1, 1] over all their channels: L1 and PSNR (with a peak of 2) of all numbers, and the mean of the
 * structural similarities of the channels.
 *
 * @throws SHAPE_MISMATCH when sizes or channels differ
 */
export function compareNumbers(image: SeenImage, target: SeenImage): ImageMetrics {
  sameSize(image, target);
  const [{ channels, data: a }, { data: b }] = [image.values, target.values];
  if (channels !== target.values.channels) {
    throw new ShadegradError('SHAPE_MISMATCH', 'images of different channels cannot be compared', {
      expected: `${target.values.channels} channels`,
      received: `${channels} channels`,
      fix: 'compare images of the same channels',
    });
  }
  let [sum, squares] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    sum += Math.abs(a[at]! - b[at]!);
    squares += (a[at]! - b[at]!) ** 2;
  }
  const plane = (data: ArrayLike<number>, c: number): Float64Array =>
    Float64Array.from({ length: data.length / channels }, (_, pixel) => (data[pixel * channels + c]! + 1) * 127.5);
  const similarities = Array.from({ length: channels }, (_, c) => planeSsim(plane(a, c), plane(b, c), image.width, image.height));
  return {
    l1: sum / a.length,
    psnr: 10 * Math.log10((4 * a.length) / squares),
    ssim: similarities.reduce((total, each) => total + each, 0) / channels,
  };
}

/** Averages the measures of many images, one by one. @throws INVALID_ARGUMENT for none */
export function averageMetrics(metrics: readonly ImageMetrics[]): ImageMetrics {
  if (metrics.length === 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'there is nothing to average', {
      expected: 'the measures of at least one image',
      received: 'none',
      fix: 'measure an image first: compareImages(image, target)',
    });
  }
  const mean = (key: keyof ImageMetrics) => metrics.reduce((sum, entry) => sum + entry[key], 0) / metrics.length;
  return { l1: mean('l1'), psnr: mean('psnr'), ssim: mean('ssim') };
}

/**
 * Averages one half of every pair pixel by pixel, rounded to bytes: what a model that ignores its input would best answer under a
 * squared loss.
 *
 * @throws SHAPE_MISMATCH unless all are of one size; INVALID_ARGUMENT for a data set of no pairs, or of what is no pair; IMAGE_SIZE,
 *   and what reading the data set throws
 */
export async function meanImage(dataset: PairedDataset, half: 'a' | 'b', onProgress?: ProgressCallback): Promise<RgbImage> {
  expectLength(dataset);
  const first = (await pairAt(dataset, 0))[half];
  const sums = new Float64Array(first.data.length);
  for (let index = 0; index < dataset.length; index++) {
    const image = index === 0 ? first : (await pairAt(dataset, index))[half];
    sameSize(first, image);
    for (let i = 0; i < sums.length; i++) sums[i]! += image.data[i]!;
    onProgress?.(index + 1, dataset.length);
  }
  const mean = createImage(first.width, first.height);
  for (let i = 0; i < sums.length; i++) mean.data[i] = Math.round(sums[i]! / dataset.length);
  return mean;
}

/**
 * Measures one constant answer, such as `meanImage()`, against one half of every pair, and averages.
 *
 * @throws SHAPE_MISMATCH unless all are of the answer's size; INVALID_ARGUMENT for a data set of no pairs, or of what is no pair;
 *   IMAGE_SIZE, and what reading the data set throws
 */
export async function constantBaseline(
  answer: RgbImage,
  dataset: PairedDataset,
  half: 'a' | 'b',
  onProgress?: ProgressCallback,
): Promise<ImageMetrics> {
  expectLength(dataset);
  const metrics: ImageMetrics[] = [];
  for (let index = 0; index < dataset.length; index++) {
    metrics.push(compareImages(answer, (await pairAt(dataset, index))[half]));
    onProgress?.(index + 1, dataset.length);
  }
  return averageMetrics(metrics);
}
