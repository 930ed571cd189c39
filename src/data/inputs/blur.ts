import { blurPlane } from '../gaussian.js';
import { createImage } from '../image.js';
import type { PairInput } from './input.js';

/** The picture out of focus: a network learns to sharpen. */
export const blur: PairInput = {
  name: 'blur',
  title: 'the picture blurred by a Gaussian',
  options: { sigma: { default: 4, min: 0, max: 100, description: 'the standard deviation of the blur, in pixels' } },
  make(image, { sigma }) {
    const { width, height, data } = image;
    const result = createImage(width, height);
    for (let channel = 0; channel < 3; channel++) {
      const plane = Float64Array.from({ length: width * height }, (_, at) => data[at * 3 + channel]!);
      const { data: blurred } = blurPlane({ width, height, data: plane }, sigma!);
      for (let at = 0; at < blurred.length; at++) result.data[at * 3 + channel] = Math.round(blurred[at]!);
    }
    return result;
  },
};
