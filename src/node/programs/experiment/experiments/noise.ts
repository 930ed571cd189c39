import type { Experiment } from '../kind.js';

/** Section 3.1 of Isola et al. 2017: where results of one input could differ from each other, which the paper says they hardly do. */
export const noise: Experiment = {
  name: 'noise',
  title: 'Where chance comes in: dropout, random numbers beside the input, or nowhere',
  metrics: ['l1', 'ssim', 'diversity'],
  samples: 8,
  settings: [
    { name: 'dropout', title: 'dropout', flags: { dropout: true, z: 0 } },
    { name: 'z', title: 'random numbers', flags: { dropout: false, z: 8 } },
    { name: 'none', title: 'none', flags: { dropout: false, z: 0 } },
  ],
};
