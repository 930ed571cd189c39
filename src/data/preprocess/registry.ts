import { crop } from './crop.js';
import type { Preprocess } from './kind.js';
import { none } from './none.js';
import { resizeAndCrop } from './resize-and-crop.js';
import { scaleWidth, scaleWidthAndCrop } from './scale-width.js';

/** The name of a way in which images come to the size of a training, as pytorch-CycleGAN-and-pix2pix calls it. */
export type PreprocessName = 'resize_and_crop' | 'crop' | 'scale_width' | 'scale_width_and_crop' | 'none';

/** The way of trainings that say nothing else. */
export const USUAL_PREPROCESS: PreprocessName = 'resize_and_crop';

/** The ways in which images come to the size of a training, by their names. */
export const PREPROCESS: Readonly<Record<PreprocessName, Preprocess>> = {
  resize_and_crop: resizeAndCrop,
  crop,
  scale_width: scaleWidth,
  scale_width_and_crop: scaleWidthAndCrop,
  none,
};
