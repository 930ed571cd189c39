import type { Sides } from '../fit.js';
import type { Preprocess } from './kind.js';

/** Sides of a width with the height in proportion, rounded down, but no lower than a crop. */
const toWidth = (own: Sides, { width, height }: Sides): Sides => ({
  width,
  height: Math.max(Math.floor((width * own.height) / own.width), height),
});

/** Resizes to a width, with the height in proportion. */
export const scaleWidth: Preprocess = {
  description: 'resized to the width, all of one shape',
  takesLoadSize: true,
  crops: false,
  onDevice: false,
  scaled: toWidth,
};

/** Resizes to a width, with the height in proportion, and crops. */
export const scaleWidthAndCrop: Preprocess = {
  description: 'resized to a width of --load-size, of any shape, and cropped',
  takesLoadSize: true,
  crops: true,
  onDevice: false,
  scaled: toWidth,
};
