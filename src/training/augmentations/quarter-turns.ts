import { imageTurn } from '../../kernels/image-turn.js';
import type { Augmentation } from './kind.js';

/** Options of turning training images by right angles. */
export interface QuarterTurnsOptions {
  /** Whether samples are turned by a number of quarter turns that is drawn; those that are not square by half turns. Default false. */
  quarterTurns: boolean;
}

/** Turning by right angles, which changes no pixel, for images that have no up and down, such as maps. */
export const quarterTurns: Augmentation<QuarterTurnsOptions> = {
  title: 'quarter turns',
  turnedOnBy: 'quarterTurns',
  stream: 0x71757274,
  numbers: 2,
  options: {
    quarterTurns: {
      default: false,
      flag: { type: 'boolean', description: 'turn samples by 0, 1, 2 or 3 quarter turns; those that are not square by 0 or 2' },
    },
  },
  draw: (random) => [random.integer(0, 3), 0],
  apply: (images, draws) => imageTurn(images, draws),
};
