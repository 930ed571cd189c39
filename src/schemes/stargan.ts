import { labelSetsOf, rowLength } from '../data/labels.js';
import { labelledFacades } from '../data/labelled-facades.js';
import { ShadegradError } from '../errors.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';
import { StarGANDiscriminator } from '../models/stargan-discriminator.js';
import { StarGANGenerator } from '../models/stargan-generator.js';
import { whole } from '../training/option-table.js';
import type { ScheduleContext, TrainingScheme } from '../training/scheme.js';
import { adam } from './adam.js';
import { realSide } from './image-sides.js';
import { weightRow, widthRow } from './option-rows.js';
import { STARGAN_METRICS, starganEvaluator, targetTitles } from './stargan-evaluator.js';
import { PHASES, prepareStarGAN, starganInputs, trainStarGAN, type StarGANNetworks, type StarGANOptions } from './stargan-step.js';

const LEAST_SIDE = 16;
const MOST_SIDE = 1024;
const MULTIPLE = 4;
/** Layers of the paper's discriminator, for images of 128 pixels. */
const LAYERS = 6;
/** Labels where no data say how many: the authors' five of CelebA. */
const LABELS = 5;
/** Steps after which the authors' program looks at the learning rate again. */
const RATE_STEPS = 1000;

/**
 * StarGAN (Choi, Choi, Kim, Ha, Kim and Choo, "StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image
 * Translation", CVPR 2018): one generator learns to turn images into whatever labels say, such as a face with another colour of hair, from
 * images that are labelled and not paired. Losses and step order are those of the authors' program.
 */
