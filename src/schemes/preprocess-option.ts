import { PREPROCESS, USUAL_PREPROCESS, type PreprocessName } from '../data/preprocess/registry.js';
import { ShadegradError } from '../errors.js';
import { pixelSize } from '../pixel-size.js';
import type { OptionRow } from '../training/option-table.js';
import type { ImagePlan } from '../training/scheme.js';
import { imagePlanOf, imageSizeOf, type ImageSizeOptions } from './image-size.js';
import { expectLoadSize } from './option-rows.js';

/** Options of a scheme that say how images come to their size. */
export interface PreprocessOptions extends ImageSizeOptions {
  /** The way, as pytorch-CycleGAN-and-pix2pix calls it. Default 'resize_and_crop'. */
  preprocess?: PreprocessName;
  /** Whether images are cropped and mirrored at random. */
  jitter: boolean;
  /** Whether they are mirrored, where they are cropped. Default true. */
  flip?: boolean;
}

/** The paper resizes to 286 before it crops 256 (Isola et al. 2017, section 6.2). */
const LOAD_SHARE = 286 / 256;

/** The row of the option that says how images come to the size that networks are trained at. */
export const PREPROCESS_ROW: OptionRow = {
  default: USUAL_PREPROCESS,
  flag: {
    group: 'Data',
    reference: ['preprocess'],
    type: 'choice',
    choices: Object.keys(PREPROCESS),
    default: USUAL_PREPROCESS,
    description: `how images come to their size: ${Object.entries(PREPROCESS)
      .map(([name, { description }]) => `${name}, ${description}`)
      .join('; ')}`,
  },
};

/** When a load size does something: where images are not cropped, only ways of preprocessing that cut what they have resized have one. */
export const LOAD_SIZE_EFFECT: NonNullable<OptionRow['only']> = {
  when: ({ jitter, preprocess = USUAL_PREPROCESS }) => jitter === true || !PREPROCESS[preprocess as PreprocessName].onDevice,
  expected: 'jitter true',
};

/** A side that is larger by the share that a crop leaves out: 286 for 256, and always even. */
const larger = (side: number): number => 2 * Math.round((side * LOAD_SHARE) / 2);

/**
 * The load size of a training: that of its options, or else what its way of preprocessing has.
 *
 * @throws INVALID_ARGUMENT for one that is smaller than the crop, or that means nothing
 */
export function loadSizeOf(options: PreprocessOptions): { loadSize?: number } {
  const { preprocess = USUAL_PREPROCESS, size, width = size, loadSize, jitter } = options;
  const { takesLoadSize, crops, onDevice } = PREPROCESS[preprocess];
  const refuse = (expected: string, fix: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', 'loadSize of the training', { expected, received: `loadSize ${loadSize}`, fix });
  };
  if (!takesLoadSize)
    return loadSize === undefined ? {} : refuse(`none with preprocess ${preprocess}`, 'leave it out: nothing is resized to it');
  if (onDevice) {
    expectLoadSize(options);
    return { loadSize: loadSize ?? (jitter ? larger(size) : size) };
  }
  // The images' width here: their height is in proportion.
  if (loadSize === undefined) return { loadSize: crops ? larger(width) : width };
  if (crops && loadSize < width) refuse(`at least the width of the crop, ${width}`, 'leave it out, or choose a smaller size');
  if (!crops && loadSize !== width)
    refuse(`${width}, the width of the training: preprocess ${preprocess} cuts nothing off`, 'leave it out, or use scale_width_and_crop');
  return { loadSize };
}

/** The sizes that images are brought to and cropped to, and how. */
export function preparePlanOf(options: PreprocessOptions): ImagePlan {
  const { preprocess = USUAL_PREPROCESS, size, width = size, loadSize = width } = options;
  const plan = imagePlanOf(options);
  if (PREPROCESS[preprocess].onDevice) return plan;
  const load = PREPROCESS[preprocess].takesLoadSize ? pixelSize(loadSize, size) : imageSizeOf(options);
  return { ...plan, preprocess, loadSize: load };
}
