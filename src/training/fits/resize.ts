import type { RgbImage } from '../../data/image.js';
import { resizeBicubic } from '../../data/resize.js';
import type { Fit } from './kind.js';
import { nearest, sidesOf } from './sides.js';

/** Resizes (bicubic) to the size that is asked for. With 'image' that is the nearest to an image's own, and the result is resized back. */
export const resize: Fit = {
  description: 'to --size',
  takesSize: true,
  takesTile: false,
  fixedPiece: ({ size, sizes }) => (size === 'image' ? null : sidesOf(size, sizes)),
  plan([width, height], { size, sizes }) {
    const piece = size === 'image' ? ([nearest(width, sizes), nearest(height, sizes)] as const) : sidesOf(size, sizes);
    return {
      fitted: piece,
      piece,
      prepare: (image) => resized(image, ...piece),
      async run(fitted, through) {
        const result = await through(fitted);
        return size === 'image' ? resized(result, width, height) : result;
      },
    };
  },
};

function resized(image: RgbImage, width: number, height: number): RgbImage {
  return image.width === width && image.height === height ? image : resizeBicubic(image, width, height);
}
