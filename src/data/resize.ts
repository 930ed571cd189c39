import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { createImage, expectImage, type RgbImage } from './image.js';
import { resizeValues } from './pixel-values.js';
import { bicubicWeights } from './resize-weights.js';

/** Fixed-point bits of the weights, as in Pillow's 8-bit path: 32 - 8 (a byte) - 2 (overshoot and sign). */
const PRECISION_BITS = 22;

function toFixedPoint(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (w) => Math.trunc(w * (1 << PRECISION_BITS) + (w < 0 ? -0.5 : 0.5)));
}

/** A sum of weighted bytes as a byte. */
function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Resizes along the rows. The weights of an output sum up to 1, their absolute values to less than 2: no sum of bytes in fixed point leaves
 * the 32 bits that `| 0` and Math.imul() keep the engine in. Sums that it had to watch would take twice the time.
 */
function resizeRows({ width: inputWidth, height, data }: RgbImage, width: number): RgbImage {
  const result = createImage(width, height);
  const { taps, first, weights } = bicubicWeights(inputWidth, width);
  const fixed = toFixedPoint(weights);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const count = Math.min(taps, inputWidth - first[x]!);
      let from = (y * inputWidth + first[x]!) * 3;
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let t = x * taps; t < x * taps + count; t++, from += 3) {
        const weight = fixed[t]!;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
      }
      result.data[to] = toByte(red);
      result.data[to + 1] = toByte(green);
      result.data[to + 2] = toByte(blue);
    }
  }
  return result;
}

/** Resizes along the columns, a row of sums at a time: memory is read in its order. */
function resizeColumns({ width, height: inputHeight, data }: RgbImage, height: number): RgbImage {
  const result = createImage(width, height);
  const { taps, first, weights } = bicubicWeights(inputHeight, height);
  const fixed = toFixedPoint(weights);
  const line = width * 3;
  const sums = new Int32Array(line);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    const count = Math.min(taps, inputHeight - first[y]!);
    for (let t = 0; t < count; t++) {
      const weight = fixed[y * taps + t]!;
      const from = (first[y]! + t) * line;
      for (let i = 0; i < line; i++) sums[i] = sums[i]! + Math.imul(data[from + i]!, weight);
    }
    for (let i = 0; i < line; i++) result.data[y * line + i] = toByte(sums[i]!);
  }
  return result;
}

/**
 * Resizes an image as Pillow's `Image.resize(size, Image.BICUBIC)` does, byte for byte: first along rows, rounded to bytes, then along
 * columns. Its values, where it has some, are resized with it: see resizeValues().
 *
 * @param width in pixels
 * @param height in pixels
 * @throws INVALID_ARGUMENT unless both are whole numbers from 1 up; IMAGE_SIZE for data that are not those of the image's sides
 */
export function resizeBicubic(image: RgbImage, width: number, height: number): RgbImage {
  expectImage(image, 'the image to resize');
  const wide = width === image.width ? image : resizeRows(image, width);
  const result = height === image.height ? wide : resizeColumns(wide, height);
  const values = image.values && { values: resizeValues(image.values, image, { width, height }) };
  return { width, height, data: result === image ? image.data.slice() : result.data, ...values };
}

/** An image at a size: resized (bicubic), or itself where it has that size. */
export function resizedTo(image: RgbImage, size: PixelSize): RgbImage {
  const [width, height] = widthAndHeight(size);
  return image.width === width && image.height === height ? image : resizeBicubic(image, width, height);
}
