import { widthAndHeight } from '../pixel-size.js';
import {
  describeSides,
  expectImageSize,
  imageSizeOf,
  imageWidthRow,
  LEVELS_ROW,
  levelsOfNetwork,
  wantedSize,
  type ImageSizeOptions,
} from './image-size.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { fill } from '../kernels/elementwise.js';
import type { Generator, NetworkArchitecture } from '../models/kind.js';
import { buildNetwork, isGenerator, networkKind } from '../models/registry.js';
import { Tensor } from '../tensor/tensor.js';
import { whole } from '../training/option-table.js';
import type { TrainingScheme } from '../training/scheme.js';
import { ADAM, adam } from './adam.js';
import {
  ADVERSARIAL_ROWS,
  expectSmoothing,
  forwardsOfDiscriminator,
  forwardsOfGenerator,
  STEP_KINDS,
  stepKind,
} from './adversarial-options.js';
import { cycleEvaluator } from './cycle-evaluator.js';
import { cycleInputs, prepareCycle, trainCycleGAN, type CycleGANNetworks, type CycleGANOptions } from './cyclegan-step.js';
import { drawWeights, INITIAL_WEIGHTS_ROWS } from './initial-weights.js';
import { askedKind, BLOCKS_ROW, channelsRow, chosenNetwork, kindRow, LAYERS_ROW, normRow, UPSAMPLE_ROW } from './network-choice.js';
import { hasPenalty, objectiveOption, OBJECTIVES, penaltyRow } from './objectives.js';
import { FLIP_ROW, JITTER_ROW, LOAD_SIZE_FLAG, onlyWith, weightRow, widthRow } from './option-rows.js';
import { LOAD_SIZE_EFFECT, loadSizeOf, preparePlanOf, PREPROCESS_ROW } from './preprocess-option.js';

const LEAST_SIDE = 32;
const MULTIPLE = 4;
/** The images from which on the paper has nine residual blocks. */
const LARGE_SIDE = 256;
const BLOCKS = { large: 9, small: 6 } as const;

/**
 * CycleGAN (Zhu, Park, Isola and Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017):
 * two generators learn to translate between two sets of images of which none belongs to another, so that there and back again is the
 * image itself. Step order, losses and image pools are those of pytorch-CycleGAN-and-pix2pix.
 */
