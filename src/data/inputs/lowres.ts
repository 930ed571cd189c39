import { resizeBicubic } from '../resize.js';
import type { PairInput } from './input.js';

/** The picture of fewer pixels, at its old size: a network learns to put in what is missing. */
export const lowres: PairInput = {
  name: 'lowres',
  title: 'the picture of fewer pixels, brought back to its size',
  options: { factor: { default: 4, min: 1, max: 64, description: 'how many times fewer pixels either side has' } },
  make(image, { factor }) {
    const { width, height } = image;
    const small = resizeBicubic(image, Math.max(1, Math.round(width / factor!)), Math.max(1, Math.round(height / factor!)));
    return resizeBicubic(small, width, height);
  },
};
