import { described } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { gatherValues, placesOf, type PixelValues } from './pixel-values.js';

/** An eight-bit colour image: rows top to bottom, pixels left to right, three bytes (red, green, blue) a pixel. */
export interface RgbImage {
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** The pixels, `width * height * 3` bytes, sRGB as stored in the file. */
  data: Uint8Array;
  /** The numbers of its pixels, where they are more than eight-bit colours: `data` is then a picture of them, to look at. */
  values?: PixelValues;
}

/** A pair of aligned images of one size. In the pix2pix facades `a` (left) is the photo and `b` (right) the label map. */
export interface ImagePair {
  /** What errors and pages call the pair. */
  name: string;
  /** The left half. */
  a: RgbImage;
  /** The right half. */
  b: RgbImage;
  /** The labels of a sample out of a set that has some, in the order of their names. */
  labels?: readonly number[];
}

const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1;

/**
 * Makes a black image.
 *
 * @param width in pixels
 * @param height in pixels
 * @throws INVALID_ARGUMENT unless both are whole numbers from 1 up
 */
export function createImage(width: number, height: number): RgbImage {
  if (!isSide(width) || !isSide(height)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'an image with sides that are not whole, positive numbers', {
      expected: 'width and height of at least 1 pixel',
      received: `${width} x ${height}`,
      fix: 'round the sides to whole pixels before the call',
    });
  }
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/**
 * Checks an image that comes from outside the library: its bytes must be those of its sides. A canvas hands out four
 * bytes a pixel, and would put every pixel in the wrong place.
 *
 * @param name of the image in the error
 * @throws IMAGE_SIZE for sides that are no whole, positive numbers, or data of another type or length;
 *   INVALID_ARGUMENT for what is no object
 */
export function expectImage(image: RgbImage, name = 'image'): void {
  // Callers may have no types.
  if (typeof image !== 'object' || (image as RgbImage | null) === null) {
    throw new ShadegradError('INVALID_ARGUMENT', name, {
      expected: 'an image { width, height, data }',
      received: described(image),
      fix: 'give an image, such as createImage() makes or a reader of files gives',
    });
  }
  const { width, height, data } = image;
  const bytes = width * height * 3;
  // By its tag: an array of another window or context is none of this one's Uint8Array.
  const type = (data as Uint8Array | undefined)?.[Symbol.toStringTag] as string | undefined;
  const areBytes = type === 'Uint8Array' || type === 'Uint8ClampedArray';
  const areSides = isSide(width) && isSide(height);
  if (areSides && areBytes && data.length === bytes) return;
  const rgba = areSides && data?.length === width * height * 4;
  const kind = areBytes ? 'bytes' : `elements of ${type ?? typeof data}`;
  throw new ShadegradError(
    'IMAGE_SIZE',
    `${name}: ${areSides ? 'the data are not those of an RGB image of its sides' : 'the sides are none of an image'}`,
    {
      expected: areSides ? `a Uint8Array of ${bytes} bytes, ${width} x ${height} x 3` : 'width and height of at least 1 pixel',
      received: `${width} x ${height} with ${data?.length ?? 'no'} ${kind}${rgba ? ': four a pixel, RGBA as a canvas gives it' : ''}`,
      fix: rgba
        ? 'leave out every fourth byte (alpha): data[i * 3 + c] = rgba[i * 4 + c] for c of 0, 1 and 2'
        : 'give { width, height, data } with rows top to bottom and a byte each of red, green and blue a pixel',
    },
  );
}

/**
 * Cuts out the rectangle of an image with its upper left corner at (x, y), in pixels.
 *
 * @throws IMAGE_SIZE when it does not lie inside the image, or the image's data are not those of its sides
 */
export function crop(image: RgbImage, x: number, y: number, width: number, height: number): RgbImage {
  expectImage(image, 'the image to crop');
  const whole = [x, y, width, height].every(Number.isInteger);
  if (!whole || x < 0 || y < 0 || x + width > image.width || y + height > image.height) {
    throw new ShadegradError('IMAGE_SIZE', 'a crop that does not lie inside the image', {
      expected: `a rectangle of whole pixels inside ${image.width} x ${image.height}`,
      received: `${width} x ${height} at (${x}, ${y})`,
      fix: 'move the corner, or take smaller sides',
    });
  }
  const result = createImage(width, height);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * image.width + x) * 3;
    result.data.set(image.data.subarray(start, start + width * 3), row * width * 3);
  }
  if (image.values) result.values = gatherValues(image.values, placesOf(counting(width, x), counting(height, y), image.width));
  return result;
}

/** The largest square in the middle of an image, rounded towards its upper left corner. */
export function centreSquare(image: RgbImage): RgbImage {
  const side = Math.min(image.width, image.height);
  if (image.width === image.height) return image;
  return crop(image, Math.floor((image.width - side) / 2), Math.floor((image.height - side) / 2), side, side);
}