export const stargan: TrainingScheme<StarGANOptions, StarGANNetworks> = {
  name: 'stargan',
  title: 'StarGAN',
  summary: 'Trains StarGAN to turn images into what labels say, such as another colour of hair, by one network for all labels.',
  data: 'images',
  labelled: true,
  severalSets: true,
  drawn: {
    title: 'facades with labels',
    open: (seed, split, side) =>
      labelledFacades({ count: { train: 400, val: 100 }[split], size: Math.min(Math.max(side, 32), 512), seed, split }),
  },

  options: {
    size: {
      fits: (value) => whole(LEAST_SIDE, MOST_SIDE)(value) && (value as number) % MULTIPLE === 0,
      expected: `a multiple of ${MULTIPLE} from ${LEAST_SIDE} to ${MOST_SIDE}`,
      fix: 'the paper uses 128',
      flag: {
        group: 'Data',
        reference: ['image_size'],
        type: 'integer',
        min: LEAST_SIDE,
        max: 512,
        check: (value) => (value % MULTIPLE === 0 ? undefined : `a multiple of ${MULTIPLE}`),
        description: `side of the images in pixels, a multiple of ${MULTIPLE}; images are cut to a square and resized`,
      },
    },
    ngf: widthRow(['ngf', 'g_conv_dim'], 'width of the generator: channels after its first layer'),
    ndf: widthRow(['ndf', 'd_conv_dim'], 'width of the discriminator: channels after its first layer'),
    blocks: {
      default: 6,
      fits: whole(1, 64),
      expected: 'a whole number of residual blocks from 1 to 64',
      fix: 'leave it out for 6',
      flag: {
        group: 'Networks',
        reference: ['g_repeat_num'],
        type: 'integer',
        min: 1,
        max: 64,
        description: 'residual blocks of the generator; 6',
      },
    },
    layers: {
      fits: whole(1, 8),
      expected: 'a whole number of layers from 1 to 8',
      fix: 'leave it out for 6, or as many as the size allows',
      optional: true,
      flag: {
        group: 'Networks',
        reference: ['d_repeat_num'],
        type: 'integer',
        min: 1,
        max: 8,
        description: 'layers of the discriminator, each of which halves the image; by default 6, or as many as the size allows',
      },
    },
    lambdaCls: weightRow(1, 'lambda_cls', 'weight of the labels that the discriminator finds'),
    lambdaRec: weightRow(10, 'lambda_rec', 'weight of the way back to the image'),
    lambdaGp: weightRow(10, 'lambda_gp', 'weight of the gradient penalty'),
    nCritic: {
      default: 5,
      fits: whole(1, 1000),
      expected: 'a whole number of steps from 1 to 1000',
      fix: 'leave it out for 5',
      flag: {
        group: 'Training',
        reference: ['n_critic'],
        type: 'integer',
        min: 1,
        max: 1000,
        description: 'steps of the discriminator for each one of the generator; 5, in a preview 2',
      },
    },
    labelLoss: {
      optional: true,
      flag: {
        group: 'Training',
        type: 'choice',
        choices: ['attributes', 'classes'],
        description:
          'the loss of the labels: for attributes, of which an image may have several, or for classes, of which it has one; ' +
          'by default what the labels of the data are',
      },
    },
    decay: {
      default: 'linear',
      flag: {
        group: 'Training',
        type: 'choice',
        choices: ['linear', 'reference'],
        default: 'linear',
        description:
          'how the learning rate falls in the second half: linearly to zero, or by a thousandth of that, ' +
          "which is what the authors' program does",
      },
    },
    mirror: {
      default: true,
      flag: { group: 'Data', reference: ['no_flip'], type: 'boolean', default: true, description: 'no mirroring of images at random' },
    },
  },

  presets: {
    description: '128 pixels, width 64, batch 16, 20 epochs; weeks without a GPU',
    full: { size: 128, ngf: 64, ndf: 64, batch: 16, epochs: 20, learningRate: 1e-4 },
    preview: { minutes: 5, batch: 4, nCritic: 2, learningRate: 5e-4 },
    previewScales: {
      hardware: [
        { size: 128, ngf: 32, ndf: 32, layers: 6 },
        { size: 64, ngf: 32, ndf: 32, layers: 4 },
      ],
      software: [{ size: 64, ngf: 8, ndf: 8, blocks: 2, layers: 4 }],
    },
  },

  complete(options, labels) {
    const { size, layers, labelLoss } = options;
    if (layers !== undefined && size % 2 ** layers !== 0) {
      throw refused(
        'layers of the training',
        `as many as halve ${size} pixels to whole ones`,
        String(layers),
        'leave it out, or change size',
      );
    }
    const attributes = (labels ? labelSetsOf(labels) : []).filter(({ exclusive }) => !exclusive);
    if (labelLoss === 'classes' && attributes.length > 0) {
      const received = `attributes: ${attributes.flatMap(({ names }) => names).join(', ')}`;
      throw refused('labelLoss of the training', "labels of which an image has just one, for 'classes'", received, "use 'attributes'");
    }
    return {
      ...options,
      layers: layers ?? Array.from({ length: LAYERS }, (_, index) => LAYERS - index).find((each) => size % 2 ** each === 0)!,
      // Of several sets with labels of their own, each has the loss of its kind.
      ...(labels && !labels.sets && { labelLoss: labelLoss ?? (labels.exclusive ? 'classes' : 'attributes') }),
    };
  },

  describe: ({ size, ngf, ndf }) => [`${size} x ${size} pixels`, `ngf ${ngf}`, `ndf ${ndf}`],

  networks({ size, ngf, ndf, blocks, layers }, given, known) {
    const labels = known?.names.length ?? LABELS;
    // The generator is told of which of several sets the labels are, the discriminator finds labels alone.
    const told = known ? rowLength(known) : LABELS;
    const generator = given.generator ?? { kind: 'stargan-generator', options: { labels: told, ngf, blocks } };
    const { inChannels: channels } = expectGenerator(generator, told);
    const discriminator = given.discriminator ?? {
      kind: 'stargan-discriminator',
      options: { size, inChannels: channels, labels, ndf, layers },
    };
    expectDiscriminator(discriminator, { size, channels, labels });
    return { generator, discriminator };
  },

  optionsOf({ generator, discriminator }) {
    const { ngf, blocks } = (generator?.options ?? {}) as Partial<StarGANOptions>;
    const { size, ndf, layers } = (discriminator?.options ?? {}) as Partial<StarGANOptions>;
    return Object.fromEntries(Object.entries({ size, ngf, ndf, blocks, layers }).filter(([, value]) => value !== undefined));
  },

  optimizers: {
    generatorOptimizer: { network: 'generator', create: adam },
    discriminatorOptimizer: { network: 'discriminator', create: adam },
  },
  schedule: (context) => (context.options.decay === 'reference' ? referenceRate(context) : context.usual),
  phase: (step, { nCritic }) => ((step + 1) % nCritic === 0 ? PHASES.both : PHASES.critic),

  inputs: starganInputs,
  prepare: prepareStarGAN,

  sizes: ({ size, mirror }) => ({ size, loadSize: size, jitter: mirror }),
  sides: (_options, { generator }) => ({ real: realSide(generator.outChannels) }),

  accumulates: true,
  losses: {
    discriminatorReal: { label: 'D_real', plot: 'Discriminator' },
    discriminatorFake: { label: 'D_fake', plot: 'Discriminator' },
    penalty: { label: 'D_gp', plot: 'Gradient penalty' },
    discriminatorLabels: { label: 'D_cls', plot: 'Labels' },
    generatorLabels: { label: 'G_cls', plot: 'Labels', phases: [PHASES.both] },
    generatorFake: { label: 'G_fake', plot: 'Generator', phases: [PHASES.both] },
    reconstruction: { label: 'G_rec', plot: 'There and back', phases: [PHASES.both] },
  },
  step: trainStarGAN,

  metrics: STARGAN_METRICS,
  pictures: (_options, labels) => ({
    given: [{ title: 'Real', half: 'a' }],
    made: labels ? targetTitles(labels) : [],
    wanted: [],
  }),
  evaluator(gpu, networks, { size }, labels) {
    if (!labels) throw refused('evaluator of StarGAN', 'the labels of the data', 'none', 'pass which labels there are');
    return starganEvaluator(gpu, networks, size, labels);
  },
};

