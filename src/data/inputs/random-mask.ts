import type { PairInput } from './input.js';
import { HOLE_SHARE, withHole } from './mask.js';

/** The picture with a grey hole somewhere, always in the same place of the same picture. */
export const randomMask: PairInput = {
  name: 'random-mask',
  title: 'the picture with a hole somewhere, where its name and the seed say',
  options: { share: HOLE_SHARE },
  ofPicture: true,
  make: (image, { share }, draw) => withHole(image, share!, [draw.uniform(), draw.uniform()]),
};
