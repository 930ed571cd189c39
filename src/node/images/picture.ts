import { splitPair, type RgbImage } from '../../data/image.js';
import { resizeBicubic } from '../../data/resize.js';
import { blendOnWhite, type Samples } from './samples.js';

/** A decoded picture, and what a data set makes of it. */
export interface Picture {
  readonly samples: Samples;
  /** Whether it is two images side by side; its width is then even. */
  readonly inHalves: boolean;
  /** Longer sides of an image are shrunk to it, each on its own. */
  readonly maxSide: number;
}

/** Whether any pixel has to be computed anew. */
export function isAsStored({ samples: { width, height, channels, colours, samples }, inHalves, maxSide }: Picture): boolean {
  const isRgb = channels === 3 && colours === 3 && samples instanceof Uint8Array;
  return isRgb && (inHalves ? width / 2 : width) <= maxSide && height <= maxSide;
}

/** The images of a picture: one, or its two halves. */
export function imagesOf({ samples, inHalves, maxSide }: Picture): RgbImage[] {
  const image = blendOnWhite(samples);
  if (!inHalves) return [shrink(image, maxSide)];
  const { a, b } = splitPair(image);
  return [shrink(a, maxSide), shrink(b, maxSide)];
}

function shrink(image: RgbImage, maxSide: number): RgbImage {
  const width = Math.min(image.width, maxSide);
  const height = Math.min(image.height, maxSide);
  return width === image.width && height === image.height ? image : resizeBicubic(image, width, height);
}
