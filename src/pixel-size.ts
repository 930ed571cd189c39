/** The size of images in pixels: the side of squares, or width and height. */
export type PixelSize = number | readonly [width: number, height: number];

/** The width and the height of a size. */
export const widthAndHeight = (size: PixelSize): readonly [width: number, height: number] =>
  typeof size === 'number' ? [size, size] : [size[0], size[1]];

/** A size as the number that it is for squares, else as width and height. */
export const pixelSize = (width: number, height: number): PixelSize => (width === height ? width : [width, height]);

/** A size in words: `256`, or `320 x 192`. */
export const describeSize = (size: PixelSize): string => (typeof size === 'number' ? String(size) : size.join(' x '));

/** The longer side of a size. */
export const longerSide = (size: PixelSize): number => Math.max(...widthAndHeight(size));
