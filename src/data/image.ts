import { ShadegradError } from '../gpu/errors.js';

/** Eight-bit colour image: rows top to bottom, pixels left to right, three bytes (red, green, blue) a pixel. */
export interface RgbImage {
  width: number;
  height: number;
  /** HWC, `width * height * 3` bytes, sRGB as stored in the file. */
  data: Uint8Array;
}

/** Two aligned images of one size. In the pix2pix facades `a` (left) is the photo and `b` (right) the label map. */
export interface ImagePair {
  name: string;
  a: RgbImage;
  b: RgbImage;
}

/** A black image. Sides in pixels; throws INVALID_ARGUMENT unless both are whole numbers from 1 up. */
export function createImage(width: number, height: number): RgbImage {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ShadegradError('INVALID_ARGUMENT', 'An image needs whole, positive sides.', {
      expected: 'width and height of at least 1 pixel',
      received: `${width} x ${height}`,
    });
  }
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/**
 * Cut out the rectangle with its upper left corner at (x, y).
 * Throws IMAGE_SIZE when it does not lie inside the image.
 */
export function crop(image: RgbImage, x: number, y: number, width: number, height: number): RgbImage {
  const whole = [x, y, width, height].every(Number.isInteger);
  if (!whole || x < 0 || y < 0 || x + width > image.width || y + height > image.height) {
    throw new ShadegradError('IMAGE_SIZE', 'The crop does not lie inside the image.', {
      expected: `a rectangle inside ${image.width} x ${image.height} pixels`,
      received: `${width} x ${height} at (${x}, ${y})`,
    });
  }
  const result = createImage(width, height);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * image.width + x) * 3;
    result.data.set(image.data.subarray(start, start + width * 3), row * width * 3);
  }
  return result;
}

/** Swap left and right. */
export function mirror(image: RgbImage): RgbImage {
  const { width, height, data } = image;
  const result = createImage(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * 3;
      const to = (row * width + (width - 1 - column)) * 3;
      result.data[to] = data[from];
      result.data[to + 1] = data[from + 1];
      result.data[to + 2] = data[from + 2];
    }
  }
  return result;
}

/**
 * Split a side-by-side picture down the middle, as the pix2pix datasets store their pairs.
 * Throws IMAGE_SIZE, naming the file, when the halves would differ in size.
 */
export function splitPair(image: RgbImage, name: string): ImagePair {
  if (image.width % 2 !== 0) {
    throw new ShadegradError('IMAGE_SIZE', `${name}: the two halves of the pair differ in size.`, {
      expected: 'two images of equal size side by side, so an even width',
      received: `${image.width} x ${image.height} pixels`,
      fix: 'Join the two images again at one size, or remove the file from the folder.',
    });
  }
  const half = image.width / 2;
  return { name, a: crop(image, 0, 0, half, image.height), b: crop(image, half, 0, half, image.height) };
}

/** Put the two halves back side by side. Throws IMAGE_SIZE, naming the pair, when they differ in size. */
export function joinPair(pair: ImagePair): RgbImage {
  const { a, b } = pair;
  if (a.width !== b.width || a.height !== b.height) {
    throw new ShadegradError('IMAGE_SIZE', `${pair.name}: the two halves of the pair differ in size.`, {
      expected: 'equal sizes',
      received: `${a.width} x ${a.height} and ${b.width} x ${b.height}`,
    });
  }
  const result = createImage(a.width * 2, a.height);
  paste(result, a, 0, 0);
  paste(result, b, a.width, 0);
  return result;
}

/** Copy `source` into `target` with its upper left corner at (x, y); it must fit. */
export function paste(target: RgbImage, source: RgbImage, x: number, y: number): void {
  if (x < 0 || y < 0 || x + source.width > target.width || y + source.height > target.height) {
    throw new ShadegradError('IMAGE_SIZE', 'The pasted image does not fit.', {
      expected: `a rectangle inside ${target.width} x ${target.height} pixels`,
      received: `${source.width} x ${source.height} at (${x}, ${y})`,
    });
  }
  for (let row = 0; row < source.height; row++) {
    const start = row * source.width * 3;
    target.data.set(source.data.subarray(start, start + source.width * 3), ((y + row) * target.width + x) * 3);
  }
}

export interface GridOptions {
  /** Pixels between the images and around them; 4 unless given. */
  gap?: number;
  /** Red, green, blue in 0..255; white unless given. */
  background?: readonly [number, number, number];
}

/**
 * Lay images out in rows and columns. A column is as wide as its widest image and a row as tall as its tallest;
 * smaller images sit in the upper left of their cell. Throws INVALID_ARGUMENT when there is no image.
 */
export function imageGrid(rows: readonly (readonly RgbImage[])[], options: GridOptions = {}): RgbImage {
  const gap = options.gap ?? 4;
  const background = options.background ?? [255, 255, 255];
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0 || !Number.isInteger(gap) || gap < 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'A grid of images needs at least one image and a gap of whole pixels.', {
      received: `${rows.length} rows, ${columns} columns, gap ${gap}`,
    });
  }
  const widths = Array.from({ length: columns }, (_, c) => Math.max(0, ...rows.map((row) => row[c]?.width ?? 0)));
  const heights = rows.map((row) => Math.max(0, ...row.map((image) => image.height)));
  const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size + gap, gap);
  const grid = createImage(total(widths), total(heights));
  for (let i = 0; i < grid.data.length; i++) grid.data[i] = background[i % 3];
  let y = gap;
  rows.forEach((row, r) => {
    let x = gap;
    row.forEach((image, c) => {
      paste(grid, image, x, y);
      x += widths[c] + gap;
    });
    y += heights[r] + gap;
  });
  return grid;
}
