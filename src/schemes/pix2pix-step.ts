import { noGrad } from '../autograd/graph.js';
import { add, addScaled, concat, mul } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { copy } from '../kernels/elementwise.js';
import { everyJudgement, type Judgement, type Network } from '../models/kind.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';
import { accumulate, inParts, type Teach } from '../training/accumulation.js';
import { featureMatching, summed } from './feature-matching.js';
import { gradientPenalty, OBJECTIVES, type Objective } from './objectives.js';
import { RECONSTRUCTIONS, type Reconstruction } from './reconstructions.js';

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
    for (const [index, name] of PIX2PIX_LOSSES.entries()) copy(made[name]!.viewAs([1]), losses.channelView(index, index + 1));
  });
}

/** What the networks are trained for, where it is not what the paper trains them for. */
export interface Pix2PixObjective {
  /** What they are trained against each other for. */
  readonly objective: Objective;
  /** [batch, 1, 1, 1] of the real pair in the mixtures of a gradient penalty. */
  readonly shares?: Tensor | undefined;
  /** The weight of the adversarial loss of the generator; with 0 the discriminator is left out. */
  readonly adversarial: number;
  /** The weight of the loss of feature matching. Default 0. */
  readonly features?: number;
  /** Whether the discriminator sees what was translated beside what came of it. */
  readonly conditional: boolean;
  readonly reconstruction: Reconstruction;
  /** Whether the generator learns, too. Default true. */
  readonly both?: boolean;
  /** The parts of the batch that run one after the other. Default 1. */
  readonly parts?: number;
}

const PAPER: Pix2PixObjective = { objective: OBJECTIVES.vanilla, adversarial: 1, conditional: true, reconstruction: RECONSTRUCTIONS.l1 };

/**
 * Takes the step of pix2pixStep(), in the caller's scope.
 *
 * @returns the losses that there are, each a tensor of one number: of the discriminator before they are halved, the gradient penalty before
 *   it is weighted and halved, the generator's against the updated discriminator, and that of reconstruction before it is weighted
 */
export function trainPix2Pix(
  model: Pix2Pix,
  source: Tensor,
  target: Tensor,
  options: StepOptions,
  what: Pix2PixObjective = PAPER,
): Record<string, Tensor> {
  const { lambda = 100, dropout = true } = expectOptions('pix2pixStep', options, ['lambda', 'dropout']);
  if (!(Number.isFinite(lambda) && lambda >= 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'lambda of pix2pixStep', {
      expected: 'a finite number of at least 0',
      received: String(lambda),
      fix: 'leave it out for 100, as in the paper',
    });
  }
  const { generator, discriminator, generatorOptimizer, discriminatorOptimizer } = model;
  const { gpu } = source;
  const { objective, shares, adversarial, features = 0, conditional, reconstruction, both = true, parts = 1 } = what;
  const mode = { training: true, dropout };
  const pieces = inParts(parts, { source, target, shares });
  const make = (piece: Piece): Tensor => generator.forward(piece.source, mode);
  // Of several parts nothing is kept for the generator's turn: it makes its images again, by the same weights, with other dropout masks.
  const first = both && parts === 1 ? make(pieces[0]!) : null;
  const judged = (piece: Piece, image: Tensor): Tensor => (conditional ? concat([piece.source, image]) : image);
  let losses: Record<string, Tensor> = {};
  if (adversarial > 0) {
    discriminator.setRequiresGrad(true);
    ({ losses } = accumulate(gpu, [discriminatorOptimizer], pieces, (piece, teach) => {
      const generated = first ?? noGrad(() => make(piece));
      const [fake, real] = [judged(piece, generated.detach()), judged(piece, piece.target)];
      return { losses: teachDiscriminator(discriminator, teach, { fake, real, shares: piece.shares, objective, mode }) };
    }));
  }
  if (!both) return losses;

  // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
  discriminator.setRequiresGrad(false);
  const { losses: others } = accumulate(gpu, [generatorOptimizer], pieces, (piece, teach) => {
    const generated = first ?? make(piece);
    const made = adversarial > 0 ? everyJudgement(discriminator, judged(piece, generated), mode) : null;
    const generatorGan = made && overScales(made, objective.generator);
    const distance = reconstruction.of(generated, piece.target);
    const loss = generatorGan ? addScaled(generatorGan, distance, adversarial, lambda) : mul(distance, lambda);
    // Of the discriminator as it is now, beside what it makes of the generated image.
    const generatorFeatures =
      made && features > 0
        ? featureMatching(
            made,
            noGrad(() => everyJudgement(discriminator, judged(piece, piece.target), mode)),
          )
        : null;
    teach(generatorFeatures ? add(loss, mul(generatorFeatures, features)) : loss);
    const adversaries = { ...(generatorGan && { generatorGan }), ...(generatorFeatures && { generatorFeatures }) };
    return { losses: { ...adversaries, [reconstruction.loss]: distance } };
  });
  return { ...losses, ...others };
}

/** What a part of a batch has of a step. */
interface Piece {
  readonly source: Tensor;
  readonly target: Tensor;
  readonly shares: Tensor | undefined;
}

/** The sum of a loss over what a discriminator says at each of its scales. */
const overScales = (judgements: readonly Judgement[], loss: (logits: Tensor) => Tensor): Tensor =>
  summed(judgements.map(({ logits }) => loss(logits)));

/** Teaches the discriminator to tell a real pair from a generated one, with half of the sum of both losses. */
function teachDiscriminator(discriminator: Network, teach: Teach, { fake, real, shares, objective, mode }: Judged): Record<string, Tensor> {
  const discriminatorFake = overScales(everyJudgement(discriminator, fake, mode), objective.fake);
  const discriminatorReal = overScales(everyJudgement(discriminator, real, mode), objective.real);
  const verdict = addScaled(discriminatorFake, discriminatorReal, 0.5, 0.5);
  // Of whole pairs, as the reference's helper has it: the condition is part of what the discriminator's slope is taken by.
  const penalty = shares && gradientPenalty((pair) => discriminator.forward(pair, mode), real, fake, shares);
  teach(penalty ? addScaled(verdict, penalty, 1, 0.5 * objective.penalty) : verdict);
  return { discriminatorReal, discriminatorFake, ...(penalty && { penalty }) };
}

/** What the discriminator is taught with. */
interface Judged {
  readonly fake: Tensor;
  readonly real: Tensor;
  readonly shares: Tensor | undefined;
  readonly objective: Objective;
  readonly mode: { readonly training: boolean; readonly dropout: boolean };
}