/** Exchanges left and right of an image. @throws IMAGE_SIZE when the image's data are not those of its sides */
export function mirror(image: RgbImage): RgbImage {
  expectImage(image, 'the image to mirror');
  const { width, height, data } = image;
  const result = createImage(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * 3;
      const to = (row * width + (width - 1 - column)) * 3;
      result.data[to] = data[from]!;
      result.data[to + 1] = data[from + 1]!;
      result.data[to + 2] = data[from + 2]!;
    }
  }
  if (image.values) result.values = gatherValues(image.values, placesOf(counting(width).reverse(), counting(height), width));
  return result;
}

/** Whole numbers one after the other. */
const counting = (length: number, first = 0): Int32Array => Int32Array.from({ length }, (_, at) => first + at);

/**
 * Checks that a side-by-side picture has two halves of one size.
 *
 * @param name of the file in the error
 * @throws IMAGE_SIZE for an odd width
 */
export function expectHalves({ width, height }: Pick<RgbImage, 'width' | 'height'>, name: string): void {
  if (width % 2 === 0) return;
  throw new ShadegradError('IMAGE_SIZE', `${name}: the two halves of the pair differ in size`, {
    expected: 'two images of equal size side by side, so an even width',
    received: `${width} x ${height} pixels`,
    fix: 'join the two images again at one size, or take the file out of the folder',
  });
}

/**
 * Splits a side-by-side picture down the middle, as the pix2pix datasets store their pairs.
 *
 * @param name of the file in the error
 * @throws IMAGE_SIZE when the halves would differ in size
 */
export function splitPair(image: RgbImage, name = 'pair'): ImagePair {
  expectHalves(image, name);
  const half = image.width / 2;
  return { name, a: crop(image, 0, 0, half, image.height), b: crop(image, half, 0, half, image.height) };
}

/** @throws IMAGE_SIZE, naming the pair, when its halves differ in size */
export function expectOneSize({ name, a, b }: ImagePair): void {
  if (a.width === b.width && a.height === b.height) return;
  throw new ShadegradError('IMAGE_SIZE', `${name}: the two halves of the pair differ in size`, {
    expected: 'equal sizes',
    received: `${a.width} x ${a.height} and ${b.width} x ${b.height}`,
    fix: 'bring them to one size first: resizeBicubic(image, width, height)',
  });
}

/**
 * Puts the two halves of a pair side by side, as splitPair() takes them apart.
 *
 * @throws IMAGE_SIZE, naming the pair, when they differ in size
 */
export function joinPair(pair: ImagePair): RgbImage {
  const { a, b } = pair;
  expectOneSize(pair);
  const result = createImage(a.width * 2, a.height);
  paste(result, a, 0, 0);
  paste(result, b, a.width, 0);
  return result;
}

/**
 * Copies `source` into `target` with its upper left corner at (x, y).
 *
 * @throws IMAGE_SIZE when it does not fit, or the data of either are not those of its sides
 */
export function paste(target: RgbImage, source: RgbImage, x: number, y: number): void {
  expectImage(source, 'the pasted image');
  expectImage(target, 'the image to paste into');
  if (x < 0 || y < 0 || x + source.width > target.width || y + source.height > target.height) {
    throw new ShadegradError('IMAGE_SIZE', 'a pasted image that does not fit', {
      expected: `a rectangle inside ${target.width} x ${target.height} pixels`,
      received: `${source.width} x ${source.height} at (${x}, ${y})`,
      fix: 'move the corner, or crop the image first',
    });
  }
  for (let row = 0; row < source.height; row++) {
    const start = row * source.width * 3;
    target.data.set(source.data.subarray(start, start + source.width * 3), ((y + row) * target.width + x) * 3);
  }
}

/** Options of imageGrid(): what lies between the images. */
export interface GridOptions {
  /** Pixels between the images and around them. Default 4. */
  gap?: number;
  /** The colour between them: red, green, blue in 0..255. Default white. */
  background?: readonly [number, number, number];
}

/**
 * Lays images out in rows and columns. A column is as wide as its widest image and a row as tall as its tallest;
 * smaller images sit in the upper left of their cell.
 *
 * @throws INVALID_ARGUMENT when there is no image, or the gap is no whole number from 0 up
 */
export function imageGrid(rows: readonly (readonly RgbImage[])[], options: GridOptions = {}): RgbImage {
  const gap = options.gap ?? 4;
  const background = options.background ?? [255, 255, 255];
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0 || !Number.isInteger(gap) || gap < 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'a grid without an image, or with a gap of no whole pixels', {
      expected: 'at least one image and a whole gap from 0 up',
      received: `${rows.length} rows, ${columns} columns, gap ${gap}`,
      fix: columns === 0 ? 'pass rows that hold an image' : 'round the gap',
    });
  }
  const widths = Array.from({ length: columns }, (_, c) => Math.max(0, ...rows.map((row) => row[c]?.width ?? 0)));
  const heights = rows.map((row) => Math.max(0, ...row.map((image) => image.height)));
  const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size + gap, gap);
  const grid = createImage(total(widths), total(heights));
  for (let i = 0; i < grid.data.length; i++) grid.data[i] = background[i % 3]!;
  let y = gap;
  rows.forEach((row, r) => {
    let x = gap;
    row.forEach((image, c) => {
      paste(grid, image, x, y);
      x += widths[c]! + gap;
    });
    y += heights[r]! + gap;
  });
  return grid;
}
