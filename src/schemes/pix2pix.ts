import { ShadegradError } from '../errors.js';
import { describeArchitecture } from '../models/describe.js';
import type { Norm } from '../models/defaults.js';
import type { Upsampling } from '../models/doubling.js';
import type { Generator, Network, NetworkArchitecture } from '../models/kind.js';
import { buildNetwork, isGenerator } from '../models/registry.js';
import type { Tensor } from '../tensor/tensor.js';
import { numberFrom, type OptionRow, whole } from '../training/option-table.js';
import { pairedEvaluator } from '../training/paired-evaluator.js';
import type { Architectures, TrainingScheme } from '../training/scheme.js';
import { codingsOf, completeCodings, describeCodings, type CodingOptions } from '../data/codings/options.js';
import { ADAM, adam } from './adam.js';
import { CODING_ROWS, halfReadings, keptSides } from './coding-rows.js';
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
import { PIX2PIX_WATCH } from './discriminator-watch.js';
import { dropoutOf, isNumberedWithDropout, rateOf } from './generator-dropout.js';
import { drawWeights, INITIAL_WEIGHTS_ROWS, type InitialWeightsOptions } from './initial-weights.js';
import {
  askedKind,
  BLOCKS_ROW,
  chosenNetwork,
  DISCRIMINATORS_ROW,
  expectKind,
  kindRow,
  LAYERS_ROW,
  normRow,
  UPSAMPLE_ROW,
} from './network-choice.js';
import {
  expectFeatures,
  expectJudge,
  FEATURE_LOSS,
  LAMBDA_FEAT_ROW,
  matchesFeatures,
  type FeatureMatchingOptions,
} from './feature-matching.js';
import { hasPenalty, objectiveOption, OBJECTIVES, penaltyRow, shareTensor, writeShares, type ObjectiveName } from './objectives.js';
import { describeSides, expectImageSize, imageSizeOf, imageWidthRow, LEVELS_ROW, levelsOfNetwork, wantedSize } from './image-size.js';
import { FLIP_ROW, JITTER_ROW, LOAD_SIZE_FLAG, onlyWith, weightRow, widthRow } from './option-rows.js';
import { LOAD_SIZE_EFFECT, loadSizeOf, preparePlanOf, PREPROCESS_ROW, type PreprocessOptions } from './preprocess-option.js';
import { trainPix2Pix } from './pix2pix-step.js';
import { RECONSTRUCTION_LOSSES, RECONSTRUCTION_ROW, reconstructionOf, type ReconstructionName } from './reconstructions.js';

/** The direction of a translation: which half of a pair is translated into the other. */
export type Direction = 'AtoB' | 'BtoA';

/** Options of pix2pix: the networks, the images, and the loss. */
export interface Pix2PixOptions
  extends AdversarialOptions,
    FeatureMatchingOptions,
    InitialWeightsOptions,
    PreprocessOptions,
    Omit<CodingOptions, 'palette'> {
  /** Channels after the generator's first layer; 64 in the paper. */
  ngf: number;
  /** Channels after the discriminator's first layer; 64 in the paper. */
  ndf: number;
  /** The kind of the generator, such as 'unet', 'resnet' or 'encoder-decoder'. Default 'unet'. */
  generator?: string;
  /** Residual blocks of a generator that has them. Default: 9, and 6 for images below 256 pixels. */
  blocks?: number;
  /** How the generator doubles an image. Default 'transposed', the paper's way. */
  upsample?: Upsampling;
  /** The kind of the discriminator: 'patchgan' judges patches, 'pixelgan' each pixel. Default 'patchgan'. */
  discriminator?: string;
  /** Layers of a PatchGAN that halve the image; 3 have patches of 70 x 70 pixels. Default 3. */
  discriminatorLayers?: number;
  /** PatchGANs that judge an image, each at half the size of the one before. Default 1. */
  discriminators?: number;
  /** The normalisation in both networks. Default 'batch'. */
  norm?: Norm;
  /** The weight of the loss of reconstruction, at least 0; 100 in the paper. */
  lambda: number;
  /** That loss: the mean absolute or the mean squared difference. Default 'l1'. */
  reconstruction?: ReconstructionName;
  /** The weight of the generator's adversarial loss, at least 0; with 0 there is none, and the discriminator learns nothing. Default 1. */
  lambdaGan?: number;
  /** Whether the discriminator sees the image that was translated, too. Default true. */
  conditional?: boolean;
  /** The rate of the generator's dropout, from 0 to below 1; true is 0.5, as in the paper, and false is 0. */
  dropout: number | boolean;
  /**
   * Random numbers that the generator makes an image of beside its input: channels of one value all over an image; 0 for none. Default 0.
   */
  z?: number;
  /** Where they come in: beside the image, or in the middle of the U-Net. Default 'input'. */
  zAt?: 'input' | 'bottleneck';
  /** The adversarial loss. Default 'vanilla', the paper's. */
  ganMode?: ObjectiveName;
  /** Which half of a pair is translated into the other. */
  direction: Direction;
}