/**
 * The rate of the authors' program: what would bring it to zero if it were taken away in every step of the second half, is taken away once
 * in a thousand steps. So it ends a thousandth below where it began.
 */
function referenceRate({ step, base, totalSteps: steps, sets = 1 }: ScheduleContext<StarGANOptions>): number {
  if (steps === null) return base;
  // That program counts rounds, in which each set has a step.
  const totalSteps = Math.ceil(steps / sets);
  const constant = Math.ceil(totalSteps / 2);
  const decaying = totalSteps - constant;
  const falls = Math.max(0, Math.floor(step / sets / RATE_STEPS) - Math.floor(constant / RATE_STEPS));
  return falls === 0 ? base : base - (falls * base) / decaying;
}

/** @throws INVALID_ARGUMENT for another network than a generator of StarGAN with so many labels */
function expectGenerator(architecture: NetworkArchitecture, labels: number): StarGANGenerator {
  const network = buildNetwork(architecture);
  const isOfPictures = network instanceof StarGANGenerator && (network.inChannels === 1 || network.inChannels === 3);
  if (isOfPictures && network.labels === labels) return network;
  const expected = `a StarGAN generator of colours or grey with ${labels} labels, as many as the data have`;
  throw refused('generator of StarGAN', expected, JSON.stringify(architecture));
}

/** @throws INVALID_ARGUMENT for another network than a discriminator of StarGAN for such images */
function expectDiscriminator(
  architecture: NetworkArchitecture,
  { size, channels, labels }: { readonly size: number; readonly channels: number; readonly labels: number },
): void {
  const network = buildNetwork(architecture);
  if (network instanceof StarGANDiscriminator) {
    const { options } = network;
    if (options.size === size && options.inChannels === channels && options.labels === labels) return;
  }
  const expected = `a StarGAN discriminator of ${size} x ${size} pixels, ${channels} channels and ${labels} labels`;
  throw refused('discriminator of StarGAN', expected, JSON.stringify(architecture));
}

const refused = (
  what: string,
  expected: string,
  received: string,
  fix = "use such a network, or leave `networks` out for the paper's",
): ShadegradError => new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });
