import { grad } from '../autograd/backward.js';
import { noGrad } from '../autograd/graph.js';
import { addScaled, embedding, reshape } from '../autograd/ops.js';
import type { Network } from '../models/kind.js';
import { labelled } from '../models/labels.js';
import { toNetwork, type NoiseGenerator } from '../models/noise.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';
import { accumulate, inParts } from '../training/accumulation.js';
import type { SchemeLoss } from '../training/scheme.js';
import { STEP_KINDS } from './adversarial-options.js';
import { gradientPenalty, penaltyRow, type Objective } from './objectives.js';

/** The networks of a GAN, conditional or not. */
export type GANNetworks = {
  /** Makes images of random numbers, and of labels where it takes them. */
  readonly generator: NoiseGenerator;
  /** Tells real images from generated ones. */
  readonly discriminator: Network;
};

/** The losses of a GAN, conditional or not. */
export const GAN_LOSSES = {
  discriminatorReal: { label: 'D_real', plot: 'Discriminator', role: 'discriminator' },
  discriminatorFake: { label: 'D_fake', plot: 'Discriminator', role: 'discriminator' },
  penalty: penaltyRow(),
  generator: { label: 'G', plot: 'Generator', role: 'adversarial', phases: [STEP_KINDS.both] },
} as const satisfies Record<string, SchemeLoss>;

/** The labels of a step of a conditional GAN. */
export interface GANLabels {
  /** Those of the real images, [batch, labels]. */
  readonly real: Tensor;
  /** Those that the generated images are to have, [batch, labels]. */
  readonly wanted: Tensor;
  /** For each generated image the number of a real one that has the labels that are wanted of it, [batch]. */
  readonly alike: Tensor;
}

/** What ganStep() works with. */
export interface GANStep {
  readonly networks: GANNetworks;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** [batch, 1, 1, numbers]. */
  readonly noise: Tensor;
  /** [batch, size, size, channels] in [-1, 1]. */
  readonly real: Tensor;
  /** What is known of labels; null for networks without them. */
  readonly labels: GANLabels | null;
  /** What both networks are trained for. */
  readonly objective: Objective;
  /** [batch, 1, 1, 1] of the real image in each mixture of a gradient penalty; left out where the objective has none. */
  readonly shares: Tensor | undefined;
  /** Whether dropout drops. */
  readonly dropout: boolean;
  /** The kind of the step. */
  readonly phase: string;
  /** The parts of the batch that run one after the other. */
  readonly parts: number;
}

/**
 * Takes a step as the code of the first GAN does: both networks learn at once, from what the discriminator says before either has changed.
 * The discriminator's loss is half the sum of those of real and generated images and of the weighted gradient penalty; the generator's is
 * that of having its images taken for real, from the very pass that the discriminator learns from, masks of its dropout included.
 */
export function ganStep(step: GANStep): Record<string, Tensor> {
  const { networks, optimizers, labels, dropout, objective, parts } = step;
  const both = step.phase !== STEP_KINDS.discriminator;
  const { generator, discriminator } = networks;
  const mode = { training: true, dropout };
  const whole = toNetwork(step.real, generator.makes);
  const tensors = { noise: step.noise, real: whole, shares: step.shares, ownLabels: labels?.real, wanted: labels?.wanted };
  // Between images of the same labels: those of a mixture are then the same wherever it lies, and the slope is of the image alone.
  const alike = step.shares && (labels ? imagesAt(whole, labels.alike) : whole);
  const learning = [...(both ? [optimizers.generatorOptimizer!] : []), optimizers.discriminatorOptimizer!];
  return accumulate(whole.gpu, learning, inParts(parts, { ...tensors, alike }), (piece, teach) => {
    const make = (): Tensor => generator.forward(labelled(piece.noise, piece.wanted), mode);
    const made = both ? make() : noGrad(make);
    // A leaf between both: what the discriminator learns from does not reach the generator.
    const judged = made.detach();
    judged.requiresGrad = both;
    const onReal = discriminator.forward(labelled(piece.real, piece.ownLabels), mode);
    const onFake = discriminator.forward(labelled(judged, piece.wanted), mode);
    const loss = both ? objective.generator(onFake) : null;
    const [slope] = loss ? grad(loss, [judged]) : [];
    const [discriminatorReal, discriminatorFake] = [objective.real(onReal), objective.fake(onFake)];
    const verdict = addScaled(discriminatorReal, discriminatorFake, 0.5, 0.5);
    const judge = (x: Tensor): Tensor => discriminator.forward(labelled(x, piece.wanted), mode);
    const penalty = piece.shares && gradientPenalty(judge, piece.alike!, made.detach(), piece.shares);
    teach(penalty ? addScaled(verdict, penalty, 1, 0.5 * objective.penalty) : verdict);
    const verdicts = { discriminatorReal, discriminatorFake, ...(penalty && { penalty }) };
    if (loss === null) return { losses: verdicts };
    teach(made, slope);
    return { losses: { ...verdicts, generator: loss } };
  }).losses;
}

/** The images of these numbers. */
const imagesAt = (images: Tensor, numbers: Tensor): Tensor =>
  noGrad(() => reshape(embedding(numbers, reshape(images, [images.shape[0]!, images.size / images.shape[0]!])), images.shape));
