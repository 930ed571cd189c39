import { syntheticDigits } from '../data/synthetic-digits.js';
import { drawNoise } from '../models/noise.js';
import { Tensor } from '../tensor/tensor.js';
import type { DrawnData, TrainingScheme } from '../training/scheme.js';
import {
  completeGAN,
  describeGAN,
  expectGAN,
  GAN_PRESETS,
  ganOptimizer,
  ganOptions,
  ganSchedule,
  ganSizes,
  optionsOfGAN,
  setMomentum,
  share,
  type GANOptions,
} from './gan-parts.js';
import { GAN_LOSSES, ganStep, type GANNetworks } from './gan-step.js';
import { formOf, noiseEvaluator, realSide, SHOWN, VERDICTS } from './noise-evaluator.js';

/** Keeps the numbers of steps apart from those that weights begin with. */
export const NOISE_STREAM = 0x6e6f6973;
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
        options: { size, inChannels: channels, ...(mlp ? { units: share(units, 1 / 5) } : { ndf }) },
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

  inputs: (gpu, { batch, nz }) => ({ noise: Tensor.from(gpu, new Float32Array(batch * nz), [batch, 1, 1, nz], 'noise') }),
  prepare(context) {
    const { inputs, networks, seed, step } = context;
    drawNoise(inputs.noise!, networks.generator.takes, (seed ^ NOISE_STREAM) >>> 0, step);
    setMomentum(context);
  },

  sizes: ganSizes,
  sides: ({ channels }) => ({ real: realSide(channels) }),
  losses: GAN_LOSSES,
  step: ({ networks, optimizers, inputs, images, options: { dropout } }) =>
    ganStep({ networks, optimizers, noise: inputs.noise!, real: images.real!, labels: null, dropout }),

  metrics: VERDICTS,
  pictures: () => ({
    given: [{ title: 'Real', half: 'a' }],
    made: Array.from({ length: SHOWN }, (_, index) => `Generated ${index + 1}`),
    wanted: [],
  }),
  evaluator: (gpu, networks) => noiseEvaluator(gpu, networks, formOf(networks)),
};
