import { greyImage, imageBytes } from '../data/grey.js';
import { centreSquare, type RgbImage } from '../data/image.js';
import { longerSide } from '../pixel-size.js';
import { resizeBicubic } from '../data/resize.js';
import type { ImageSide } from '../training/scheme.js';

/** The side of a step that sees real images: their middle as a square, grey for one channel. */
export const realSide = (channels: number): ImageSide => ({
  half: 'a',
  channels,
  holds: 'colours',
  encode: (image, size) => imageBytes(squared(image, longerSide(size), channels), channels as 1 | 3),
});

/** Takes the middle of an image as a square of a size, grey for one channel. */
export function squared(image: RgbImage, side: number, channels: number): RgbImage {
  const square = centreSquare(image);
  // Luminance first, as a Translator takes it: resizing rounds.
  const seen = channels === 1 ? greyImage(square) : square;
  return seen.width === side ? seen : resizeBicubic(seen, side, side);
}
