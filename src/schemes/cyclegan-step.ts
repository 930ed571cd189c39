import { noGrad } from '../autograd/graph.js';
import { addScaled, l1Loss } from '../autograd/ops.js';
import { poolDraws } from '../data/image-pool.js';
import type { Gpu } from '../gpu/gpu.js';
import { imagePool } from '../kernels/image-pool.js';
import type { Norm } from '../models/defaults.js';
import type { Upsampling } from '../models/doubling.js';
import type { Generator, Network } from '../models/kind.js';
import { Tensor } from '../tensor/tensor.js';
import { accumulate, inParts } from '../training/accumulation.js';
import type { PrepareContext, StepContext } from '../training/scheme.js';
import { adversarialObjective, STEP_KINDS, type AdversarialOptions } from './adversarial-options.js';
import type { InitialWeightsOptions } from './initial-weights.js';
import type { PreprocessOptions } from './preprocess-option.js';
import { gradientPenalty, OBJECTIVES, shareTensor, writeShares, type Objective, type ObjectiveName } from './objectives.js';

/** Options of CycleGAN: the networks, the images, and the losses. */
export interface CycleGANOptions extends AdversarialOptions, InitialWeightsOptions, PreprocessOptions {
  /** Channels after the generators' first layer; 64 in the paper. */
  ngf: number;
  /** Channels after the discriminators' first layer; 64 in the paper. */
  ndf: number;
  /** The kind of the generators, such as 'resnet' or 'unet'. Default 'resnet', as in the paper. */
  generator?: string;
  /** Residual blocks of the generators; 9 in the paper for 256 pixels, 6 for smaller ones. Default: by the size. */
  blocks?: number;
  /** How the generators double an image. Default 'transposed', the paper's way. */
  upsample?: Upsampling;
  /** The kind of the discriminators: 'patchgan' judges patches, 'pixelgan' each pixel. Default 'patchgan'. */
  discriminator?: string;
  /** Layers of a PatchGAN that halve the image; 3 have patches of 70 x 70 pixels. Default 3. */
  discriminatorLayers?: number;
  /** The normalisation in all networks. Default 'instance'. */
  norm?: Norm;
  /** Channels of the images of A: 3 for colours, 1 for grey. Default 3. */
  inChannels?: number;
  /** Channels of the images of B. Default 3. */
  outChannels?: number;
  /** The weight of the cycle A -> B -> A; 10 in the paper. */
  lambdaA: number;
  /** The weight of the cycle B -> A -> B; 10 in the paper. */
  lambdaB: number;
  /** The weight of the identity loss beside those of the cycles; 0 for none, 0.5 in the reference program. */
  lambdaIdentity: number;
  /** The adversarial loss. Default 'lsgan'. */
  ganMode: ObjectiveName;
  /** Earlier generated images that each discriminator may be shown again; 0 for none. Default 50. */
  poolSize: number;
}

/** The networks of CycleGAN, named as in the reference program: G_A, G_B, D_A and D_B there. */
export type CycleGANNetworks = {
  /** Makes images of set B of those of set A. */
  readonly generatorA: Generator;
  /** Makes images of set A of those of set B. */
  readonly generatorB: Generator;
  /** Tells images of set B from those that generatorA made. */
  readonly discriminatorA: Network;
  /** Tells images of set A from those that generatorB made. */
  readonly discriminatorB: Network;
};

/** The pools of a run by number: what tells their draws apart. */
const POOLS = { A: 0, B: 1 } as const;
const MODE = { training: true } as const;

/** What the host draws for each step: what the pools do with its images, and the mixtures of a gradient penalty. */
export function cycleInputs(gpu: Gpu, { batch, ganMode }: CycleGANOptions & { readonly batch: number }): Record<string, Tensor> {
  const draws = (label: string): Tensor => Tensor.from(gpu, new Int32Array(2 * batch).fill(-1), [batch, 2], label);
  return {
    drawsA: draws('draws of pool A'),
    drawsB: draws('draws of pool B'),
    ...(OBJECTIVES[ganMode].penalty > 0 && {
      sharesA: shareTensor(gpu, batch, 'shares of A'),
      sharesB: shareTensor(gpu, batch, 'shares of B'),
    }),
  };
}

export function prepareCycle({ step, seed, batch, inputs, options: { poolSize: places } }: PrepareContext<CycleGANOptions>): void {
  for (const [name, pool] of Object.entries(POOLS)) {
    inputs[`draws${name}`]!.write(poolDraws({ places, batch, step, seed, pool }));
    const shares = inputs[`shares${name}`];
    if (shares) writeShares(shares, { step, seed, batch }, pool);
  }
}

/**
 * Takes one step of CycleGAN as pytorch-CycleGAN-and-pix2pix does: both generators learn from the discriminators as they are, from the
 * cycles and, where asked, from images that should stay as they are; then each discriminator learns from real images and from those
 * that its pool gives out for the generated ones.
 */
