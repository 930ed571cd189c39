import { imageDiversity } from '../metrics.js';
import type { EvaluationMetric } from './metric.js';

/** How much pictures that were made of one input differ from each other. */
export const diversity: EvaluationMetric = {
  name: 'diversity',
  description: 'how much the pictures made of one input differ: the mean L1 of every two, and the standard deviation of each pixel',
  compares: 'outputs',
  values: {
    diversity: { label: 'Diversity', better: 'higher' },
    'diversity-deviation': { label: 'Deviation of pixels', better: 'higher' },
  },
  begin: () => ({
    add({ outputs }) {
      const { l1, deviation } = imageDiversity(outputs!);
      return { diversity: l1, 'diversity-deviation': deviation };
    },
  }),
};
