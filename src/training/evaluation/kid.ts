import { kernelDistance } from '../distances/kernel-distance.js';
import { inceptionMetric } from './inception-sets.js';

/** The kernel inception distance. */
export const kid = inceptionMetric(
  {
    name: 'kid',
    description: 'the kernel distance of both sets by the features of Inception-v3 (Binkowski et al. 2018), also of few pictures',
    values: { kid: { label: 'KID', better: 'lower' } },
  },
  (made, real, { seed }) => {
    const { distance, deviation } = kernelDistance(made, real, seed);
    const remarks =
      deviation > 0 ? [`KID is the mean over parts of at most 1,000 pictures, which deviate by ${deviation.toPrecision(3)}`] : [];
    return { values: { kid: distance }, remarks };
  },
);
