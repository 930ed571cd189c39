import { imageMsSsim, LEAST_MS_SSIM_SIDE } from '../metrics.js';
import { pairMetric } from './metric.js';

/** The structural similarity at several scales. */
export const msSsim = pairMetric(
  {
    name: 'ms-ssim',
    description: 'the structural similarity of the lumas at five scales (Wang et al. 2003), at most 1',
    values: { 'ms-ssim': { label: 'MS-SSIM', better: 'higher' } },
    leastSide: LEAST_MS_SSIM_SIDE,
  },
  (made, real) => ({ 'ms-ssim': imageMsSsim(made, real) }),
);
