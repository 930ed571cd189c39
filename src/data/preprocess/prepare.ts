import { ShadegradError } from '../../errors.js';
import { pixelSize, widthAndHeight, type PixelSize } from '../../pixel-size.js';
import { fitImage, type Sides } from '../fit.js';
import { crop, type RgbImage } from '../image.js';
import type { Preprocess } from './kind.js';
import { PREPROCESS, USUAL_PREPROCESS, type PreprocessName } from './registry.js';

/** How the images of a training come to their size. */
export interface PreparePlan {
  /** What networks are given. */
  readonly size: PixelSize;
  /** What images are resized to before the crop. */
  readonly loadSize: PixelSize;
  /** The way; left out for resize_and_crop. */
  readonly preprocess?: PreprocessName;
}

/** Where a part is cut out of an image of the sides that it is given. */
export type ChooseCorner = (size: PixelSize) => { readonly cropX: number; readonly cropY: number };

const wayOf = ({ preprocess = USUAL_PREPROCESS }: Pick<PreparePlan, 'preprocess'>): Preprocess => PREPROCESS[preprocess];

/** Whether images are cut on the host, because they have no size in common before. */
export const isCutOnHost = (plan: Pick<PreparePlan, 'preprocess'>): boolean => !wayOf(plan).onDevice;

/** Whether the host cuts other parts out of an image each time, where it cuts at random. */
export const hasManyCuts = (plan: Pick<PreparePlan, 'preprocess'>): boolean => isCutOnHost(plan) && wayOf(plan).crops;

/** The size at which the images of a training are kept. */
export const keptSize = (plan: PreparePlan): PixelSize => (isCutOnHost(plan) ? plan.size : plan.loadSize);

/** The size that an image is brought to before the cut. */
export function scaledSize(own: Sides, plan: PreparePlan): PixelSize {
  const [width, height] = widthAndHeight(plan.loadSize);
  const scaled = wayOf(plan).scaled(own, { width, height });
  return pixelSize(scaled.width, scaled.height);
}

/**
 * What longer sides of images are shrunk to as soon as they are read: one size for all, or one for each that keeps what is cut out of it
 * as it would be without.
 */
export const shrunkSize = (plan: PreparePlan): PixelSize | ((own: Sides) => PixelSize) =>
  isCutOnHost(plan) ? (own) => scaledSize(own, plan) : plan.loadSize;

/**
 * Checks that an image of some sides comes to the size of a training.
 *
 * @param name of the image in the error
 * @throws IMAGE_SIZE
 */
export function expectPrepared(own: Sides, plan: PreparePlan, name: string): void {
  const { preprocess = USUAL_PREPROCESS } = plan;
  const [width, height] = widthAndHeight(plan.size);
  const [across, down] = widthAndHeight(scaledSize(own, plan));
  if (across === width && down === height) return;
  const received = `${across} x ${down}${across === own.width && down === own.height ? '' : `, of ${own.width} x ${own.height}`}`;
  if (wayOf(plan).crops) {
    if (across >= width && down >= height) return;
    throw new ShadegradError('IMAGE_SIZE', `${name} is smaller than what is cut out of it`, {
      expected: `at least ${width} x ${height} pixels, the size of the training`,
      received,
      fix: 'choose a smaller size, or preprocess scale_width_and_crop, which enlarges images; or take the picture out of the folder',
    });
  }
  throw new ShadegradError(
    'IMAGE_SIZE',
    `${name} does not come to the size of the training, and preprocess ${preprocess} cuts nothing off`,
    {
      expected: `${width} x ${height} pixels`,
      received,
      fix:
        'where all pictures come to one size, train at that (width and size); where they differ, with preprocess ' +
        `${preprocess === 'none' ? 'crop' : 'scale_width_and_crop'}, since the steps are recorded for one size`,
    },
  );
}

/**
 * Brings an image to the size of a training, where the host does that: resized (bicubic) as the way says, and cut.
 *
 * @param name of the image in the error
 * @param choose the corner of the cut; left out for the middle of the image, rounded towards its upper left corner
 * @throws IMAGE_SIZE for an image that does not come to the size
 */
export function prepareImage(image: RgbImage, plan: PreparePlan, name: string, choose: ChooseCorner = middleFor(plan)): RgbImage {
  expectPrepared(image, plan, name);
  const scaled = scaledSize(image, plan);
  const [across, down] = widthAndHeight(scaled);
  const [width, height] = widthAndHeight(plan.size);
  const whole = fitImage(image, { width: across, height: down });
  if (across === width && down === height) return whole;
  const { cropX, cropY } = choose(scaled);
  return crop(whole, cropX, cropY, width, height);
}

/** In words how an image that is measured comes to the size of a training. */
export function describePrepared(plan: PreparePlan): string {
  const way = wayOf(plan);
  const [width, height] = widthAndHeight(plan.size);
  if (way.onDevice) return `each resized to ${width} x ${height} (bicubic)`;
  const scaled = way.takesLoadSize ? `scaled to a width of ${widthAndHeight(plan.loadSize)[0]} (bicubic)` : 'at its own size';
  return way.crops ? `each ${scaled}, and its middle of ${width} x ${height} cut out` : `each ${scaled}`;
}

function middleFor({ size }: PreparePlan): ChooseCorner {
  const [width, height] = widthAndHeight(size);
  return (scaled) => {
    const [across, down] = widthAndHeight(scaled);
    return { cropX: Math.floor((across - width) / 2), cropY: Math.floor((down - height) / 2) };
  };
}
