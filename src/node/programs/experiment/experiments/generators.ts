import type { Experiment } from '../kind.js';

/** Table 2 of Isola et al. 2017: skip connections or none, with L1 alone and with the whole objective. */
export const generators: Experiment = {
  name: 'generators',
  title: 'Encoder-decoder and U-Net, with L1 alone and with L1 + cGAN',
  published: 'per-pixel / per-class / IoU of FCN-8s on Cityscapes, 256 pixels, batch 10',
  settings: [
    {
      name: 'encoder-decoder-l1',
      title: 'encoder-decoder, L1',
      flags: { generator: 'encoder-decoder', 'lambda-gan': 0 },
      published: '0.35 / 0.12 / 0.08',
    },
    {
      name: 'encoder-decoder-l1-cgan',
      title: 'encoder-decoder, L1 + cGAN',
      flags: { generator: 'encoder-decoder' },
      published: '0.29 / 0.09 / 0.05',
    },
    { name: 'unet-l1', title: 'U-Net, L1', flags: { generator: 'unet', 'lambda-gan': 0 }, published: '0.48 / 0.18 / 0.13' },
    { name: 'unet-l1-cgan', title: 'U-Net, L1 + cGAN', flags: { generator: 'unet' }, published: '0.55 / 0.20 / 0.14' },
  ],
};
