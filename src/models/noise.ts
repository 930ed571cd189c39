import { add, mul } from '../autograd/ops.js';
import { fillNormal, fillUniform } from '../kernels/random.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Network } from './kind.js';

/** What a network makes images of: random numbers, and labels where it takes them. */
export interface NoiseInput {
  /** How many random numbers an image is made of. */
  readonly numbers: number;
  /** Labels that withLabels() joins to them; 0 for a network that takes none. */
  readonly labels: number;
  /** What the numbers are drawn from: the standard normal distribution, or uniformly between two bounds. */
  readonly drawn: 'normal' | { readonly low: number; readonly high: number };
}

/** The images that a network makes. */
export interface MadeImages {
  /** Height and width in pixels. */
  readonly size: number;
  /** Channels. */
  readonly channels: number;
  /** What black is to the network; white is 1. */
  readonly black: 0 | -1;
}

/** A network that makes images of random numbers, [batch, 1, 1, numbers + labels]. */
export type NoiseGenerator = Network & {
  /** What it makes them of. */
  readonly takes: NoiseInput;
  /** What its images are like. */
  readonly makes: MadeImages;
};

/** Whether a network makes images of random numbers, with labels or without. */
export function isNoiseGenerator(network: Network): network is NoiseGenerator {
  return 'takes' in network && 'makes' in network;
}

/** Takes images in [-1, 1] to what a network has them in whose black is another. */
export const toNetwork = (images: Tensor, { black }: Pick<MadeImages, 'black'>): Tensor =>
  black === -1 ? images : add(mul(images, 0.5), 0.5);

/** Takes images that a network has made to [-1, 1], whatever its black is. */
export const fromNetwork = (images: Tensor, { black }: Pick<MadeImages, 'black'>): Tensor =>
  black === -1 ? images : add(mul(images, 2), -1);

/**
 * Fills a tensor with random numbers for a network that makes images of them.
 *
 * @param target [batch, 1, 1, numbers]
 * @param seed whole number of 32 bits
 * @param stream whole number of 32 bits that tells draws with one seed apart
 * @throws as fillNormal()
 */
export function drawNoise(target: Tensor, { drawn }: Pick<NoiseInput, 'drawn'>, seed: number, stream: number): void {
  if (drawn === 'normal') fillNormal(target, 0, 1, seed, stream);
  else fillUniform(target, drawn.low, drawn.high, seed, stream);
}
