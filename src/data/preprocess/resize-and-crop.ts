import type { Preprocess } from './kind.js';

/** Resizes to the load size whatever the shape, and crops: the paper's way (Isola et al. 2017, section 6.2). */
export const resizeAndCrop: Preprocess = {
  description: 'resized to --load-size, whatever their shape, and cropped',
  takesLoadSize: true,
  crops: true,
  onDevice: true,
  scaled: (_own, load) => load,
};
