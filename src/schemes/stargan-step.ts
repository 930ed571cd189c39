import { noGrad } from '../autograd/graph.js';
import { add, addScaled, bceWithLogits, crossEntropy, embedding, l1Loss, mul, sliceChannels } from '../autograd/ops.js';
import { epochPermutation } from '../data/shuffle.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { withLabels } from '../models/labels.js';
import type { StarGANDiscriminator } from '../models/stargan-discriminator.js';
import type { StarGANGenerator } from '../models/stargan-generator.js';
import { Tensor } from '../tensor/tensor.js';
import { accumulate, inParts } from '../training/accumulation.js';
import type { PrepareContext, StepContext } from '../training/scheme.js';
import { gradientPenalty, OBJECTIVES, shareTensor, writeShares } from './objectives.js';

/** Options of StarGAN: the networks, the images, and the losses. */
export interface StarGANOptions {
  /** Height and width of the images: a multiple of 4, from 16 to 1024; 128 in the paper. */
  size: number;
  /** Channels after the generator's first layer; 64 in the paper. */
  ngf: number;
  /** Channels after the discriminator's first layer; 64 in the paper. */
  ndf: number;
  /** Residual blocks of the generator. Default 6. */
  blocks: number;
  /** Layers of the discriminator that halve the image. Default: 6, or fewer for a size that is not so often even. */
  layers?: number;
  /** The weight of the labels that the discriminator finds; 1 in the paper. */
  lambdaCls: number;
  /** The weight of the way back to the image; 10 in the paper. */
  lambdaRec: number;
  /** The weight of the gradient penalty; 10 in the paper. */
  lambdaGp: number;
  /** Steps of the discriminator for each one of the generator; 5 in the paper. */
  nCritic: number;
  /**
   * The loss of the labels that the discriminator finds: for attributes, of which an image may have several, or for classes, of which it
   * has one. Default: what the labels of the data are.
   */
  labelLoss?: 'attributes' | 'classes';
  /** How the learning rate falls: linearly to zero, or as in the authors' program, which means to and hardly does. Default 'linear'. */
  decay: 'linear' | 'reference';
  /** Whether images are mirrored at random. Default true. */
  mirror: boolean;
}

/** The networks of StarGAN. */
export type StarGANNetworks = {
  /** Turns images into what labels say. */
  readonly generator: StarGANGenerator;
  /** Tells real images from generated ones, and which labels they have. */
  readonly discriminator: StarGANDiscriminator;
};

/** The kinds of steps: those of the discriminator alone, and those of both networks. */
export const PHASES = { critic: 'critic', both: 'both' } as const;

/** Keeps the order of the labels that are wanted apart from other draws. */
const TARGETS_STREAM = 0x74617267;
const MODE = { training: true } as const;
const { real: onReal, fake: onFake, generator: onMade } = OBJECTIVES.wgangp;

/** What the host draws for each step: whose labels each image is to get, and the mixtures of the gradient penalty. */
export function starganInputs(gpu: Gpu, { batch }: { readonly batch: number }): Record<string, Tensor> {
  if (batch < 2) {
    // Each image gets the labels of one of the batch: of a single one its own, and nothing is learned.
    throw new ShadegradError('INVALID_ARGUMENT', 'batch of StarGAN', {
      expected: 'at least 2 images in a step, which get the labels of one another',
      received: String(batch),
      fix: 'use a larger batch; the paper has 16',
    });
  }
  return {
    targets: Tensor.from(gpu, new Int32Array(batch), [batch], 'whose labels are wanted'),
    shares: shareTensor(gpu, batch, 'shares of a gradient penalty'),
  };
}

export function prepareStarGAN(context: PrepareContext<StarGANOptions, StarGANNetworks>): void {
  const { step, seed, batch, inputs } = context;
  inputs.targets!.write(Int32Array.from(epochPermutation(batch, (seed ^ TARGETS_STREAM) >>> 0, step)));
  writeShares(inputs.shares!, context);
}

/** The loss of the labels that the discriminator finds in images. Of attributes it is summed, and averaged over the images alone. */
function labelLossOf(kind: 'attributes' | 'classes', logits: Tensor, labels: Tensor): Tensor {
  return kind === 'classes' ? crossEntropy(logits, labels) : mul(bceWithLogits(logits, labels), labels.channels);
}

/**
 * Takes one step of StarGAN as the authors' program does: the discriminator learns to tell real images from those that the generator makes
 * with the labels of other images of the batch, and to find the labels of real ones. In the phase `both` the generator then learns from the
 * discriminator as it is now, from the labels that it finds in what is made, and from the way back to the image. Of several sets with
 * labels of their own, only the labels of the step's set are looked for: nothing is known of the others.
 */
export function trainStarGAN({
  networks: { generator, discriminator },
  optimizers: { generatorOptimizer, discriminatorOptimizer },
  inputs,
  images,
  labels,
  phase,
  labelSet,
  parts,
  options: { lambdaCls, lambdaRec, lambdaGp, labelLoss },
}: StepContext<StarGANOptions, StarGANNetworks>): Record<string, Tensor> {
  // Of several sets the images of a step are of one, and nothing is known of the labels of the others.
  const known = (x: Tensor): Tensor => (labelSet ? sliceChannels(x, labelSet.start, labelSet.start + labelSet.names.length) : x);
  const kind = labelLoss ?? (labelSet?.exclusive ? 'classes' : 'attributes');
  const labelLossFor = (logits: Tensor, of: Tensor): Tensor => labelLossOf(kind, known(logits), known(of));
  const { gpu } = images.real!;
  // Labels of any image of the batch, in whatever part it is.
  const wantedLabels = noGrad(() => embedding(inputs.targets!, labels!));
  const pieces = inParts(parts, { real: images.real!, own: labels!, wanted: wantedLabels, shares: inputs.shares! });

  discriminator.setRequiresGrad(true);
  const { losses } = accumulate(gpu, [discriminatorOptimizer!], pieces, ({ real, own, wanted, shares }, teach) => {
    const shown = noGrad(() => generator.forward(withLabels(real, wanted), MODE));
    const found = discriminator.outputs(real, MODE);
    const verdicts = {
      discriminatorReal: onReal(found.source),
      discriminatorFake: onFake(discriminator.forward(shown, MODE)),
      discriminatorLabels: labelLossFor(found.classes, own),
      penalty: gradientPenalty((x) => discriminator.forward(x, MODE), real, shown, shares),
    };
    const judged = addScaled(add(verdicts.discriminatorReal, verdicts.discriminatorFake), verdicts.discriminatorLabels, 1, lambdaCls);
    teach(addScaled(judged, verdicts.penalty, 1, lambdaGp));
    return { losses: verdicts };
  });
  if (phase !== PHASES.both) return losses;

  // Frozen: the generator's losses flow through the discriminator but teach it nothing.
  discriminator.setRequiresGrad(false);
  const { losses: others } = accumulate(gpu, [generatorOptimizer!], pieces, ({ real, own, wanted }, teach) => {
    const made = generator.forward(withLabels(real, wanted), MODE);
    const verdict = discriminator.outputs(made, MODE);
    const generatorFake = onMade(verdict.source);
    const generatorLabels = labelLossFor(verdict.classes, wanted);
    const reconstruction = l1Loss(generator.forward(withLabels(made, own), MODE), real);
    const pleased = addScaled(generatorFake, generatorLabels, 1, lambdaCls);
    teach(addScaled(pleased, reconstruction, 1, lambdaRec));
    return { losses: { generatorFake, generatorLabels, reconstruction } };
  });
  return { ...losses, ...others };
}
