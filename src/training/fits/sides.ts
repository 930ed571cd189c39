import { ShadegradError } from '../../errors.js';
import type { ImageSizes } from '../../models/kind.js';

/**
 * The size at which images go through a generator. A number is the side of a square; sides are such as the generator takes, as its
 * `imageSizes` say. 'image' is each image's own size: a side that is no multiple is resized to the nearest one for the
 * network, and the result is resized back.
 */
export type TranslatedSize = 'image' | number | readonly [width: number, height: number];

/** Width and height of a size that is the same for all images. @throws INVALID_ARGUMENT */
export function sidesOf(size: Exclude<TranslatedSize, 'image'>, sizes: ImageSizes): [width: number, height: number] {
  const { multipleOf: multiple, least } = sizes;
  if (typeof size !== 'number' && !Array.isArray(size)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'size of images for this generator', {
      expected: `'image', a multiple of ${multiple}, or [width, height] of such`,
      received: typeof size === 'string' ? `'${String(size)}'` : String(size),
      fix: "use 'image' for each image's own size, or leave it out for the generator's",
    });
  }
  const sides: readonly number[] = typeof size === 'number' ? [size, size] : size;
  const fits = (side: number): boolean => Number.isSafeInteger(side) && side >= least && side % multiple === 0;
  if (sides.length === 2 && sides.every(fits)) return [sides[0]!, sides[1]!];
  const near = sides
    .slice(0, 2)
    .map((side) => (Number.isFinite(side) ? nearest(side, sizes) : sizes.own))
    .join(' x ');
  throw new ShadegradError('INVALID_ARGUMENT', 'size of images for this generator', {
    expected: `multiples of ${multiple}${least > multiple ? ` from ${least} on` : ''}, which its levels halve to whole pixels`,
    received: sides.slice(0, 4).join(' x '),
    fix: `choose ${near}`,
  });
}

/** The side that the generator takes nearest to a length. */
export const nearest = (length: number, { multipleOf, least }: ImageSizes): number =>
  Math.max(least, Math.round(length / multipleOf) * multipleOf);
