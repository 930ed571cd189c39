import { imageL2 } from '../metrics.js';
import { pairMetric } from './metric.js';
import { asNumbers } from './numbers.js';

/** The mean squared difference. */
export const l2 = pairMetric(
  {
    name: 'l2',
    description: 'the mean squared difference of all channels of all pixels on the scale of [-1, 1], from 0 to 4',
    values: { l2: { label: 'L2', better: 'lower' } },
  },
  (made, real) => {
    const numbers = asNumbers(made, real);
    if (!numbers) return { l2: imageL2(made, real) };
    const [{ data: a }, { data: b }] = [numbers[0].values, numbers[1].values];
    let squares = 0;
    for (let at = 0; at < a.length; at++) squares += (a[at]! - b[at]!) ** 2;
    return { l2: squares / a.length };
  },
);
