import { grad } from '../autograd/backward.js';
import { add, bceWithLogits, hingeLoss, mean, mseLoss, mul, neg, sigmoid, sqrt, square, sub, sum } from '../autograd/ops.js';
import { pcg4d } from '../random.js';
import type { Gpu } from '../gpu/gpu.js';
import { expectFloats } from '../kernels/elements.js';
import { expectShape, imageShape } from '../tensor/shape.js';
import type { OptionRow } from '../training/option-table.js';
import type { VerdictKind } from '../training/patch-scores.js';
import { Tensor } from '../tensor/tensor.js';
import type { PrepareContext, SchemeLoss } from '../training/scheme.js';

/** What a discriminator and a generator are trained for: a loss of each, given the discriminator's logits. */
export interface Objective {
  /** The discriminator's loss of what it says of real samples. */
  real(logits: Tensor): Tensor;
  /** The discriminator's loss of what it says of generated samples. */
  fake(logits: Tensor): Tensor;
  /** The generator's loss of what the discriminator says of generated samples. */
  generator(logits: Tensor): Tensor;
  /** What the discriminator says in numbers that a person reads: see docs/family.md for what they mean. */
  verdict(logits: Tensor): Tensor;
  /** What the discriminator's numbers mean, on a scale from generated to real. */
  readonly says: VerdictKind;
  /** The discriminator's loss where it is to say a number other than 1 of real samples; left out where there is no such number. */
  towards?(logits: Tensor, target: number): Tensor;
  /** The weight of a gradient penalty that the discriminator's loss has beside these; 0 for none. */
  readonly penalty: number;
}

/** The objectives by the names that pytorch-CycleGAN-and-pix2pix has for them (`--gan_mode`); hinge is of later programs. */
export const OBJECTIVES = {
  /** Goodfellow et al. 2014, the generator's loss in its form that does not saturate. */
  vanilla: {
    real: (logits) => bceWithLogits(logits, 1),
    fake: (logits) => bceWithLogits(logits, 0),
    generator: (logits) => bceWithLogits(logits, 1),
    towards: (logits, target) => bceWithLogits(logits, target),
    /** The probability that a sample is real. */
    verdict: (logits) => sigmoid(logits),
    says: 'logits',
    penalty: 0,
  },
  /** Least squares: Mao et al. 2017. */
  lsgan: {
    real: (logits) => mseLoss(logits, 1),
    fake: (logits) => mseLoss(logits, 0),
    generator: (logits) => mseLoss(logits, 1),
    towards: (logits, target) => mseLoss(logits, target),
    /** 1 is meant for real samples and 0 for generated ones. */
    verdict: (logits) => logits,
    says: 'scores',
    penalty: 0,
  },
  /** Wasserstein distance with a gradient penalty: Gulrajani et al. 2017. */
  wgangp: {
    real: (logits) => neg(mean(logits)),
    fake: (logits) => mean(logits),
    generator: (logits) => neg(mean(logits)),
    /** A score without bounds: only differences mean something. */
    verdict: (logits) => logits,
    says: 'logits',
    penalty: 10,
  },
  /** Lim and Ye 2017. */
  hinge: {
    real: (logits) => hingeLoss(logits, 'real'),
    fake: (logits) => hingeLoss(logits, 'fake'),
    generator: (logits) => hingeLoss(logits, 'generator'),
    /** A score without bounds, above 0 for what is taken for real. */
    verdict: (logits) => logits,
    says: 'logits',
    penalty: 0,
  },
} as const satisfies Record<string, Objective>;

/** The name of an objective. */
export type ObjectiveName = keyof typeof OBJECTIVES;

/** The row of an option that chooses an objective. */
export const objectiveOption = (byDefault: ObjectiveName): OptionRow => ({
  default: byDefault,
  fix: `leave it out for ${byDefault}`,
  flag: {
    group: 'Training',
    reference: ['gan_mode'],
    type: 'choice',
    choices: Object.keys(OBJECTIVES),
    default: byDefault,
    description: 'the adversarial loss: cross-entropy (vanilla), least squares, Wasserstein with a gradient penalty, or hinge',
  },
});

/** The objective of a scheme's options: without a choice cross-entropy. */
export const objectiveOf = ({ ganMode = 'vanilla' }: { readonly ganMode?: ObjectiveName }): Objective => OBJECTIVES[ganMode];

/** Whether the objective of a scheme's options has a gradient penalty. */
export function hasPenalty({ ganMode }: { readonly ganMode?: unknown }): boolean {
  const objective = (OBJECTIVES as Readonly<Record<string, Objective>>)[String(ganMode)];
  return objective !== undefined && objective.penalty > 0;
}

/** The loss of a gradient penalty, before it is weighted, where the objective of a scheme's options has one. */
export const penaltyRow = (label = 'D_gp'): SchemeLoss => ({ label, plot: 'Gradient penalty', when: hasPenalty });

/** Tells the shares of a gradient penalty from other random numbers. */
const SHARES_STREAM = 0x73686172;

/** Memory for the shares of real samples in the mixtures of a step's gradient penalty. */
export const shareTensor = (gpu: Gpu, batch: number, label: string): Tensor =>
  Tensor.from(gpu, new Float32Array(batch), [batch, 1, 1, 1], label);

/** Draws the shares of a step, uniform in [0, 1). @param number tells several penalties of one run apart */
export function writeShares(shares: Tensor, { step, seed, batch }: Pick<PrepareContext, 'step' | 'seed' | 'batch'>, number = 0): void {
  shares.write(Float32Array.from({ length: batch }, (_, image) => pcg4d(seed, step, image, SHARES_STREAM + number)[0] / 2 ** 32));
}

/** Keeps the root of a slope of nothing from having no gradient; far below any slope that there is. */
const TINY = 1e-24;

/**
 * Takes the gradient penalty of WGAN-GP (Gulrajani et al. 2017): the mean of (|slope| - 1)^2, where slope is the gradient of the sum of
 * what a discriminator says of each sample between a real and a generated one. It is differentiated again by backward(), so it asks
 * for second derivatives of what the discriminator is made of.
 *
 * @param judge the discriminator: [batch, height, width, channels] -> any shape
 * @param real [batch, height, width, channels]
 * @param fake of the same shape; detached
 * @param shares [batch, 1, 1, 1] of the real sample in each mixture, from 0 to 1, drawn anew for each step
 * @returns a scalar
 * @throws MISSING_GRADIENT for a discriminator with an operation that has no second derivative; SHAPE_MISMATCH, INVALID_ARGUMENT,
 *   DEVICE_MISMATCH, USE_AFTER_FREE
 */
export function gradientPenalty(judge: (x: Tensor) => Tensor, real: Tensor, fake: Tensor, shares: Tensor): Tensor {
  expectFloats('gradientPenalty', { real, fake }, { shares });
  const [batch] = imageShape(real.shape, 'real samples of gradientPenalty');
  expectShape('generated samples of gradientPenalty', real.shape, fake.shape);
  // Others would be spread over the axes of the images without a word.
  expectShape('shares of gradientPenalty', [batch, 1, 1, 1], shares.shape);
  const mixed = add(fake.detach(), mul(shares, sub(real.detach(), fake.detach())));
  mixed.requiresGrad = true;
  const [slope] = grad(sum(judge(mixed)), [mixed], { createGraph: true });
  const lengths = sqrt(add(sum(square(slope!), { axes: [1, 2, 3] }), TINY));
  return mean(square(sub(lengths, 1)));
}
