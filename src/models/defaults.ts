import { constant, normal } from '../nn/initializers.js';
import type { Layer } from '../nn/forward.js';
import { BatchNorm2d, Conv2d, ConvTranspose2d, InstanceNorm2d } from '../nn/layers.js';

/** The normalisations that a network can be built with. */
export type Norm = 'batch' | 'instance' | 'none';

interface Pix2PixConvOptions {
  inChannels: number;
  outChannels: number;
  stride?: number;
  padding?: number;
  bias?: boolean;
}

/** A convolution as DCGAN and pix2pix have them: 4 x 4, half the size unless a stride says otherwise, weights N(0, 0.02), biases 0. */
const complete = ({ stride = 2, ...options }: Pix2PixConvOptions) => ({
  kernel: 4,
  padding: 1,
  initializer: normal(0, 0.02),
  biasInitializer: constant(0),
  stride,
  ...options,
});

/** Halves an image. @throws INVALID_ARGUMENT */
export const pix2pixConv = (options: Pix2PixConvOptions): Conv2d => new Conv2d(complete(options));

/** Doubles an image. @throws INVALID_ARGUMENT */
export const pix2pixConvTranspose = (options: Pix2PixConvOptions): ConvTranspose2d => new ConvTranspose2d(complete(options));

/**
 * The layer of a normalisation; of batch norm with weights N(1, 0.02), and by the batch's statistics also at test time, as
 * pix2pix has it.
 * @returns null for 'none'
 * @throws INVALID_ARGUMENT
 */
export function pix2pixNorm(norm: Norm, channels: number, { epsilon }: { epsilon?: number } = {}): Layer | null {
  if (norm === 'none') return null;
  return norm === 'batch'
    ? new BatchNorm2d(channels, { epsilon, statistics: 'batch', initializer: normal(1, 0.02) })
    : new InstanceNorm2d(channels, { epsilon });
}
