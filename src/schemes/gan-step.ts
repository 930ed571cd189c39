import { backward, grad } from '../autograd/backward.js';
import { addScaled, bceWithLogits } from '../autograd/ops.js';
import type { Network } from '../models/kind.js';
import type { NoiseGenerator } from '../models/noise.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';
import type { SchemeLoss } from '../training/scheme.js';
import { labelled, toNetwork } from './noise-evaluator.js';

/** The networks of a GAN, conditional or not. */
export type GANNetworks = {
  /** Makes images of random numbers, and of labels where it takes them. */
  readonly generator: NoiseGenerator;
  /** Tells real images from generated ones. */
  readonly discriminator: Network;
};

/** The losses of ganStep(). */
export const GAN_LOSSES = {
  discriminatorReal: { label: 'D_real', plot: 'Discriminator' },
  discriminatorFake: { label: 'D_fake', plot: 'Discriminator' },
  generator: { label: 'G', plot: 'Generator' },
} as const satisfies Record<string, SchemeLoss>;

/** What ganStep() works with. */
export interface GANStep {
  readonly networks: GANNetworks;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** [batch, 1, 1, numbers]. */
  readonly noise: Tensor;
  /** [batch, size, size, channels] in [-1, 1]. */
  readonly real: Tensor;
  /** The labels of the real images and those that the generated ones are to have, [batch, labels]; null for networks without labels. */
  readonly labels: { readonly real: Tensor; readonly wanted: Tensor } | null;
  /** Whether dropout drops. */
  readonly dropout: boolean;
}

/**
 * Takes a step as the code of the first GAN does: both networks learn at once, from what the discriminator says before either has changed.
 * The discriminator's loss is half the sum of the cross-entropies of real and generated images; the generator's is that of having its
 * images taken for real, from the very pass that the discriminator learns from, masks of its dropout included.
 */
export function ganStep({ networks, optimizers, noise, real, labels, dropout }: GANStep): Record<keyof typeof GAN_LOSSES, Tensor> {
  const { generator, discriminator } = networks;
  const mode = { training: true, dropout };
  for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
  const made = generator.forward(labelled(noise, labels?.wanted), mode);
  // A leaf between both: what the discriminator learns from does not reach the generator.
  const judged = made.detach();
  judged.requiresGrad = true;
  const onReal = discriminator.forward(labelled(toNetwork(real, generator.makes), labels?.real), mode);
  const onFake = discriminator.forward(labelled(judged, labels?.wanted), mode);
  const loss = bceWithLogits(onFake, 1);
  const [slope] = grad(loss, [judged]);
  const [discriminatorReal, discriminatorFake] = [bceWithLogits(onReal, 1), bceWithLogits(onFake, 0)];
  backward(addScaled(discriminatorReal, discriminatorFake, 0.5, 0.5));
  backward(made, slope);
  for (const optimizer of Object.values(optimizers)) optimizer.step();
  return { discriminatorReal, discriminatorFake, generator: loss };
}