export function trainCycleGAN(context: StepContext<CycleGANOptions, CycleGANNetworks>): Record<string, Tensor> {
  const { networks, optimizers, state, inputs, images, options, phase, parts } = context;
  const { generatorA, generatorB, discriminatorA, discriminatorB } = networks;
  const objective = adversarialObjective(options);
  const { gpu } = images.a!;
  const pieces = inParts(parts, { a: images.a!, b: images.b! });
  const { losses, kept: made } =
    phase !== STEP_KINDS.discriminator
      ? trainGenerators(context, pieces, objective)
      : noGrad(() => ({
          losses: {} as Record<string, Tensor>,
          kept: pieces.map(({ a, b }) => ({ fakeB: generatorA.forward(a, MODE), fakeA: generatorB.forward(b, MODE) })),
        }));

  const judges: readonly [name: 'A' | 'B', judge: Network, real: 'a' | 'b', fake: 'fakeA' | 'fakeB'][] = [
    ['A', discriminatorA, 'b', 'fakeB'],
    ['B', discriminatorB, 'a', 'fakeA'],
  ];
  for (const [, judge] of judges) judge.setRequiresGrad(true);
  const draws = inParts(parts, inputs);
  const learning = judges.map(([name]) => optimizers[`discriminator${name}Optimizer`]!);
  const { losses: verdicts } = accumulate(gpu, learning, pieces, (piece, teach, part) => {
    const found: Record<string, Tensor> = {};
    for (const [name, judge, half, fakes] of judges) {
      const [real, fake] = [piece[half], made[part]![fakes].detach()];
      const pool = state[`pool${name}`];
      const shown = pool ? imagePool(fake, pool, draws[part]![`draws${name}`]!) : fake;
      let loss = addScaled(objective.real(judge.forward(real, MODE)), objective.fake(judge.forward(shown, MODE)), 0.5, 0.5);
      if (objective.penalty > 0) {
        const penalty = gradientPenalty((x) => judge.forward(x, MODE), real, shown, draws[part]![`shares${name}`]!);
        loss = addScaled(loss, penalty, 1, 0.5 * objective.penalty);
        found[`penalty${name}`] = penalty;
      }
      found[`discriminator${name}`] = loss;
      teach(loss);
    }
    return { losses: found };
  });
  return { ...losses, ...verdicts };
}

/** What the generators made of a part of the images of a step. */
interface Made {
  readonly fakeA: Tensor;
  readonly fakeB: Tensor;
}

/** The part of a step in which both generators learn. */
function trainGenerators(
  {
    networks: { generatorA, generatorB, discriminatorA, discriminatorB },
    optimizers: { generatorAOptimizer, generatorBOptimizer },
    images,
    options: { lambdaA, lambdaB, lambdaIdentity },
  }: StepContext<CycleGANOptions, CycleGANNetworks>,
  pieces: readonly { readonly a: Tensor; readonly b: Tensor }[],
  objective: Objective,
): { losses: Record<string, Tensor>; kept: readonly Made[] } {
  // Frozen: the generators' losses flow through the discriminators but teach them nothing.
  for (const judge of [discriminatorA, discriminatorB]) judge.setRequiresGrad(false);
  return accumulate(images.a!.gpu, [generatorAOptimizer!, generatorBOptimizer!], pieces, ({ a, b }, teach) => {
    const fakeB = generatorA.forward(a, MODE);
    const againA = generatorB.forward(fakeB, MODE);
    const fakeA = generatorB.forward(b, MODE);
    const againB = generatorA.forward(fakeA, MODE);
    const losses: Record<string, Tensor> = {
      generatorA: objective.generator(discriminatorA.forward(fakeB, MODE)),
      generatorB: objective.generator(discriminatorB.forward(fakeA, MODE)),
      cycleA: l1Loss(againA, a),
      cycleB: l1Loss(againB, b),
    };
    let total = addScaled(losses.generatorA!, losses.generatorB!, 1, 1);
    total = addScaled(total, losses.cycleA!, 1, lambdaA);
    total = addScaled(total, losses.cycleB!, 1, lambdaB);
    if (lambdaIdentity > 0) {
      // Of the generator A -> B, by the weight of the other cycle: what it is given is an image of B.
      losses.identityA = l1Loss(generatorA.forward(b, MODE), b);
      losses.identityB = l1Loss(generatorB.forward(a, MODE), a);
      total = addScaled(total, losses.identityA, 1, lambdaB * lambdaIdentity);
      total = addScaled(total, losses.identityB, 1, lambdaA * lambdaIdentity);
    }
    teach(total);
    return { losses, kept: { fakeA, fakeB } };
  });
}
