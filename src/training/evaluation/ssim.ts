import { compareNumbers, imageSsim } from '../metrics.js';
import { pairMetric } from './metric.js';
import { asNumbers } from './numbers.js';

/** The structural similarity. */
export const ssim = pairMetric(
  {
    name: 'ssim',
    description: 'the structural similarity of the lumas in Gaussian windows of 11 x 11 pixels (Wang et al. 2004), at most 1',
    values: { ssim: { label: 'SSIM', better: 'higher' } },
  },
  (made, real) => {
    const numbers = asNumbers(made, real);
    return { ssim: numbers ? compareNumbers(...numbers).ssim : imageSsim(made, real) };
  },
);
