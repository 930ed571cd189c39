import { syntheticDigits } from '../data/synthetic-digits.js';
import type { DrawnData, TrainingScheme } from '../training/scheme.js';
import { adversarialObjective, stepKind } from './adversarial-options.js';
import {
  completeGAN,
  describeGAN,
  expectGAN,
  GAN_PRESETS,
  ganInputs,
  ganOptimizer,
  ganOptions,
  ganSchedule,
  ganSizes,
  inProportion,
  optionsOfGAN,
  prepareGAN,
  type GANOptions,
} from './gan-parts.js';
import { GAN_LOSSES, ganStep, type GANNetworks } from './gan-step.js';
import { realSide } from './image-sides.js';
import { formOf, noiseEvaluator, noisePictures, VERDICTS } from './noise-evaluator.js';

/** Pixels of digits as MNIST has them, and of the smallest DCGAN. */
const SIZES = { mlp: 28, conv: 32 } as const;

/** Digits that the program draws. */
export const DRAWN_DIGITS: DrawnData = {
  title: 'digits',
  open: (seed, split) => syntheticDigits({ count: { train: 4000, val: 500 }[split], seed, split }),
};

/**
 * The first generative adversarial networks (Goodfellow et al., "Generative Adversarial Nets", NIPS 2014), as their code has them for
 * MNIST: a generator learns to make digits of random numbers that a discriminator takes for real ones.
 */
export const gan: TrainingScheme<GANOptions, GANNetworks> = {
  name: 'gan',
  title: 'GAN',
  summary: 'Trains the first GAN to make images, such as digits, out of random numbers.',
  data: 'images',
  drawn: DRAWN_DIGITS,
  options: ganOptions("DCGAN's"),
  presets: GAN_PRESETS,
  complete: (options) => completeGAN(options, SIZES),
  describe: describeGAN,

  networks(options, given) {
    const { architecture, size, channels, nz, units, ngf, ndf } = options;
    const mlp = architecture === 'mlp';
    const networks = {
      generator: given.generator ?? {
        kind: mlp ? 'gan-generator' : 'dcgan-generator',
        options: { size, nz, outChannels: channels, ...(mlp ? { units } : { ngf }) },
      },
      discriminator: given.discriminator ?? {
        kind: mlp ? 'gan-discriminator' : 'dcgan-discriminator',
        options: { size, inChannels: channels, ...(mlp ? { units: inProportion(units, 1 / 5) } : { ndf }) },
      },
    };
    expectGAN(this.title, networks, options, 0);
    return networks;
  },
  optionsOf: (given) => optionsOfGAN(given, ['gan-generator', 'gan-discriminator']),

  optimizers: {
    generatorOptimizer: { network: 'generator', create: ganOptimizer },
    discriminatorOptimizer: { network: 'discriminator', create: ganOptimizer },
  },
  schedule: ganSchedule({ fall: 1.000004, least: 1e-6 }),

  inputs: ganInputs,
  prepare: prepareGAN,

  sizes: ganSizes,
  sides: ({ channels }) => ({ real: realSide(channels) }),
  phase: stepKind,
  accumulates: true,
  losses: GAN_LOSSES,
  step({ networks, optimizers, inputs: { noise, shares }, images, options, phase, parts }) {
    const { dropout } = options;
    return ganStep({
      networks,
      optimizers,
      noise: noise!,
      real: images.real!,
      labels: null,
      dropout,
      objective: adversarialObjective(options),
      phase,
      parts,
      shares,
    });
  },

  metrics: VERDICTS,
  pictures: () => noisePictures(),
  evaluator: (gpu, networks, options) => noiseEvaluator(gpu, networks, formOf(networks, options)),
};
