import { addScaled } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import { describeArchitecture } from '../models/describe.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { isNoiseGenerator } from '../models/noise.js';
import { buildNetwork } from '../models/registry.js';
import { accumulate, inParts } from '../training/accumulation.js';
import { whole } from '../training/option-table.js';
import type { TrainingScheme } from '../training/scheme.js';
import type { Tensor } from '../tensor/tensor.js';
import { noGrad } from '../autograd/graph.js';
import { ADAM, adam } from './adam.js';
import {
  ADVERSARIAL_ROWS,
  adversarialObjective,
  expectSmoothing,
  forwardsOfDiscriminator,
  forwardsOfGenerator,
  STEP_KINDS,
  stepKind,
  type AdversarialOptions,
} from './adversarial-options.js';
import { expectGAN, ganInputs, writeDraws } from './gan-parts.js';
import { GAN_LOSSES, type GANNetworks } from './gan-step.js';
import { realSide } from './image-sides.js';
import { formOf, noiseEvaluator, noisePictures, VERDICTS } from './noise-evaluator.js';
import { gradientPenalty, hasPenalty, objectiveOption, type ObjectiveName } from './objectives.js';
import { isPowerOfTwo, NOISE_ROW, widthRow } from './option-rows.js';

/** Options of DCGAN: the networks, the images, and the loss. */
export interface DCGANOptions extends AdversarialOptions {
  /** Height and width of the images: a power of two from 32 to 1024; 64 in the paper. */
  size: number;
  /** Random numbers that an image is made of. Default 100. */
  nz: number;
  /** Channels before the generator's last layer; 64 in PyTorch's example. */
  ngf: number;
  /** Channels after the discriminator's first layer; 64 in PyTorch's example. */
  ndf: number;
  /** The adversarial loss. Default 'vanilla'. */
  ganMode: ObjectiveName;
  /** Whether images are mirrored at random; they are not in the example. Default false. */
  mirror: boolean;
}

/** The networks of DCGAN. */
export type DCGANNetworks = GANNetworks;

const MODE = { training: true } as const;

const EXAMPLE = 'the example of PyTorch uses 64';
/**
 * DCGAN (Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks", ICLR
 * 2016), as PyTorch's example has it: a generator learns to make images of random numbers that a discriminator takes for real ones.
 */
