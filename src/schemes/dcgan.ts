import { backward } from '../autograd/backward.js';
import { noGrad } from '../autograd/graph.js';
import { addScaled } from '../autograd/ops.js';
import { imageBytes, imageOfBytes, greyImage } from '../data/grey.js';
import { centreSquare, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import { fillNormal } from '../kernels/random.js';
import type { Network } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';
import { Adam } from '../optim/adam.js';
import { Tensor } from '../tensor/tensor.js';
import { whole, type OptionRow } from '../training/option-table.js';
import type { Evaluator, TrainingScheme } from '../training/scheme.js';
import { objectiveOption, OBJECTIVES, type ObjectiveName } from './objectives.js';

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
/** The seed of the samples that a run shows: the same at every step. */
const SHOWN_SEED = 0x73686f77;
/** Samples in a row of the report. */
const SHOWN = 4;
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

  inputs: (gpu, { batch, nz }) => ({ noise: Tensor.from(gpu, new Float32Array(batch * nz), [batch, 1, 1, nz], 'noise') }),
  prepare: ({ inputs, seed, step }) => fillNormal(inputs.noise!, 0, 1, (seed ^ NOISE_STREAM) >>> 0, step),

  sizes: ({ size, mirror }) => ({ size, loadSize: size, jitter: mirror }),
  sides(_options, { generator }) {
    const { outChannels } = generator.options as { outChannels: number };
    return {
      real: {
        half: 'a',
        channels: outChannels,
        encode: (image, side) => imageBytes(squared(image, side, outChannels), outChannels as 1 | 3),
      },
    };
  },

  losses: {
    discriminatorReal: { label: 'D_real', plot: 'Discriminator' },
    discriminatorFake: { label: 'D_fake', plot: 'Discriminator' },
    generator: { label: 'G', plot: 'Generator' },
  },

  step({ networks: { generator, discriminator }, optimizers, inputs, images, options: { ganMode } }) {
    const objective = OBJECTIVES[ganMode];
    const fake = generator.forward(inputs.noise!, MODE);

    discriminator.setRequiresGrad(true);
    optimizers.discriminatorOptimizer!.zeroGrad();
    const discriminatorReal = objective.real(discriminator.forward(images.real!, MODE));
    const discriminatorFake = objective.fake(discriminator.forward(fake.detach(), MODE));
    backward(addScaled(discriminatorReal, discriminatorFake, 1, 1));
    optimizers.discriminatorOptimizer!.step();

    // Frozen: the generator's loss flows through the discriminator but teaches it nothing.
    discriminator.setRequiresGrad(false);
    optimizers.generatorOptimizer!.zeroGrad();
    const loss = objective.generator(discriminator.forward(fake, MODE));
    backward(loss);
    optimizers.generatorOptimizer!.step();
    return { discriminatorReal, discriminatorFake, generator: loss };
  },

  metrics: {
    gap: { label: 'Gap of the verdicts', better: 'lower' },
    real: { label: 'Verdict on real', better: 'higher' },
    fake: { label: 'Verdict on generated', better: 'higher' },
  },
  pictures: () => ({
    given: [{ title: 'Real', half: 'a' }],
    made: Array.from({ length: SHOWN }, (_, index) => `Generated ${index + 1}`),
    wanted: [],
  }),
  evaluator: (gpu, networks, options) => noiseEvaluator(gpu, networks, options),
};

/** The middle of an image as a square of a size, grey for one channel. */
function squared(image: RgbImage, side: number, channels: number): RgbImage {
  const square = centreSquare(image);
  const sized = square.width === side ? square : resizeBicubic(square, side, side);
  return channels === 1 ? greyImage(sized) : sized;
}

interface Verdicts {
  readonly real: number;
  readonly fake: number;
}

/**
 * Makes an Evaluator of a generator of random numbers: for each image that the networks are not trained on, what the discriminator says of
 * it (0 to 1), of generated images, and those images; their random numbers are the same at every step of a run. The further apart the
 * verdicts, the more the discriminator knows what the generator does not.
 */
async function noiseEvaluator(
  gpu: Gpu,
  { generator, discriminator }: DCGANNetworks,
  { size, nz }: DCGANOptions,
): Promise<Evaluator<Verdicts>> {
  const { outChannels } = generator.options as { outChannels: 1 | 3 };
  const noise = Tensor.from(gpu, new Float32Array(SHOWN * nz), [SHOWN, 1, 1, nz], 'noise').keep();
  const real = Tensor.fromBytes(gpu, new Uint8Array(size * size * outChannels), [1, size, size, outChannels], 'real image').keep();
  const mode = { training: false } as const;
  const { recording, result } = await gpu
    .record(() =>
      noGrad(() => {
        const made = generator.forward(noise, mode);
        return {
          pictures: floatToImage(made),
          fake: discriminator.forward(made, mode).sigmoid().mean(),
          real: discriminator.forward(imageToFloat(real), mode).sigmoid().mean(),
        };
      }),
    )
    .catch((error: unknown) => {
      noise.dispose();
      real.dispose();
      throw error;
    });
  for (const tensor of Object.values(result)) tensor.keep();
  return {
    key: 'noise',
    fit: ({ name, a }) => {
      const image = squared(a, size, outChannels);
      return { name, a: image, b: image };
    },
    async run({ a }, index) {
      fillNormal(noise, 0, 1, SHOWN_SEED, index);
      real.writeBytes(imageBytes(a, outChannels));
      recording.run();
      const bytes = await result.pictures.bytes();
      const [[onReal], [onFake]] = [await result.real.data(), await result.fake.data()];
      const one = size * size * outChannels;
      const made = Array.from({ length: SHOWN }, (_, at) =>
        imageOfBytes(bytes.subarray(at * one, (at + 1) * one), size, size, outChannels),
      );
      return { made, measure: { real: onReal!, fake: onFake! } };
    },
    summarize(measures) {
      const mean = (key: keyof Verdicts): number => measures.reduce((sum, measure) => sum + measure[key], 0) / measures.length;
      return { gap: mean('real') - mean('fake'), real: mean('real'), fake: mean('fake') };
    },
    dispose() {
      recording.destroy();
      for (const tensor of [noise, real, ...Object.values(result)]) tensor.dispose();
    },
  };
}
