import { compareNumbers, imagePsnr } from '../metrics.js';
import { pairMetric } from './metric.js';
import { asNumbers } from './numbers.js';

/** The peak signal-to-noise ratio. */
export const psnr = pairMetric(
  {
    name: 'psnr',
    description: 'the peak signal-to-noise ratio in decibels, of each pair; infinite where two are equal',
    values: { psnr: { label: 'PSNR', better: 'higher', unit: 'dB', digits: 4 } },
  },
  (made, real) => {
    const numbers = asNumbers(made, real);
    return { psnr: numbers ? compareNumbers(...numbers).psnr : imagePsnr(made, real) };
  },
);
