import { frechetDistance } from '../distances/frechet.js';
import { inceptionMetric } from './inception-sets.js';

/** The Frechet inception distance. */
export const fid = inceptionMetric(
  {
    name: 'fid',
    description: 'the Frechet distance of both sets by the features of Inception-v3 (Heusel et al. 2017)',
    values: { fid: { label: 'FID', better: 'lower', digits: 4 } },
  },
  (made, real) => {
    const fewest = Math.min(made.count, real.count);
    const remarks =
      fewest > made.dimensions
        ? []
        : [
            `FID is too large for so few pictures (${fewest} for ${made.dimensions} features): compare it only with that of as many; ` +
              'KID does not depend on how many there are',
          ];
    return { values: { fid: frechetDistance(made, real) }, remarks };
  },
);
