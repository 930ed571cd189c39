import { splitPair, type RgbImage } from '../../data/image.js';
import { longerSide, widthAndHeight, type PixelSize } from '../../pixel-size.js';
import { resizeBicubic } from '../../data/resize.js';
import { blendOnWhite, type Samples } from './samples.js';

/** A decoded picture, and what a data set makes of it. */
export interface Picture {
  readonly samples: Samples;
  /** Whether it is two images side by side; its width is then even. */
  readonly inHalves: boolean;
  /** Longer sides of an image are shrunk to it, each on its own: one for both, or width and height. */
  readonly maxSide: PixelSize;
  /** Whether an image keeps its shape: it is then shrunk until its shorter side is `maxSide`, the longer of two. Default false. */
  readonly keepsShape?: boolean;
}

/**
 * The longest side of images, or the longest width and height; or what says it for each image, by its sides, so that images of several
 * sizes keep what is to be made of them.
 */
export type SideLimit = PixelSize | ((own: { readonly width: number; readonly height: number }) => PixelSize);

/** The longest sides for an image of some sides. */
export const limitFor = (own: Sides, limit: SideLimit): PixelSize => (typeof limit === 'function' ? limit(own) : limit);

/** Whether any pixel has to be computed anew. */
export function isAsStored(picture: Picture): boolean {
  const { width, height, channels, colours, samples } = picture.samples;
  const sides = { width: picture.inHalves ? width / 2 : width, height };
  const target = shrunkSides(sides, picture);
  return channels === 3 && colours === 3 && samples instanceof Uint8Array && target.width === sides.width && target.height === height;
}

/** The images of a picture: one, or its two halves. */
export function imagesOf(picture: Picture): RgbImage[] {
  const image = blendOnWhite(picture.samples);
  if (!picture.inHalves) return [shrink(image, picture)];
  const { a, b } = splitPair(image);
  return [shrink(a, picture), shrink(b, picture)];
}

interface Sides {
  readonly width: number;
  readonly height: number;
}

function shrunkSides({ width, height }: Sides, { maxSide, keepsShape = false }: Pick<Picture, 'maxSide' | 'keepsShape'>): Sides {
  const [mostWidth, mostHeight] = widthAndHeight(maxSide);
  if (!keepsShape) return { width: Math.min(width, mostWidth), height: Math.min(height, mostHeight) };
  const scale = Math.min(1, longerSide(maxSide) / Math.min(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** An image whose longer sides are shrunk. */
export function shrink(image: RgbImage, picture: Pick<Picture, 'maxSide' | 'keepsShape'>): RgbImage {
  const { width, height } = shrunkSides(image, picture);
  return width === image.width && height === image.height ? image : resizeBicubic(image, width, height);
}