export const cyclegan: TrainingScheme<CycleGANOptions, CycleGANNetworks> = {
  name: 'cyclegan',
  title: 'CycleGAN',
  summary: 'Trains CycleGAN to translate between two sets of images, both ways, without pairs.',
  data: 'unpaired',

  options: {
    size: {
      isSide: true,
      fits: (value) => whole(LEAST_SIDE)(value) && (value as number) % MULTIPLE === 0,
      expected: `a multiple of ${MULTIPLE} of at least ${LEAST_SIDE}`,
      fix: 'the paper uses 256',
      flag: {
        group: 'Data',
        reference: ['crop_size'],
        type: 'integer',
        min: LEAST_SIDE,
        max: 512,
        check: (value) => (value % MULTIPLE === 0 ? undefined : `a multiple of ${MULTIPLE}`),
        description: `side of the images in pixels, a multiple of ${MULTIPLE}`,
      },
    },
    width: imageWidthRow(MULTIPLE, LEAST_SIDE),
    loadSize: {
      fits: whole(1),
      expected: 'a whole number of pixels',
      fix: 'leave it out for 286 at a size of 256',
      optional: true,
      only: LOAD_SIZE_EFFECT,
      flag: LOAD_SIZE_FLAG,
    },
    ngf: widthRow('ngf', 'width of the generators: channels after their first layer'),
    ndf: widthRow('ndf', 'likewise of the discriminators'),
    generator: { ...kindRow('generator', 'the generators', 'resnet'), default: 'resnet' },
    levels: LEVELS_ROW,
    blocks: BLOCKS_ROW,
    upsample: UPSAMPLE_ROW,
    discriminator: kindRow('discriminator', 'the discriminators', 'patchgan'),
    discriminatorLayers: LAYERS_ROW,
    norm: normRow('instance'),
    ...INITIAL_WEIGHTS_ROWS,
    inChannels: channelsRow('input_nc', 'the images of A'),
    outChannels: channelsRow('output_nc', 'the images of B'),
    lambdaA: weightRow(10, 'lambda_A', 'weight of the cycle A to B to A'),
    lambdaB: weightRow(10, 'lambda_B', 'weight of the cycle B to A to B'),
    lambdaIdentity: onlyWith(
      weightRow(0.5, 'lambda_identity', 'weight of the identity losses, times that of the cycle; 0 leaves them out'),
      'lambdaA or lambdaB above 0',
      ({ lambdaA, lambdaB }) => lambdaA !== 0 || lambdaB !== 0,
    ),
    ganMode: objectiveOption('lsgan'),
    ...ADVERSARIAL_ROWS,
    poolSize: {
      default: 50,
      fits: whole(0, 10_000),
      expected: 'a whole number of images from 0 to 10000',
      fix: 'leave it out for 50',
      flag: {
        group: 'Training',
        reference: ['pool_size'],
        type: 'integer',
        min: 0,
        max: 10_000,
        description: 'earlier generated images that a discriminator may be shown again; 50',
      },
    },
    preprocess: PREPROCESS_ROW,
    jitter: JITTER_ROW,
    flip: FLIP_ROW,
  },

  reference: {
    ...{ dataset_mode: 'unaligned', no_dropout: 'true' },
    ...{ direction: 'AtoB', phase: 'train' },
  },

  presets: {
    description: '256 pixels, width 64, 9 residual blocks, 200 epochs; weeks without a GPU',
    full: { size: 256, ngf: 64, ndf: 64, epochs: 200, learningRate: 2e-4 },
    preview: { minutes: 5, learningRate: 5e-4 },
    previewScales: {
      hardware: [
        { size: 256, ngf: 32, ndf: 64 },
        { size: 128, ngf: 32, ndf: 32 },
      ],
      software: [{ size: 64, ngf: 8, ndf: 8, blocks: 4 }],
    },
  },

  complete(options) {
    expectSmoothing(options);
    return {
      ...options,
      ...loadSizeOf(options),
      ...((options.generator ?? 'resnet') === 'resnet' && {
        blocks: options.blocks ?? (Math.min(options.size, options.width ?? options.size) >= LARGE_SIDE ? BLOCKS.large : BLOCKS.small),
      }),
    };
  },

  describe: ({ ngf, ndf, generator, ...options }) => [
    `${describeSides(options)} pixels`,
    ...(generator !== undefined && generator !== 'resnet' ? [networkKind(generator).title] : []),
    `ngf ${ngf}`,
    `ndf ${ndf}`,
  ],

  networks(options, given) {
    const { ngf, ndf, blocks, lambdaIdentity, norm = 'instance', inChannels: channelsA, outChannels: channelsB } = options;
    const generator = (): NetworkArchitecture => {
      const channels = { inChannels: channelsA, outChannels: channelsB };
      const wanted = { ...wantedSize(options), width: ngf, ...channels, norm, dropout: 0, blocks, upsample: options.upsample };
      return chosenNetwork(options.generator ?? 'resnet', wanted, { blocks: 'blocks', levels: 'levels', upsample: 'upsample' });
    };
    const generatorA = given.generatorA ?? (given.generatorB ? turned(given.generatorB) : generator());
    const generatorB = given.generatorB ?? turned(generatorA);
    const [aToB, bToA] = [expectGenerator(generatorA, options), expectGenerator(generatorB, options)];
    if (aToB.inChannels !== bToA.outChannels || aToB.outChannels !== bToA.inChannels) {
      throw refused('generators of CycleGAN', 'two that undo each other', `${channelsOf(aToB)} and ${channelsOf(bToA)} channels`);
    }
    if (lambdaIdentity > 0 && aToB.inChannels !== aToB.outChannels) {
      const received = `${lambdaIdentity}, with generators of ${channelsOf(aToB)} channels`;
      const fix = 'set lambdaIdentity to 0: an image of one set is none of the other';
      throw refused('lambdaIdentity of the training', '0 where the two sets have images of different channels', received, fix);
    }
    const { discriminator: judgeKind = 'patchgan', discriminatorLayers: layers } = options;
    const judge = (inChannels: number): NetworkArchitecture =>
      chosenNetwork(
        judgeKind,
        { ...wantedSize(options), levels: undefined, width: ndf, inChannels, norm, layers },
        { layers: 'discriminatorLayers' },
      );
    const discriminatorA = given.discriminatorA ?? judge(aToB.outChannels);
    const discriminatorB = given.discriminatorB ?? judge(bToA.outChannels);
    expectJudge(discriminatorA, aToB.outChannels);
    expectJudge(discriminatorB, bToA.outChannels);
    return { generatorA, generatorB, discriminatorA, discriminatorB };
  },
  initialize: drawWeights,

  optionsOf({ generatorA, generatorB, discriminatorA, discriminatorB }) {
    const aToB = generatorA ?? (generatorB && turned(generatorB));
    const judge = discriminatorA ?? discriminatorB;
    const { inChannels, outChannels, ...all } = (aToB ? buildNetwork(aToB).options : {}) as Partial<CycleGANOptions>;
    const { ngf, blocks, upsample, size, norm } = all;
    const { ndf, layers } = (judge?.options ?? {}) as { ndf?: number; layers?: number };
    const [kind, judgeKind] = [aToB && askedKind(aToB), judge && askedKind(judge)];
    const follow = { generator: kind, ngf, blocks, upsample, size, norm, inChannels, outChannels };
    const found = { ...follow, ...(aToB && levelsOfNetwork(aToB)), discriminator: judgeKind, ndf, discriminatorLayers: layers };
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  },

  // The reference program has one Adam for both generators and one for both discriminators, which is the same: Adam's parameters are
  // each by itself.
  optimizers: {
    generatorAOptimizer: { network: 'generatorA', create: adam },
    generatorBOptimizer: { network: 'generatorB', create: adam },
    discriminatorAOptimizer: { network: 'discriminatorA', create: adam },
    discriminatorBOptimizer: { network: 'discriminatorB', create: adam },
  },

  // What each discriminator has been shown, for its pool. Channels follow from the networks, which are of pictures.
  state(gpu, { poolSize, ...options }, { generatorA, generatorB }): Record<string, Tensor> {
    if (poolSize === 0) return {};
    const [width, height] = widthAndHeight(imageSizeOf(options));
    expectPool(gpu, poolSize, 4 * height * width * Math.max(generatorA.outChannels, generatorB.outChannels));
    const pool = (channels: number, label: string): Tensor => {
      const images = Tensor.empty(gpu, [poolSize, height, width, channels], label);
      fill(images, 0);
      return images;
    };
    return { poolA: pool(generatorA.outChannels, 'pool of A'), poolB: pool(generatorB.outChannels, 'pool of B') };
  },
  inputs: cycleInputs,
  prepare: prepareCycle,

  sizes: preparePlanOf,
  sides: (_options, { generatorA, generatorB }) => ({
    a: { half: 'a', channels: generatorA.inChannels },
    b: { half: 'b', channels: generatorB.inChannels },
  }),

  phase: stepKind,
  accumulates: true,
  losses: {
    generatorA: { label: 'G_A', plot: 'Adversarial, generators', role: 'adversarial', phases: [STEP_KINDS.both] },
    generatorB: { label: 'G_B', plot: 'Adversarial, generators', role: 'adversarial', phases: [STEP_KINDS.both] },
    discriminatorA: { label: 'D_A', plot: 'Adversarial, discriminators', role: 'discriminator' },
    discriminatorB: { label: 'D_B', plot: 'Adversarial, discriminators', role: 'discriminator' },
    penaltyA: penaltyRow('D_A_gp'),
    penaltyB: penaltyRow('D_B_gp'),
    cycleA: { label: 'cycle_A', plot: 'Cycles', phases: [STEP_KINDS.both] },
    cycleB: { label: 'cycle_B', plot: 'Cycles', phases: [STEP_KINDS.both] },
    identityA: { label: 'idt_A', plot: 'Identity', when: hasIdentity, phases: [STEP_KINDS.both] },
    identityB: { label: 'idt_B', plot: 'Identity', when: hasIdentity, phases: [STEP_KINDS.both] },
  },
  step: trainCycleGAN,

  metrics: {
    cycle: { label: 'Cycle L1', better: 'lower' },
    cycleA: { label: 'A to B to A', better: 'lower' },
    cycleB: { label: 'B to A to B', better: 'lower' },
  },
  pictures: () => ({
    given: [
      { title: 'A', half: 'a' },
      { title: 'B', half: 'b' },
    ],
    made: ['A to B', 'A again', 'B to A', 'B again'],
    wanted: [],
    compared: [
      { direction: 'AtoB', given: 'A', made: 'A to B', real: 'B' },
      { direction: 'BtoA', given: 'B', made: 'B to A', real: 'A' },
    ],
  }),
  // The discriminator that is named A judges what comes of A, and B itself.
  judged: ({ ganMode = 'lsgan' }, { generatorA, generatorB }) =>
    [
      { network: 'discriminatorA', pictures: ['A to B', 'B'], channels: [generatorA.outChannels] },
      { network: 'discriminatorB', pictures: ['B to A', 'A'], channels: [generatorB.outChannels] },
    ].flatMap(({ network, pictures, channels }) =>
      pictures.map((picture) => ({ network, picture, channels, verdict: OBJECTIVES[ganMode].says })),
    ),
  evaluator: (gpu, networks, options) => cycleEvaluator(gpu, networks, preparePlanOf(options)),

  pytorch: {
    roles: { generatorA: 'generator', generatorB: 'generator', discriminatorA: 'discriminator', discriminatorB: 'discriminator' },
    names: { generatorA: 'G_A', generatorB: 'G_B', discriminatorA: 'D_A', discriminatorB: 'D_B' },
    optimizers: { generator_optimizer: ['generatorA', 'generatorB'], discriminator_optimizer: ['discriminatorA', 'discriminatorB'] },
    // A generator makes images of either set's, and of what the other made; a discriminator sees made ones twice, real ones once.
    forwards(options) {
      // Of a step of the discriminators alone each generator makes one image.
      const beside = forwardsOfGenerator(options.lambdaIdentity === 0 ? 1 : 2, { accumulate: options.accumulate });
      const made = beside + forwardsOfGenerator(1, options);
      const judged = forwardsOfDiscriminator(hasPenalty(options) ? 3 : 2, options);
      return { generatorA: made, generatorB: made, discriminatorA: judged, discriminatorB: judged };
    },
    adam: ADAM,
  },
};

