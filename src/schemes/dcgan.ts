import { backward } from '../autograd/backward.js';
import { addScaled } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import { fillNormal } from '../kernels/random.js';
import type { Network } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';
import { Adam } from '../optim/adam.js';
import { Tensor } from '../tensor/tensor.js';
import { whole, type OptionRow } from '../training/option-table.js';
import type { TrainingScheme } from '../training/scheme.js';
import { noiseEvaluator, realSide, SHOWN, VERDICTS } from './noise-evaluator.js';
import {
  gradientPenalty,
  hasPenalty,
  objectiveOption,
  OBJECTIVES,
  shareTensor,
  writeShares,
  type Objective,
  type ObjectiveName,
} from './objectives.js';

/** Options of DCGAN: the networks, the images, and the loss. */
export interface DCGANOptions {
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
export type DCGANNetworks = {
  /** Makes images of random numbers. */
  readonly generator: Network;
  /** Tells real images from generated ones. */
  readonly discriminator: Network;
};

const ADAM = { betas: [0.5, 0.999], epsilon: 1e-8 } as const;
/** Keeps the numbers of steps apart from those that weights begin with. */
const NOISE_STREAM = 0x6e6f6973;
const MODE = { training: true } as const;

const adam = (network: Network, { learningRate }: { readonly learningRate: number }): Adam => new Adam(network, { learningRate, ...ADAM });

const width = (name: string, description: string): OptionRow => ({
  fits: whole(1),
  expected: 'a whole number of channels from 1 up',
  fix: 'the example of PyTorch uses 64',
  flag: { group: 'Networks', reference: [name], type: 'integer', min: 1, max: 256, description },
});

const isPowerOfTwo = (value: unknown): boolean => Number.isInteger(Math.log2(value as number));

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
    nz: {
      default: 100,
      fits: whole(1),
      expected: 'a whole number of random numbers from 1 up',
      fix: 'leave it out for 100',
      flag: { group: 'Networks', type: 'integer', min: 1, max: 4096, description: 'random numbers that an image is made of; 100' },
    },
    ngf: width('ngf', 'width of the generator: channels before its last layer'),
    ndf: width('ndf', 'width of the discriminator: channels after its first layer'),
    ganMode: objectiveOption('vanilla'),
    mirror: { default: false, flag: { group: 'Data', type: 'boolean', description: 'mirror images at random' } },
  },

  presets: {
    description: '64 pixels, width 64, 25 epochs',
    full: { size: 64, ngf: 64, ndf: 64, epochs: 25, learningRate: 2e-4 },
    preview: { minutes: 5, learningRate: 5e-4 },
    previewScales: {
      hardware: [{ size: 64, ngf: 64, ndf: 64 }],
      software: [
        { size: 64, ngf: 16, ndf: 16 },
        { size: 32, ngf: 16, ndf: 16 },
      ],
    },
  },

  describe: ({ size, ngf, ndf }) => [`${size} x ${size} pixels`, `ngf ${ngf}`, `ndf ${ndf}`],

  networks({ size, nz, ngf, ndf }, given) {
    const generator = given.generator ?? { kind: 'dcgan-generator', options: { size, nz, ngf } };
    const discriminator = given.discriminator ?? { kind: 'dcgan-discriminator', options: { size, ndf } };
    const made = buildNetwork(generator).options as { outChannels?: number; size?: number; nz?: number };
    const judged = buildNetwork(discriminator).options as { inChannels?: number; size?: number };
    if (made.size !== size || made.nz !== nz || judged.size !== size || judged.inChannels !== made.outChannels) {
      throw new ShadegradError('INVALID_ARGUMENT', 'networks of DCGAN', {
        expected: `a generator of ${nz} random numbers and a discriminator of its images, ${size} x ${size} pixels`,
        received: JSON.stringify({ generator: made, discriminator: judged }),
        fix: 'use the options of the networks, or leave `networks` out',
      });
    }
    return { generator, discriminator };
  },

  optionsOf({ generator, discriminator }) {
    const { size, nz, ngf } = (generator?.options ?? {}) as Partial<DCGANOptions>;
    const { ndf } = (discriminator?.options ?? {}) as Partial<DCGANOptions>;
    return Object.fromEntries(Object.entries({ size, nz, ngf, ndf }).filter(([, value]) => value !== undefined));
  },

  optimizers: {
    generatorOptimizer: { network: 'generator', create: adam },
    discriminatorOptimizer: { network: 'discriminator', create: adam },
  },

  inputs: (gpu, { batch, nz, ganMode }): Record<string, Tensor> => ({
    noise: Tensor.from(gpu, new Float32Array(batch * nz), [batch, 1, 1, nz], 'noise'),
    ...(hasPenalty({ ganMode }) && { shares: shareTensor(gpu, batch, 'shares') }),
  }),
  prepare(context) {
    const { inputs, seed, step } = context;
    fillNormal(inputs.noise!, 0, 1, (seed ^ NOISE_STREAM) >>> 0, step);
    if (inputs.shares) writeShares(inputs.shares, context);
  },

  sizes: ({ size, mirror }) => ({ size, loadSize: size, jitter: mirror }),
  sides: (_options, { generator }) => ({ real: realSide((generator.options as { outChannels: number }).outChannels) }),

  losses: {
    discriminatorReal: { label: 'D_real', plot: 'Discriminator' },
    discriminatorFake: { label: 'D_fake', plot: 'Discriminator' },
    generator: { label: 'G', plot: 'Generator' },
  },

  step({ networks: { generator, discriminator }, optimizers, inputs, images, options: { ganMode } }) {
    const objective: Objective = OBJECTIVES[ganMode];
    const fake = generator.forward(inputs.noise!, MODE);

    discriminator.setRequiresGrad(true);
    optimizers.discriminatorOptimizer!.zeroGrad();
    const discriminatorReal = objective.real(discriminator.forward(images.real!, MODE));
    const discriminatorFake = objective.fake(discriminator.forward(fake.detach(), MODE));
    let verdict = addScaled(discriminatorReal, discriminatorFake, 1, 1);
    if (inputs.shares) {
      const penalty = gradientPenalty((x) => discriminator.forward(x, MODE), images.real!, fake.detach(), inputs.shares);
      verdict = addScaled(verdict, penalty, 1, objective.penalty);
    }
    backward(verdict);
    optimizers.discriminatorOptimizer!.step();

    // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
    discriminator.setRequiresGrad(false);
    optimizers.generatorOptimizer!.zeroGrad();
    const loss = objective.generator(discriminator.forward(fake, MODE));
    backward(loss);
    optimizers.generatorOptimizer!.step();
    return { discriminatorReal, discriminatorFake, generator: loss };
  },

  metrics: VERDICTS,
  pictures: () => ({
    given: [{ title: 'Real', half: 'a' }],
    made: Array.from({ length: SHOWN }, (_, index) => `Generated ${index + 1}`),
    wanted: [],
  }),
  evaluator(gpu, networks, { size, nz }) {
    const { outChannels } = networks.generator.options as { outChannels: number };
    const takes = { numbers: nz, labels: 0, drawn: 'normal' } as const;
    return noiseEvaluator(gpu, networks, { takes, makes: { size, channels: outChannels, black: -1 }, mode: { training: false } });
  },

  pytorch: {
    roles: { generator: 'generator', discriminator: 'discriminator' },
    names: { generator: 'G', discriminator: 'D' },
    optimizers: { generator_optimizer: ['generator'], discriminator_optimizer: ['discriminator'] },
    // The discriminator sees real images, made ones, and those again for the generator's loss; and mixed ones for a penalty.
    forwards: (options) => ({ generator: 1, discriminator: hasPenalty(options) ? 4 : 3 }),
    adam: ADAM,
  },
};