/** The networks of pix2pix. */
export type Pix2PixNetworks = {
  /** The network that translates images. */
  readonly generator: Generator;
  /** The network that tells real pairs from generated ones. */
  readonly discriminator: Network;
};

/** The 70 x 70 PatchGAN leaves nothing of a smaller image. */
const MIN_SIZE = 32;
/** The sides of images that some generator takes: those of a ResNet. A U-Net halves them more often. */
const SIDE_MULTIPLE = 4;
/** A row of what says something of the discriminator, or of what it learns by. */
const ofDiscriminator = (row: OptionRow): OptionRow => onlyWith(row, 'lambdaGan above 0', isAdversarial);

/**
 * pix2pix (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017): a generator learns to translate
 * one half of each pair into the other, by L1 and by a discriminator that tells real pairs from generated ones.
 */
export const pix2pix: TrainingScheme<Pix2PixOptions, Pix2PixNetworks> = {
  name: 'pix2pix',
  title: 'pix2pix',
  folder: 'facades',
  summary: 'Trains pix2pix to turn label maps into photos of facades.',
  // Half A is made of half B, and a network learns the way back.
  made: { direction: 'AtoB' },

  options: {
    direction: {
      expected: "'AtoB' or 'BtoA'",
      fix: "use 'BtoA' to make the photos a of the label maps b",
      flag: {
        group: 'Data',
        reference: ['direction', 'which_direction'],
        type: 'choice',
        choices: ['BtoA', 'AtoB'],
        default: 'BtoA',
        description: 'which half becomes the other; A is the left one',
      },
    },
    size: {
      isSide: true,
      fits: (value) => whole(MIN_SIZE)(value) && (value as number) % SIDE_MULTIPLE === 0,
      expected: `a multiple of ${SIDE_MULTIPLE} of at least ${MIN_SIZE}: the discriminator's last layers need that much`,
      fix: `use ${MIN_SIZE}, 64, 96, 128, 192, 256, 512 or 1024`,
      flag: {
        group: 'Data',
        reference: ['crop_size'],
        type: 'integer',
        min: MIN_SIZE,
        max: 2048,
        check: (value) => (value % SIDE_MULTIPLE === 0 ? undefined : `a multiple of ${SIDE_MULTIPLE}`),
        description: `side of the images in pixels, a multiple of ${SIDE_MULTIPLE}; a unet is deepest for powers of two`,
      },
    },
    width: imageWidthRow(SIDE_MULTIPLE, MIN_SIZE),
    loadSize: {
      fits: whole(1),
      expected: 'a whole number of pixels',
      fix: 'leave it out for 286 at a size of 256, as in the paper',
      optional: true,
      only: LOAD_SIZE_EFFECT,
      flag: LOAD_SIZE_FLAG,
    },
    ngf: widthRow('ngf', 'width of the generator: channels after its first layer'),
    ndf: ofDiscriminator(widthRow('ndf', 'likewise of the discriminator')),
    generator: kindRow('generator', 'the generator', 'unet'),
    levels: LEVELS_ROW,
    blocks: BLOCKS_ROW,
    upsample: UPSAMPLE_ROW,
    discriminator: ofDiscriminator(kindRow('discriminator', 'the discriminator', 'patchgan')),
    discriminatorLayers: ofDiscriminator(LAYERS_ROW),
    discriminators: ofDiscriminator(DISCRIMINATORS_ROW),
    norm: normRow('batch'),
    ...INITIAL_WEIGHTS_ROWS,
    ...CODING_ROWS,
    lambda: {
      fits: numberFrom(0),
      expected: 'a finite number of at least 0: it weighs a loss that is to become small',
      fix: 'the paper uses 100',
      flag: {
        group: 'Training',
        reference: ['lambda_L1'],
        type: 'number',
        min: 0,
        max: 1e6,
        description: 'weight of the loss of reconstruction; 100, in a preview 1000, on a CPU 300',
      },
    },
    reconstruction: onlyWith(RECONSTRUCTION_ROW, '`lambda` above 0', ({ lambda }) => lambda !== 0),
    lambdaGan: {
      ...weightRow(1, [], "weight of the generator's adversarial loss; with 0 there is no discriminator"),
      fix: 'leave it out for 1',
    },
    lambdaFeat: ofDiscriminator(LAMBDA_FEAT_ROW),
    conditional: ofDiscriminator({
      default: true,
      fix: 'leave it out for true',
      flag: {
        group: 'Training',
        type: 'boolean',
        default: true,
        description: 'a discriminator that sees the result alone, and not what was translated: GAN in place of cGAN',
      },
    }),
    z: {
      default: 0,
      fits: whole(0, 1024),
      expected: 'a whole number of channels from 0 to 1024',
      fix: 'leave it out for 0: none',
      flag: {
        group: 'Networks',
        type: 'integer',
        min: 0,
        max: 1024,
        description: 'random numbers that the generator makes an image of beside its input, so that one input has many outputs; 0',
      },
    },
    zAt: {
      default: 'input',
      flag: {
        group: 'Networks',
        type: 'choice',
        choices: ['input', 'bottleneck'],
        default: 'input',
        description: 'where they come in: beside the image, or in the middle of the U-Net',
      },
    },
    ganMode: ofDiscriminator(objectiveOption('vanilla')),
    ...ADVERSARIAL_ROWS,
    labelSmoothing: ofDiscriminator(ADVERSARIAL_ROWS.labelSmoothing),
    dropout: {
      fits: (value) => typeof value === 'boolean' || (numberFrom(0)(value) && (value as number) < 1),
      expected: 'a rate from 0 to below 1, or true or false',
      fix: 'the paper uses 0.5; 0 is none',
      flag: {
        group: 'Networks',
        reference: ['no_dropout'],
        type: 'boolean',
        default: true,
        description: 'no dropout in the generator; a preview has none unless --dropout is given',
      },
    },
    preprocess: PREPROCESS_ROW,
    jitter: JITTER_ROW,
    flip: FLIP_ROW,
  },

  reference: {
    ...{ pool_size: '0', phase: 'train' },
  },

  presets: {
    description: '256 pixels, width 64, 200 epochs; days to weeks without a GPU',
    full: { size: 256, ngf: 64, ndf: 64, epochs: 200, learningRate: 2e-4, lambda: 100, dropout: true },
    /*
     * A preview has a hundredth of the paper's steps: longer ones then, and most of the weight on L1, whose pictures come
     * first. With the paper's weight, adversarial texture hides the windows for thousands of steps; dropout likewise.
     */
    preview: { minutes: 5, learningRate: 1e-3, lambda: 1000, dropout: false },
    previewScales: {
      hardware: [
        { size: 256, ngf: 64, ndf: 64 },
        { size: 128, ngf: 32, ndf: 32 },
      ],
      software: [
        // Sharper, and without a checkerboard, than what the weight of 1000 and transposed convolutions leave: docs/benchmarks.md.
        { size: 128, ngf: 16, ndf: 8, lambda: 300, upsample: 'nearest', discriminatorLayers: 2 },
        { size: 64, ngf: 16, ndf: 8 },
      ],
    },
  },

  complete(given) {
    const options = completeCodings(given);
    const { z = 0, zAt } = options;
    if (zAt === 'bottleneck' && z === 0) {
      const fix = 'say how many random numbers there are (--z N), or leave zAt out';
      throw new ShadegradError('INVALID_ARGUMENT', 'zAt of the training', { expected: 'z of 1 or more with it', received: 'z 0', fix });
    }
    if (!isAdversarial(options) && options.lambda === 0) {
      const fix = 'give one of them a weight';
      throw new ShadegradError('INVALID_ARGUMENT', 'lambda of the training', {
        expected: 'more than 0 with lambdaGan 0: else nothing is learned',
        received: '0',
        fix,
      });
    }
    if (!isAdversarial(options) && (options.dSteps ?? 1) > 1) {
      const fix = 'leave dSteps out, or give lambdaGan a weight';
      throw new ShadegradError('INVALID_ARGUMENT', 'dSteps of the training', {
        expected: '1 with lambdaGan 0',
        received: String(options.dSteps),
        fix,
      });
    }
    expectSmoothing(options);
    expectFeatures(options);
    return { ...options, ...loadSizeOf(options) };
  },

  describe: ({ ngf, ndf, ...options }) => [`${describeSides(options)} pixels`, ...describeCodings(options), `ngf ${ngf}`, `ndf ${ndf}`],

  networks(options, given) {
    const generator = generatorOf(options, given.generator);
    const { inChannels, outChannels } = buildNetwork(generator) as Generator;
    const { discriminator: kind, conditional = true } = options;
    expectKind('discriminator', kind, given.discriminator);
    const channels = conditional ? inChannels + outChannels : outChannels;
    const discriminator = given.discriminator ?? discriminatorOf(options, channels);
    const judge = buildNetwork(discriminator);
    expectJudge(judge, options);
    const judged = inChannelsOf(judge);
    if (judged === channels) return { generator, discriminator };
    const those = conditional ? `${inChannels} + ${outChannels} channels, those of a pair` : `${channels} channels, those of the result`;
    throw refused('discriminator of pix2pix', `one of ${those}`, `${judged} channels`);
  },
  initialize: drawWeights,

  optionsOf: (given, label) => optionsOf(given, label),

  optimizers: {
    generatorOptimizer: { network: 'generator', create: adam },
    discriminatorOptimizer: { network: 'discriminator', create: adam },
  },

  inputs: (gpu, { batch, ganMode, lambdaGan }): Record<string, Tensor> =>
    isAdversarial({ lambdaGan }) && hasPenalty({ ganMode }) ? { shares: shareTensor(gpu, batch, 'shares') } : {},
  prepare(context) {
    if (context.inputs.shares) writeShares(context.inputs.shares, context);
  },

  sizes: preparePlanOf,

  sides(options, { generator }) {
    const [source, target] = halvesOf(options.direction);
    const kept = keptSides(options);
    return {
      source: { half: source, channels: generator.inChannels, role: 'input', ...kept.source },
      target: { half: target, channels: generator.outChannels, role: 'target', ...kept.target },
    };
  },
  readings: (options) => halfReadings(options, halvesOf(options.direction)),

  phase: stepKind,
  accumulates: true,
  losses: {
    discriminatorReal: { label: 'D_real', short: 'D', plot: 'Adversarial', role: 'discriminator', when: isAdversarial },
    discriminatorFake: { label: 'D_fake', short: 'D', plot: 'Adversarial', role: 'discriminator', when: isAdversarial },
    penalty: { ...penaltyRow(), when: (options) => isAdversarial(options) && hasPenalty(options) },
    generatorGan: { label: 'G_GAN', short: 'G', plot: 'Adversarial', role: 'adversarial', when: isAdversarial, phases: [STEP_KINDS.both] },
    generatorFeatures: FEATURE_LOSS,
    ...RECONSTRUCTION_LOSSES,
  },

  step({ networks, optimizers, images, inputs, options, phase, parts }) {
    const { generatorOptimizer, discriminatorOptimizer } = optimizers;
    const model = { ...networks, generatorOptimizer: generatorOptimizer!, discriminatorOptimizer: discriminatorOptimizer! };
    const { source, target } = images;
    const { lambda, lambdaGan: adversarial = 1, lambdaFeat: features = 0, conditional = true } = options;
    const reconstruction = reconstructionOf(options);
    const objective = adversarialObjective(options);
    const both = phase !== STEP_KINDS.discriminator;
    const what = { objective, shares: inputs.shares, adversarial, features, conditional, reconstruction, both, parts };
    return trainPix2Pix(model, source!, target!, { lambda, dropout: rateOf(options) > 0 }, what);
  },

  metrics: {
    l1: { label: 'L1', better: 'lower' },
    psnr: { label: 'PSNR', better: 'higher', unit: 'dB', digits: 4 },
    ssim: { label: 'SSIM', better: 'higher' },
  },

  pictures({ direction }) {
    const [source, target] = halvesOf(direction);
    return { given: [{ title: 'Input', half: source }], made: ['Output'], wanted: [{ title: 'Target', half: target }] };
  },

  judged(options, { generator: { inChannels, outChannels } }) {
    if (!isAdversarial(options)) return [];
    const { conditional = true, ganMode = 'vanilla' } = options;
    const seen = conditional ? { beside: 'Input', channels: [inChannels, outChannels] } : { channels: [outChannels] };
    return ['Output', 'Target'].map((picture) => ({ network: 'discriminator', picture, ...seen, verdict: OBJECTIVES[ganMode].says }));
  },

  evaluator(gpu, { generator }, options) {
    const { direction } = options;
    const [size, plan] = [imageSizeOf(options), preparePlanOf(options)];
    const how = { halves: halvesOf(direction), key: direction, size, plan, dropout: rateOf(options) > 0 };
    return pairedEvaluator(gpu, generator, { ...how, codings: codingsOf(options) });
  },

  watch: PIX2PIX_WATCH,

  pytorch: {
    roles: { generator: 'generator', discriminator: 'discriminator' },
    names: { generator: 'G', discriminator: 'D' },
    optimizers: { generator_optimizer: ['generator'], discriminator_optimizer: ['discriminator'] },
    // The discriminator sees each step's images three times: made, real, and made again for the generator's loss; and mixed for a penalty.
    forwards: (options) => ({
      generator: isAdversarial(options) ? forwardsOfGenerator(1, options, 'again') : forwardsOfGenerator(1, options),
      discriminator: isAdversarial(options)
        ? forwardsOfDiscriminator(hasPenalty(options) ? 3 : 2, options, matchesFeatures(options) ? 2 : 1)
        : 0,
    }),
    adam: ADAM,
  },
};

