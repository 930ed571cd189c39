import { backward } from '../autograd/backward.js';
import { addScaled, concat, l1Loss } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { copy } from '../kernels/elementwise.js';
import type { Network } from '../models/kind.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';
import { gradientPenalty, OBJECTIVES, type Objective } from './objectives.js';

/** What a step of pix2pix trains: both networks, on one device, and an optimiser of each. */
export interface Pix2Pix {
  /** The network that translates images. */
  generator: Network;
  /** The network that tells real pairs from generated ones. */
  discriminator: Network;
  /** What trains the generator. */
  generatorOptimizer: Optimizer;
  /** What trains the discriminator. */
  discriminatorOptimizer: Optimizer;
}

/** The losses of a step of pix2pix, in the order in which they lie in the `losses` tensor of pix2pixStep(). */
export const PIX2PIX_LOSSES = ['discriminatorReal', 'discriminatorFake', 'generatorGan', 'generatorL1'] as const;

/** The losses of a step of pix2pix, each a tensor of one number. */
export interface Pix2PixLosses {
  /** The discriminator's loss of the real pair, before it is halved; cross-entropy, unless another objective is chosen. */
  discriminatorReal: Tensor;
  /** Likewise of the generated pair. */
  discriminatorFake: Tensor;
  /** The gradient penalty, before it is weighted and halved; left out where the objective has none. */
  penalty?: Tensor;
  /** The generator's loss against the updated discriminator. */
  generatorGan: Tensor;
  /** Mean absolute error in [-1, 1] units, before it is weighted. */
  generatorL1: Tensor;
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
 * @param losses [4] persistent; gets the losses of this step, in the order of PIX2PIX_LOSSES
 * @throws INVALID_ARGUMENT for options of other names, or a lambda that is no number of at least 0; SHAPE_MISMATCH for images of
 *   another size
 */
export function pix2pixStep(model: Pix2Pix, source: Tensor, target: Tensor, losses: Tensor, options: StepOptions = {}): void {
  source.gpu.scope(() => {
    const made = trainPix2Pix(model, source, target, options);
    for (const [index, name] of PIX2PIX_LOSSES.entries()) copy(made[name].viewAs([1]), losses.channelView(index, index + 1));
  });
}

/** What networks are trained against each other for, where it is not the paper's cross-entropy. */
export interface Adversary {
  readonly objective: Objective;
  /** [batch, 1, 1, 1] of the real pair in the mixtures of a gradient penalty. */
  readonly shares?: Tensor | undefined;
}

/** The step of pix2pixStep(), in the caller's scope. */
export function trainPix2Pix(
  { generator, discriminator, generatorOptimizer, discriminatorOptimizer }: Pix2Pix,
  source: Tensor,
  target: Tensor,
  options: StepOptions,
  { objective, shares }: Adversary = { objective: OBJECTIVES.vanilla },
): Pix2PixLosses {
  const { lambda = 100, dropout = true } = expectOptions('pix2pixStep', options, ['lambda', 'dropout']);
  if (!(Number.isFinite(lambda) && lambda >= 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'lambda of pix2pixStep', {
      expected: 'a finite number of at least 0',
      received: String(lambda),
      fix: 'leave it out for 100, as in the paper',
    });
  }
  const mode = { training: true, dropout };
  const generated = generator.forward(source, mode);

  discriminator.setRequiresGrad(true);
  discriminatorOptimizer.zeroGrad();
  const fakePair = concat([source, generated.detach()]);
  const realPair = concat([source, target]);
  const discriminatorFake = objective.fake(discriminator.forward(fakePair, mode));
  const discriminatorReal = objective.real(discriminator.forward(realPair, mode));
  const verdict = addScaled(discriminatorFake, discriminatorReal, 0.5, 0.5);
  // Of whole pairs, as the reference's helper has it: the condition is part of what the discriminator's slope is taken by.
  const penalty = shares && gradientPenalty((pair) => discriminator.forward(pair, mode), realPair, fakePair, shares);
  backward(penalty ? addScaled(verdict, penalty, 1, 0.5 * objective.penalty) : verdict);
  discriminatorOptimizer.step();

  // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
  discriminator.setRequiresGrad(false);
  generatorOptimizer.zeroGrad();
  const generatorGan = objective.generator(discriminator.forward(concat([source, generated]), mode));
  const generatorL1 = l1Loss(generated, target);
  backward(addScaled(generatorGan, generatorL1, 1, lambda));
  generatorOptimizer.step();
  return { discriminatorReal, discriminatorFake, ...(penalty && { penalty }), generatorGan, generatorL1 };
}
