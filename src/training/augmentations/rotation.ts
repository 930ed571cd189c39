import { imageRotate } from '../../kernels/image-turn.js';
import { holdsColours, isMeant, SIDES, type Augmentation, type SidesMeant } from './kind.js';

/** Options of turning training images by an angle. */
export interface RotationOptions {
  /** Samples are turned by at most so many degrees to either side, from 0 to 180. Default 0. */
  rotate: number;
  /** Which images take the nearest pixel, as label maps need; what holds no colours does in any case. Default 'none'. */
  rotateNearest: SidesMeant | 'none';
}

/** Turning by a small angle. */
export const rotation: Augmentation<RotationOptions> = {
  title: 'rotation',
  turnedOnBy: 'rotate',
  stream: 0x726f7461,
  numbers: 2,
  options: {
    rotate: {
      default: 0,
      flag: {
        type: 'number',
        min: 0,
        max: 180,
        description:
          'turn each sample by at most so many degrees to either side; corners are filled by mirroring at the edge; by default 0',
      },
    },
    rotateNearest: {
      default: 'none',
      flag: {
        type: 'choice',
        choices: [...SIDES, 'none'],
        description: 'with --rotate, the halves that take the nearest pixel, as label maps need, not a mean of four; by default none',
      },
    },
  },
  draw(random, { rotate }) {
    const angle = (random.uniform(-rotate, rotate) * Math.PI) / 180;
    return [Math.cos(angle), Math.sin(angle)];
  },
  apply(images, draws, side, { rotateNearest }) {
    const nearest = !holdsColours(side) || (rotateNearest !== 'none' && isMeant(side, rotateNearest));
    return imageRotate(images, draws, { mode: nearest ? 'nearest' : 'bilinear' });
  },
};