/** What is translated, and into what. */
function halvesOf(direction: Direction): readonly [source: 'a' | 'b', target: 'a' | 'b'] {
  return direction === 'AtoB' ? ['a', 'b'] : ['b', 'a'];
}

/** Whether the generator learns from a discriminator. */
function isAdversarial({ lambdaGan }: { readonly lambdaGan?: unknown }): boolean {
  return lambdaGan !== 0;
}

/** The generator: that of a file, with the dropout of the options, or the one that the options ask for. */
function generatorOf(options: Pix2PixOptions, given: NetworkArchitecture | undefined): NetworkArchitecture {
  const { ngf, generator: kind, norm = 'batch', blocks, upsample, inChannels, outChannels, z = 0, zAt } = options;
  expectKind('generator', kind, given);
  if (given) {
    const { options: all } = expectGenerator(given, options);
    const { noise: drawn = 0 } = all as { readonly noise?: number };
    if (z > 0 && drawn !== z) throw refused('z of the training', `the random numbers of the given generator, ${drawn}`, String(z));
    return { kind: given.kind, options: { ...given.options, ...dropoutOf({ kind: given.kind, options: all }, options) } };
  }
  const noise = z > 0 ? { noise: z, noiseAt: zAt } : {};
  const network = { width: ngf, inChannels, outChannels, norm, dropout: rateOf(options), blocks, upsample };
  const wanted = { ...wantedSize(options), ...network, ...noise };
  const asked = chosenNetwork(kind ?? 'unet', wanted, { blocks: 'blocks', noise: 'z', levels: 'levels', upsample: 'upsample' });
  expectGenerator(asked, options);
  return asked;
}

