/**
 * Networks that are ready to train.
 *
 * @module shadegrad/models
 */

import '../autograd/methods.js';

export { UNet, type UNetOptions } from './unet.js';
export { PatchGAN, type PatchGANOptions } from './patchgan.js';
export type { Norm } from './defaults.js';
export type { VariantOptions } from './variants.js';
