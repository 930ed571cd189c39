import { backward } from '../autograd/backward.js';
import { addScaled, bceWithLogits, concat, l1Loss } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import { copy } from '../kernels/elementwise.js';
import type { PatchGAN } from '../models/patchgan.js';
import type { UNet } from '../models/unet.js';
import type { Adam } from '../optim/adam.js';
import { expectOptions } from '../checks.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a step of pix2pix trains: both networks, on one device, and an optimiser of each. */
export interface Pix2Pix {
  /** The network that translates images. */
  generator: UNet;
  /** The network that tells real pairs from generated ones. */
  discriminator: PatchGAN;
  /** What trains the generator. */
  generatorOptimizer: Adam;
  /** What trains the discriminator. */
  discriminatorOptimizer: Adam;
}

/** The four losses of a step, in the order in which they lie in the `losses` tensor. */
export interface StepLosses {
  /** Cross-entropy of the discriminator on the real pair, before it is halved. */
  discriminatorReal: number;
  /** Cross-entropy of the discriminator on the generated pair, before it is halved. */
  discriminatorFake: number;
  /** Cross-entropy of the generator against the updated discriminator. */
  generatorGan: number;
  /** Mean absolute error in [-1, 1] units, before it is weighted. */
  generatorL1: number;
}

export const LOSS_COUNT = 4;

export function lossesFrom(values: ArrayLike<number>, start = 0): StepLosses {
  return {
    discriminatorReal: values[start]!,
    discriminatorFake: values[start + 1]!,
    generatorGan: values[start + 2]!,
    generatorL1: values[start + 3]!,
  };
}

/** Options of pix2pixStep(): the weight of the L1 loss, and whether the generator drops. */
export interface StepOptions {
  /** Weight of the L1 term. Default 100. */
  lambda?: number;
  /** Dropout in the generator. Default true; tests against other implementations switch it off. */
  dropout?: boolean;
}

/**
 * Takes one step of pix2pix (Isola et al. 2017, section 3): the generator runs once; the discriminator learns from the generated pair
 * (detached) and the real one, with half of their summed loss; then the generator learns from the updated discriminator's verdict and
 * from lambda times L1.
 *
 * Runs eagerly, or is recorded by calling it inside gpu.record().
 *
 * @param source [batch, size, size, channels] in [-1, 1]: what is translated
 * @param target [batch, size, size, channels] in [-1, 1]: what it should become
 * @param losses [4] persistent; gets the losses of this step
 * @throws INVALID_ARGUMENT for options of other names, or a lambda that is no number of at least 0; SHAPE_MISMATCH for images of
 *   another size
 */
export function pix2pixStep(
  { generator, discriminator, generatorOptimizer, discriminatorOptimizer }: Pix2Pix,
  source: Tensor,
  target: Tensor,
  losses: Tensor,
  options: StepOptions = {},
): void {
  const { lambda = 100, dropout = true } = expectOptions('pix2pixStep', options, ['lambda', 'dropout']);
  if (!(Number.isFinite(lambda) && lambda >= 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'lambda of pix2pixStep', {
      expected: 'a finite number of at least 0',
      received: String(lambda),
      fix: 'leave it out for 100, as in the paper',
    });
  }
  const mode = { training: true, dropout };
  source.gpu.scope(() => {
    const generated = generator.forward(source, mode);

    discriminator.setRequiresGrad(true);
    discriminatorOptimizer.zeroGrad();
    const fakeLoss = bceWithLogits(discriminator.forward(concat([source, generated.detach()]), mode), 0);
    const realLoss = bceWithLogits(discriminator.forward(concat([source, target]), mode), 1);
    backward(addScaled(fakeLoss, realLoss, 0.5, 0.5));
    discriminatorOptimizer.step();

    // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
    discriminator.setRequiresGrad(false);
    generatorOptimizer.zeroGrad();
    const ganLoss = bceWithLogits(discriminator.forward(concat([source, generated]), mode), 1);
    const l1 = l1Loss(generated, target);
    backward(addScaled(ganLoss, l1, 1, lambda));
    generatorOptimizer.step();

    [realLoss, fakeLoss, ganLoss, l1].forEach((loss, index) => copy(loss.viewAs([1]), losses.channelView(index, index + 1)));
  });
}