/** The discriminator that the options ask for. */
function discriminatorOf(options: Pix2PixOptions, inChannels: number): NetworkArchitecture {
  const { ndf, norm = 'batch', discriminatorLayers: layers, discriminators: count } = options;
  const { discriminator: kind = (count ?? 1) > 1 ? 'multiscale-patchgan' : 'patchgan' } = options;
  // One is what every kind has.
  const discriminators = kind !== 'multiscale-patchgan' && count === 1 ? undefined : count;
  const wanted = { ...wantedSize(options), levels: undefined, width: ndf, inChannels, norm, layers, discriminators };
  return chosenNetwork(kind, wanted, { layers: 'discriminatorLayers', discriminators: 'discriminators' });
}

/** @throws INVALID_ARGUMENT for a network that does not translate pictures of the size */
function expectGenerator(architecture: NetworkArchitecture, options: Pix2PixOptions): Generator {
  const network = buildNetwork(architecture);
  if (!isGenerator(network)) throw refused('generator of pix2pix', 'a network that translates images', architecture.kind);
  // Where nothing is said of the channels, they are those of pictures.
  const { inChannels = 3, outChannels = 3 } = options;
  for (const [channels, asked] of [
    [network.inChannels, inChannels],
    [network.outChannels, outChannels],
  ] as const) {
    if (channels === 1 || channels === 3 || channels === asked) continue;
    const expected = '3 (colours) or 1 (grey) at either end, or as many as inChannels and outChannels say';
    throw refused('channels of the generator of pix2pix', expected, String(channels));
  }
  expectImageSize(options, network.imageSizes);
  return network;
}

const refused = (what: string, expected: string, received: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix: "use such a network, or leave `networks` out for the paper's" });

/** Options of generators that a training has, too. */
interface GeneratorOptions {
  readonly ngf?: number;
  readonly dropout?: number;
  readonly noise?: number;
  readonly noiseAt?: 'input';
  readonly norm?: Norm;
  readonly blocks?: number;
  readonly upsample?: Upsampling;
}

/**
 * The options that follow from networks out of a file.
 *
 * @throws WEIGHTS_UNSUPPORTED unless the networks are of pairs of pictures, each in colours or grey
 */
function optionsOf({ generator, discriminator }: Partial<Architectures<Pix2PixNetworks>>, label: string): Partial<Pix2PixOptions> {
  const what = `${label}: these networks are not for pairs of pictures`;
  const network = generator && buildNetwork(generator);
  const judge = discriminator && buildNetwork(discriminator);
  if (!network) return {};
  if (!isGenerator(network)) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
      expected: 'a generator that translates images',
      received: describeArchitecture(generator),
      fix: 'begin with networks that were trained on pairs of pictures, or leave --from out',
    });
  }
  const { inChannels, outChannels, imageSizes } = network;
  const conditional = judge && inChannelsOf(judge) !== outChannels;
  if (conditional && inChannelsOf(judge) !== inChannels + outChannels) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
      expected: `a discriminator of ${inChannels} + ${outChannels} channels, those of the generator's two images, or of ${outChannels}`,
      received: describeArchitecture(discriminator),
      fix: "name its own discriminator with --from-discriminator, or give the generator's file alone",
    });
  }
  const { ngf, dropout, noise = 0, noiseAt, norm, blocks, upsample } = network.options as GeneratorOptions;
  const { ndf, layers, discriminators } = (judge?.options ?? {}) as { ndf?: number; layers?: number; discriminators?: number };
  const [kind, judgeKind] = [askedKind(generator), discriminator && askedKind(discriminator)];
  return {
    ...(kind !== undefined && { generator: kind }),
    ...(judgeKind !== undefined && { discriminator: judgeKind }),
    ...(norm !== undefined && { norm }),
    ...(blocks !== undefined && { blocks }),
    ...(upsample !== undefined && { upsample }),
    ...(layers !== undefined && { discriminatorLayers: layers }),
    ...(judgeKind !== undefined && { discriminators: discriminators ?? 1 }),
    ...(judge && { conditional }),
    inChannels,
    outChannels,
    // A network that is made of levels is for its own size; others take what they are given.
    ...(imageSizes.multipleOf === imageSizes.own && { size: imageSizes.own }),
    ...levelsOfNetwork(generator),
    ...(ngf !== undefined && { ngf }),
    ...(dropout !== undefined && isNumberedWithDropout(generator) && { dropout: dropout > 0 }),
    ...(ndf !== undefined && { ndf }),
    ...(noise > 0 && { z: noise, zAt: noiseAt }),
  };
}

const inChannelsOf = (network: Network): number | undefined => (network.options as { inChannels?: number }).inChannels;