/** Without an identity weight there are no such losses. */
function hasIdentity({ lambdaIdentity }: CycleGANOptions): boolean {
  return lambdaIdentity > 0;
}

/** A generator's architecture the other way round. What is no generator stays as it is, to be refused by its name. */
function turned(architecture: NetworkArchitecture): NetworkArchitecture {
  const network = buildNetwork(architecture);
  if (!isGenerator(network)) return architecture;
  const { inChannels, outChannels } = network;
  return { kind: architecture.kind, options: { ...architecture.options, inChannels: outChannels, outChannels: inChannels } };
}

const channelsOf = ({ inChannels, outChannels }: Generator): string => `${inChannels} -> ${outChannels}`;

/** @throws INVALID_ARGUMENT for a network that does not translate pictures of the size */
function expectGenerator(architecture: NetworkArchitecture, options: ImageSizeOptions): Generator {
  const network = buildNetwork(architecture);
  if (!isGenerator(network)) throw refused('generator of CycleGAN', 'a network that translates images', architecture.kind);
  for (const channels of [network.inChannels, network.outChannels]) {
    if (channels === 1 || channels === 3) continue;
    throw refused('channels of a generator of CycleGAN', '3 (colours) or 1 (grey) at either end', String(channels));
  }
  expectImageSize(options, network.imageSizes);
  return network;
}

/** @throws INVALID_ARGUMENT for a pool that is larger than a buffer of the adapter */
function expectPool({ limits }: Gpu, places: number, imageBytes: number): void {
  const most = Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / imageBytes);
  if (places <= most) return;
  throw refused('poolSize of the training', `at most ${most} images of this size on this adapter`, String(places), 'use a smaller pool');
}

/** @throws INVALID_ARGUMENT for a network that does not judge images of so many channels */
function expectJudge(architecture: NetworkArchitecture, channels: number): void {
  const network = buildNetwork(architecture);
  if (isGenerator(network)) throw refused('discriminator of CycleGAN', 'a network that judges images', architecture.kind);
  if (network.outputs)
    throw refused('discriminator of CycleGAN', 'one that judges images at one scale', networkKind(architecture.kind).title);
  const { inChannels } = network.options as { inChannels?: number };
  if (inChannels === channels) return;
  throw refused('discriminator of CycleGAN', `one of ${channels} channels, those of a generated image`, String(inChannels));
}

const refused = (
  what: string,
  expected: string,
  received: string,
  fix = "use such a network, or leave `networks` out for the paper's",
): ShadegradError => new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });
