import { describeSize, pixelSize, widthAndHeight, type PixelSize } from '../pixel-size.js';
import { ShadegradError } from '../errors.js';
import type { ImageSizes, NetworkArchitecture } from '../models/kind.js';
import { networkKind } from '../models/registry.js';
import { whole, type OptionRow } from '../training/option-table.js';
import type { ImagePlan } from '../training/scheme.js';

/** Options of a scheme that say how large its images are. */
export interface ImageSizeOptions {
  /** Height and width of the networks' images; of rectangles their height. */
  size: number;
  /** The width of rectangles. Default: `size`. */
  width?: number;
  /** What images are resized to before the random crop, at least `size`; of rectangles their height, and the width in proportion. */
  loadSize?: number;
  /** Levels of a generator that halves images level by level. Default: as many as halve both sides evenly. */
  levels?: number;
}

/** The images of a training in pixels. */
export const imageSizeOf = ({ size, width = size }: ImageSizeOptions): PixelSize => pixelSize(width, size);

/** The sides of a training's images in words, such as `256 x 256`. */
export const describeSides = (options: ImageSizeOptions): string => widthAndHeight(imageSizeOf(options)).join(' x ');

/** The sizes that images are resized to and cropped to. */
export function imagePlanOf(options: ImageSizeOptions & { readonly jitter: boolean; readonly flip?: boolean }): ImagePlan {
  const { size, width = size, loadSize = size, jitter, flip = true } = options;
  // Even, so that an image is whole words of bytes.
  const loadWidth = width === size ? loadSize : Math.max(width, 2 * Math.round((width * loadSize) / size / 2));
  return { size: imageSizeOf(options), loadSize: pixelSize(loadWidth, loadSize), jitter, ...(!flip && { mirror: false }) };
}

/** The row of the option that says how wide rectangles are. */
export const imageWidthRow = (multiple: number, least: number): OptionRow => ({
  fits: (value) => whole(least)(value) && (value as number) % multiple === 0,
  expected: `a multiple of ${multiple} of at least ${least}`,
  fix: 'leave it out for squares',
  optional: true,
  isSide: true,
  flag: {
    group: 'Data',
    type: 'integer',
    min: least,
    max: 4096,
    check: (value) => (value % multiple === 0 ? undefined : `a multiple of ${multiple}`),
    description: `width of images that are no squares, a multiple of ${multiple}; --size is their height then`,
  },
});

/** Levels that a generator can have: with fewer it is none, and more no image has. */
const LEVELS = { least: 4, most: 16 } as const;

/** The row of the option that says how many levels a generator has. */
export const LEVELS_ROW: OptionRow = {
  fits: whole(LEVELS.least, LEVELS.most),
  expected: `a whole number of levels from ${LEVELS.least} to ${LEVELS.most}`,
  fix: 'leave it out for as many as halve both sides evenly',
  optional: true,
  flag: {
    group: 'Networks',
    type: 'integer',
    min: LEVELS.least,
    max: LEVELS.most,
    description:
      'levels of a unet or encoder-decoder, each of half the sides of the one before; by default as many as halve both sides evenly ' +
      '(8 at 256 pixels, 6 at 320 x 192)',
  },
};

/**
 * What networks are asked for by the size of the images.
 *
 * @throws INVALID_ARGUMENT for more levels than halve both sides evenly
 */
export function wantedSize(options: ImageSizeOptions): { size: number; levelSize: number; levels: number | undefined } {
  const [width, height] = widthAndHeight(imageSizeOf(options));
  // The largest power of two that divides both: the lowest bit that one of them has.
  const even = (width | height) & -(width | height);
  const { levels } = options;
  if (levels !== undefined && 2 ** levels > even) {
    throw new ShadegradError('INVALID_ARGUMENT', 'levels of the training', {
      expected: `at most ${Math.log2(even)}: ${describeSides(options)} pixels halve evenly no more often`,
      received: String(levels),
      fix: 'use fewer levels, or other sides',
    });
  }
  return { size: Math.min(width, height), levelSize: levels === undefined ? even : 2 ** levels, levels };
}

/** @throws INVALID_ARGUMENT for images that a generator does not take */
export function expectImageSize(options: ImageSizeOptions, { multipleOf, least }: ImageSizes): void {
  const size = imageSizeOf(options);
  if (widthAndHeight(size).every((side) => side % multipleOf === 0 && side >= least)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'size of the training', {
    expected: `multiples of ${multipleOf}, which the generator takes, from ${least} on`,
    received: describeSize(size),
    fix: 'choose such sides, or another generator',
  });
}

/** The levels of a generator out of a file, if it has some. */
export function levelsOfNetwork({ kind, options }: NetworkArchitecture): { levels?: number } {
  const { size } = options as { readonly size?: unknown };
  return networkKind(kind).chosen?.follows.includes('levels') && typeof size === 'number' ? { levels: Math.log2(size) } : {};
}
