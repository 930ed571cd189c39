import type { PairInput } from './input.js';

/** The picture itself: the networks see L of it, and of the other half a and b. A picture of L would have lost the half of its steps. */
export const lab: PairInput = {
  name: 'lab',
  title: 'lightness',
  options: {},
  training: { colourSpace: 'lab' },
  make: (image) => ({ ...image, data: image.data.slice() }),
};
