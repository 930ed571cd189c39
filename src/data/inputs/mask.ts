import { createImage, type RgbImage } from '../image.js';
import type { PairInput } from './input.js';

/** What a hole shows: the middle of all values, which stands for nothing. */
const HOLE = 128;

/** The part of either side that a hole takes. */
export const HOLE_SHARE = { default: 0.5, min: 0.01, max: 1, description: 'the part of either side that the hole takes' } as const;

/** A copy of an image with a hole of a share of its sides. @param at where the hole is in the room that there is, 0 to 1 */
export function withHole(image: RgbImage, share: number, at: readonly [x: number, y: number]): RgbImage {
  const { width, height } = image;
  const result = createImage(width, height);
  result.data.set(image.data);
  const [wide, high] = [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
  const [left, top] = [Math.floor((width - wide) * at[0]), Math.floor((height - high) * at[1])];
  for (let y = top; y < top + high; y++) result.data.fill(HOLE, (y * width + left) * 3, (y * width + left + wide) * 3);
  return result;
}

/** The picture with a grey hole in its middle: a network learns to fill it. */
export const mask: PairInput = {
  name: 'mask',
  title: 'the picture with a hole in its middle',
  options: { share: HOLE_SHARE },
  ofPicture: true,
  make: (image, { share }) => withHole(image, share!, [0.5, 0.5]),
};
