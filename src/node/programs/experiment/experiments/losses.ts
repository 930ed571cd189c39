import type { Experiment } from '../kind.js';

/** Table 1 of Isola et al. 2017: the terms of the objective, label maps to photos of Cityscapes. */
export const losses: Experiment = {
  name: 'losses',
  title: 'Terms of the objective: L1, GAN, cGAN, and L1 with either',
  published: 'per-pixel / per-class / IoU of FCN-8s on Cityscapes, 256 pixels',
  settings: [
    { name: 'l1', title: 'L1', flags: { 'lambda-gan': 0 }, published: '0.42 / 0.15 / 0.11' },
    { name: 'gan', title: 'GAN', flags: { lambda: 0, conditional: false }, published: '0.22 / 0.05 / 0.01' },
    { name: 'cgan', title: 'cGAN', flags: { lambda: 0 }, published: '0.57 / 0.22 / 0.16' },
    { name: 'l1-gan', title: 'L1 + GAN', flags: { conditional: false }, published: '0.64 / 0.20 / 0.15' },
    { name: 'l1-cgan', title: 'L1 + cGAN', flags: {}, published: '0.66 / 0.23 / 0.17' },
  ],
};