export const dcgan: TrainingScheme<DCGANOptions, DCGANNetworks> = {
  name: 'dcgan',
  title: 'DCGAN',
  summary: 'Trains DCGAN to make images, out of random numbers, that look like those of a folder.',
  data: 'images',

  options: {
    size: {
      fits: (value) => whole(32, 1024)(value) && isPowerOfTwo(value),
      expected: 'a power of two from 32 to 1024',
      fix: 'the paper uses 64',
      flag: {
        group: 'Data',
        type: 'integer',
        min: 32,
        max: 512,
        check: (value) => (isPowerOfTwo(value) ? undefined : 'a power of two'),
        description: 'side of the images in pixels, a power of two; images are cut to a square and resized',
      },
    },
    nz: NOISE_ROW,
    ngf: widthRow('ngf', 'width of the generator: channels before its last layer', EXAMPLE),
    ndf: widthRow('ndf', 'width of the discriminator: channels after its first layer', EXAMPLE),
    ganMode: objectiveOption('vanilla'),
    ...ADVERSARIAL_ROWS,
    mirror: { default: false, flag: { group: 'Data', type: 'boolean', description: 'mirror images at random' } },
  },

  presets: {
    description: '64 pixels, width 64, 25 epochs',
    // The norms use the statistics of a batch: of a single image they would say nothing about the others.
    full: { size: 64, ngf: 64, ndf: 64, batch: 64, epochs: 25, learningRate: 2e-4 },
    preview: { batch: 16, minutes: 5, learningRate: 5e-4 },
    previewScales: {
      hardware: [{ size: 64, ngf: 64, ndf: 64 }],
      software: [
        { size: 64, ngf: 16, ndf: 16 },
        { size: 32, ngf: 16, ndf: 16 },
      ],
    },
  },

  complete: expectSmoothing,
  describe: ({ size, ngf, ndf }) => [`${size} x ${size} pixels`, `ngf ${ngf}`, `ndf ${ndf}`],

  networks({ size, nz, ngf, ndf }, given) {
    const generator = given.generator ?? { kind: 'dcgan-generator', options: { size, nz, ngf } };
    const discriminator = given.discriminator ?? { kind: 'dcgan-discriminator', options: { size, ndf } };
    const { outChannels: channels } = buildNetwork(generator).options as { outChannels?: number };
    expectGAN(this.title, { generator, discriminator }, { size, channels, nz }, 0);
    return { generator, discriminator };
  },

  optionsOf({ generator, discriminator }, label) {
    if (generator && !isOwn(generator)) {
      throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: DCGAN does not train these networks`, {
        expected: 'a generator of random numbers alone, whose images have a power of two pixels a side',
        received: Object.entries({ generator, ...(discriminator && { discriminator }) })
          .map(([name, network]) => `${name}: ${describeArchitecture(network)}`)
          .join('; '),
        fix: 'name a run of DCGAN, or train these networks by the scheme that they are of (--scheme)',
      });
    }
    const { size, nz, ngf } = (generator?.options ?? {}) as Partial<DCGANOptions>;
    const { ndf } = (discriminator?.options ?? {}) as Partial<DCGANOptions>;
    return Object.fromEntries(Object.entries({ size, nz, ngf, ndf }).filter(([, value]) => value !== undefined));
  },

  optimizers: {
    generatorOptimizer: { network: 'generator', create: adam },
    discriminatorOptimizer: { network: 'discriminator', create: adam },
  },

  inputs: ganInputs,
  prepare: writeDraws,

  sizes: ({ size, mirror }) => ({ size, loadSize: size, jitter: mirror }),
  sides: (_options, { generator }) => ({ real: realSide(generator.makes.channels) }),

  phase: stepKind,
  accumulates: true,
  losses: GAN_LOSSES,

  step({ networks: { generator, discriminator }, optimizers, inputs, images, options, phase, parts }) {
    const objective = adversarialObjective(options);
    const both = phase !== STEP_KINDS.discriminator;
    const { gpu } = images.real!;
    const pieces = inParts(parts, { noise: inputs.noise!, real: images.real!, shares: inputs.shares });
    const make = (noise: Tensor): Tensor => generator.forward(noise, MODE);
    // Of several parts nothing is kept for the generator's turn: it makes its images again, the weights being the same.
    const first = both && parts === 1 ? make(pieces[0]!.noise) : null;

    discriminator.setRequiresGrad(true);
    const { losses } = accumulate(gpu, [optimizers.discriminatorOptimizer!], pieces, ({ noise, real, shares }, teach) => {
      const fake = (first ?? noGrad(() => make(noise))).detach();
      const discriminatorReal = objective.real(discriminator.forward(real, MODE));
      const discriminatorFake = objective.fake(discriminator.forward(fake, MODE));
      const verdict = addScaled(discriminatorReal, discriminatorFake, 1, 1);
      const penalty = shares && gradientPenalty((x) => discriminator.forward(x, MODE), real, fake, shares);
      teach(penalty ? addScaled(verdict, penalty, 1, objective.penalty) : verdict);
      return { losses: { discriminatorReal, discriminatorFake, ...(penalty && { penalty }) } };
    });
    if (!both) return losses;

    // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
    discriminator.setRequiresGrad(false);
    const { losses: others } = accumulate(gpu, [optimizers.generatorOptimizer!], pieces, ({ noise }, teach) => {
      const loss = objective.generator(discriminator.forward(first ?? make(noise), MODE));
      teach(loss);
      return { losses: { generator: loss } };
    });
    return { ...losses, ...others };
  },

  metrics: VERDICTS,
  pictures: () => noisePictures(),
  // As in the example, whose networks use the statistics of what they are given together, in its pictures too.
  evaluator: (gpu, networks, options) => noiseEvaluator(gpu, networks, { ...formOf(networks, options), mode: { training: false } }),

  pytorch: {
    roles: { generator: 'generator', discriminator: 'discriminator' },
    names: { generator: 'G', discriminator: 'D' },
    optimizers: { generator_optimizer: ['generator'], discriminator_optimizer: ['discriminator'] },
    // The discriminator sees real images, made ones, and those again for the generator's loss; and mixed ones for a penalty.
    forwards: (options) => ({
      generator: forwardsOfGenerator(1, options, 'again'),
      discriminator: forwardsOfDiscriminator(hasPenalty(options) ? 3 : 2, options),
    }),
    adam: ADAM,
  },
};

/** Whether a generator out of a file is one that DCGAN trains. */
function isOwn(generator: NetworkArchitecture): boolean {
  const network = buildNetwork(generator);
  return isNoiseGenerator(network) && network.takes.labels === 0 && isPowerOfTwo(network.makes.size);
}
