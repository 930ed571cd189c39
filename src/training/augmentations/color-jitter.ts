import { colorDraws, COLOR_DRAW_NUMBERS, imageColorJitter, type ColorChange } from '../../kernels/color-jitter.js';
import type { RandomStream } from '../../random.js';
import { holdsColours, isMeant, SIDES, type Augmentation, type SidesMeant } from './kind.js';

/** Options of the colour jitter of training images. */
export interface ColorJitterOptions {
  /** How often a sample is changed, from 0 to 1. Default 0: never. */
  colorJitter: number;
  /** Brightness is multiplied with a number that is at most this far from 1. Default 0.2. */
  jitterBrightness: number;
  /** Contrast likewise. Default 0.2. */
  jitterContrast: number;
  /** Saturation likewise. Default 0.2. */
  jitterSaturation: number;
  /** The hue is moved by at most this share of the colour circle, from 0 to 0.5. Default 0.05. */
  jitterHue: number;
  /** Which images of a sample are changed. Default 'both', alike. */
  jitterOn: SidesMeant;
}

const CHANGES: readonly ColorChange[] = ['brightness', 'contrast', 'saturation', 'hue'];

/** A factor at most so far from 1, and not below 0. */
const factor = (random: RandomStream, most: number): number => random.uniform(Math.max(0, 1 - most), 1 + most);

/** The changes in an order that is drawn, as torchvision draws one for each image: contrast after saturation is another result. */
function orderOf(random: RandomStream): ColorChange[] {
  const order = [...CHANGES];
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = random.integer(0, last);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  return order;
}

/** Changes of the colours: brightness, contrast, saturation and hue, as torchvision's ColorJitter. */
export const colorJitter: Augmentation<ColorJitterOptions> = {
  title: 'colour jitter',
  turnedOnBy: 'colorJitter',
  stream: 0x636f6c6f,
  numbers: COLOR_DRAW_NUMBERS,
  options: {
    colorJitter: {
      default: 0,
      flag: {
        type: 'number',
        min: 0,
        max: 1,
        description:
          "how often the colours of a sample change, as by torchvision's ColorJitter: 1 is each time, 0.8 mostly; by default never",
      },
    },
    jitterBrightness: {
      default: 0.2,
      flag: {
        type: 'number',
        min: 0,
        max: 10,
        description: 'with --color-jitter, how far the factor of the brightness may be from 1; by default 0.2',
      },
    },
    jitterContrast: {
      default: 0.2,
      flag: { type: 'number', min: 0, max: 10, description: 'likewise that of the contrast; by default 0.2' },
    },
    jitterSaturation: {
      default: 0.2,
      flag: { type: 'number', min: 0, max: 10, description: 'likewise that of the saturation; by default 0.2' },
    },
    jitterHue: {
      default: 0.05,
      flag: { type: 'number', min: 0, max: 0.5, description: 'how far the hue may move, as a share of the colour circle; by default 0.05' },
    },
    jitterOn: {
      default: 'both',
      flag: {
        type: 'choice',
        choices: SIDES,
        description:
          'of pairs, the halves whose colours change: what the network is given, what it should make, or both, with one draw; by default ' +
          'both',
      },
    },
  },
  draw(random, { colorJitter: often, jitterBrightness, jitterContrast, jitterSaturation, jitterHue }) {
    const changed = random.chance(often);
    const [brightness, contrast, saturation] = [jitterBrightness, jitterContrast, jitterSaturation].map((most) => factor(random, most)) as [
      number,
      number,
      number,
    ];
    const hue = random.uniform(-jitterHue, jitterHue);
    const order = orderOf(random);
    return [...colorDraws([changed ? { brightness, contrast, saturation, hue, order } : null])];
  },
  changes: (side, { jitterOn }) => holdsColours(side) && isMeant(side, jitterOn),
  apply: (images, draws) => imageColorJitter(images, draws),
};
