import type { Experiment, Setting } from '../kind.js';

/** A PatchGAN of so many layers that halve the image; the two convolutions after them take a pixel each, and one has to be left. */
const patchgan = (layers: number, pixels: number, published: string): Setting => ({
  name: `patch-${pixels}`,
  title: `${pixels} x ${pixels}`,
  flags: { discriminator: 'patchgan', 'discriminator-layers': layers },
  smallest: 3 * 2 ** layers,
  published,
});

/** Table 3 of Isola et al. 2017: what the discriminator sees at once, from a pixel to the whole image. */
export const patches: Experiment = {
  name: 'patches',
  title: 'Patches of the discriminator: 1, 16, 70 and 286 pixels a side',
  published: 'per-pixel / per-class / IoU of FCN-8s on Cityscapes, 256 pixels',
  settings: [
    { name: 'patch-1', title: '1 x 1', flags: { discriminator: 'pixelgan' }, published: '0.39 / 0.15 / 0.10' },
    patchgan(1, 16, '0.65 / 0.21 / 0.17'),
    patchgan(3, 70, '0.66 / 0.23 / 0.17'),
    patchgan(5, 286, '0.42 / 0.16 / 0.11'),
  ],
};
