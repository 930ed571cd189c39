import { noGrad } from '../autograd/graph.js';
import { embedding } from '../autograd/ops.js';
import { boundedInteger, pcg4d } from '../random.js';
import { Tensor } from '../tensor/tensor.js';
import type { TrainingScheme } from '../training/scheme.js';
import { DRAWN_DIGITS } from './gan.js';
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
import { MOST_LABELS } from './labelled-samples.js';
import { formOf, noiseEvaluator, noisePictures, VERDICTS } from './noise-evaluator.js';
import { adversarialObjective, stepKind } from './adversarial-options.js';

/** Keeps the choices of labels apart from other draws. */
const WANTED_STREAM = 0x77616e74;
/** Labels where no data say how many. */
const DIGITS = 10;
/** Both kinds of networks take digits as MNIST has them. */
const SIZES = { mlp: 28, conv: 28 } as const;

/**
 * Conditional GAN (Mirza and Osindero, "Conditional Generative Adversarial Nets", 2014, for MNIST): generator and discriminator are told
 * labels, so that the generator learns to make images of the class that it is asked for.
 */
export const cgan: TrainingScheme<GANOptions, GANNetworks> = {
  name: 'cgan',
  title: 'Conditional GAN',
  summary: 'Trains a conditional GAN to make images of a class, such as the digit 7, out of random numbers.',
  data: 'images',
  drawn: DRAWN_DIGITS,
  labelled: true,
  options: ganOptions('those of the conditional DCGAN'),
  presets: { ...GAN_PRESETS, previewScales: { ...GAN_PRESETS.previewScales, software: [{ units: 600, ngf: 8, ndf: 8 }] } },
  complete: (options) => completeGAN(options, SIZES),
  describe: describeGAN,

  networks(options, given, known) {
    const { architecture, size, channels, nz, units, ngf, ndf } = options;
    const labels = known?.names.length ?? DIGITS;
    const mlp = architecture === 'mlp';
    const generator = mlp
      ? { units, noiseUnits: inProportion(units, 1 / 6), labelUnits: inProportion(units, 5 / 6) }
      : { ngf, units: 16 * ngf };
    const discriminator = mlp
      ? { units: inProportion(units, 1 / 5), imageUnits: inProportion(units, 1 / 5), labelUnits: inProportion(units, 1 / 24) }
      : { ndf, units: 16 * ndf };
    const networks = {
      generator: given.generator ?? {
        kind: mlp ? 'cgan-generator' : 'conditional-dcgan-generator',
        options: { size, nz, labels, outChannels: channels, ...generator },
      },
      discriminator: given.discriminator ?? {
        kind: mlp ? 'cgan-discriminator' : 'conditional-dcgan-discriminator',
        options: { size, inChannels: channels, labels, ...discriminator },
      },
    };
    expectGAN(this.title, networks, options, labels);
    return networks;
  },
  optionsOf: (given) => optionsOfGAN(given, ['cgan-generator', 'cgan-discriminator']),

  optimizers: {
    generatorOptimizer: { network: 'generator', create: ganOptimizer },
    discriminatorOptimizer: { network: 'discriminator', create: ganOptimizer },
  },
  schedule: ganSchedule({ fall: 1.00004, least: 1e-6 }),

  inputs: (gpu, options) => ({
    ...ganInputs(gpu, options),
    // For each generated image the real one whose labels it is to have.
    wanted: Tensor.from(gpu, new Int32Array(options.batch), [options.batch], 'whose labels are wanted'),
  }),
  prepare(context) {
    const { inputs, seed, step, batch } = context;
    prepareGAN(context);
    const drawn = (position: number): number => boundedInteger(pcg4d(seed, step, position, WANTED_STREAM)[0], batch);
    inputs.wanted!.write(Int32Array.from({ length: batch }, (_, position) => drawn(position)));
  },

  sizes: ganSizes,
  sides: ({ channels }) => ({ real: realSide(channels) }),
  phase: stepKind,
  accumulates: true,
  losses: GAN_LOSSES,
  step({ networks, optimizers, inputs: { noise, wanted: alike, shares }, images, labels: real, options, phase, parts }) {
    // Of classes as frequent as those of the real images: else how frequent a class is would tell what is generated.
    const wanted = noGrad(() => embedding(alike!, real!));
    const labels = { real: real!, wanted, alike: alike! };
    const { dropout } = options;
    const objective = adversarialObjective(options);
    return ganStep({ networks, optimizers, noise: noise!, real: images.real!, labels, dropout, objective, shares, phase, parts });
  },

  metrics: VERDICTS,
  pictures: (_options, labels) => noisePictures((labels?.names ?? []).slice(0, MOST_LABELS).map((name) => `Generated ${name}`)),
  evaluator: (gpu, networks, options) => noiseEvaluator(gpu, networks, formOf(networks, options)),
};
