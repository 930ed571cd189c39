import { imageTurn } from '../../kernels/image-turn.js';
import type { Augmentation } from './kind.js';

/** Options of mirroring training images top to bottom. */
export interface FlipVerticalOptions {
  /** Whether every other sample, drawn at random, is mirrored top to bottom. Default false. */
  flipVertical: boolean;
}

/** Mirroring top to bottom, for images that have no up and down, such as maps. */
export const flipVertical: Augmentation<FlipVerticalOptions> = {
  title: 'mirroring top to bottom',
  turnedOnBy: 'flipVertical',
  stream: 0x666c6970,
  numbers: 2,
  options: {
    flipVertical: {
      default: false,
      flag: { type: 'boolean', description: 'mirror half of the samples top to bottom, for what has no up and down, such as maps' },
    },
  },
  draw: (random) => [0, Number(random.chance(0.5))],
  apply: (images, draws) => imageTurn(images, draws),
};
