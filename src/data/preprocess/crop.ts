import type { Preprocess } from './kind.js';

/** Crops and resizes nothing: a part of a large image, pixel by pixel as it is. */
export const crop: Preprocess = {
  description: 'cropped out of the images at their own size, which may differ',
  takesLoadSize: false,
  crops: true,
  onDevice: false,
  scaled: (own) => own,
};
