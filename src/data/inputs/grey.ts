import { greyImage } from '../grey.js';
import type { PairInput } from './input.js';

/** The luminance alone: a network learns to colour. */
export const grey: PairInput = {
  name: 'grey',
  title: 'the picture without its colours',
  options: {},
  make: (image) => greyImage(image),
};
