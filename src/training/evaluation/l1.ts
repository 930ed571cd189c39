import { compareNumbers, imageL1 } from '../metrics.js';
import { pairMetric } from './metric.js';
import { asNumbers } from './numbers.js';

/** The mean absolute difference. */
export const l1 = pairMetric(
  {
    name: 'l1',
    description: 'the mean absolute difference of all channels of all pixels on the scale of [-1, 1], from 0 to 2',
    values: { l1: { label: 'L1', better: 'lower' } },
  },
  (made, real) => {
    const numbers = asNumbers(made, real);
    return { l1: numbers ? compareNumbers(...numbers).l1 : imageL1(made, real) };
  },
);
