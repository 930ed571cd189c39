import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { drawNoise, isNoiseGenerator } from '../models/noise.js';
import { buildNetwork, networkKind } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import { SGD, type SGDSettings } from '../optim/sgd.js';
import { Tensor } from '../tensor/tensor.js';
import { oneOf, whole, type OptionRow, type OptionTable } from '../training/option-table.js';
import type { PrepareContext, ScheduleContext, SchemePresets } from '../training/scheme.js';
import { adam } from './adam.js';
import { ADVERSARIAL_ROWS, expectSmoothing, type AdversarialOptions } from './adversarial-options.js';
import type { GANNetworks } from './gan-step.js';
import { hasPenalty, objectiveOption, shareTensor, writeShares, type ObjectiveName } from './objectives.js';
import { NOISE_ROW } from './option-rows.js';

/** Options of GAN and of conditional GAN: the networks, the images, and how they are trained. */
export interface GANOptions extends AdversarialOptions {
  /** Fully connected networks, as in the papers, or convolutional ones, as DCGAN has them. Default 'mlp'. */
  architecture: 'mlp' | 'conv';
  /** Height and width of the images, even. Default: what the networks are for, 28 for digits as they are, 32 for DCGAN's. */
  size?: number | undefined;
  /** Channels of the images: 1 for grey, 3 for colours. Default 1. */
  channels: number;
  /** Random numbers that an image is made of. Default 100. */
  nz: number;
  /** Units of the hidden layers of fully connected networks; 1200 in the papers, to which all other widths are in proportion. */
  units: number;
  /** Channels before the last layer of a convolutional generator; 64 in DCGAN. */
  ngf: number;
  /** Channels after the first layer of a convolutional discriminator; 64 in DCGAN. */
  ndf: number;
  /** SGD with momentum, as in the papers, or Adam. Default: 'sgd' for fully connected networks without a gradient penalty, else 'adam'. */
  optimizer?: 'sgd' | 'adam' | undefined;
  /** Whether the networks drop units, as in the papers. Default true. */
  dropout: boolean;
  /** The adversarial loss. Default 'vanilla', that of the papers. */
  ganMode?: ObjectiveName;
}

/** The rates of both optimisers: that of the papers for SGD, and DCGAN's. */
const RATES = { sgd: 0.1, adam: 2e-4 } as const;
/** The rate of SGD is divided by `fall` at each step, down to `least`. */
export interface Decay {
  readonly fall: number;
  readonly least: number;
}
/** Keeps the numbers of steps apart from those that weights begin with. */
const NOISE_STREAM = 0x6e6f6973;
/** The momentum of SGD grows in a straight line from the first to the last of these epochs. */
const MOMENTUM = { from: 0.5, to: 0.7, first: 1, last: 250 } as const;

const width = (name: string, papers: number, description: string): OptionRow => ({
  fits: whole(1),
  expected: 'a whole number from 1 up',
  fix: `the papers use ${papers}`,
  flag: { group: 'Networks', reference: name === 'units' ? [] : [name], type: 'integer', min: 1, max: 4096, description },
});

/** Makes the rows of the options of GAN and conditional GAN. @param conv what the convolutional networks are */
export const ganOptions = (conv: string): OptionTable<GANOptions> => ({
  architecture: {
    default: 'mlp',
    flag: {
      group: 'Networks',
      type: 'choice',
      choices: ['mlp', 'conv'],
      default: 'mlp',
      description: `mlp: fully connected networks as in the paper; conv: ${conv}`,
    },
  },
  size: {
    optional: true,
    fits: (value) => whole(2, 1024)(value) && (value as number) % 2 === 0,
    expected: 'an even number from 2 to 1024',
    fix: 'leave it out for the size of the networks',
    flag: {
      group: 'Data',
      type: 'integer',
      min: 2,
      max: 512,
      check: (value) => (value % 2 === 0 ? undefined : 'an even number'),
      description: 'side of the images in pixels, even; images are cut to a square and resized. By default that of the networks',
    },
  },
  channels: {
    default: 1,
    fits: oneOf(1, 3),
    expected: '1 or 3',
    fix: 'leave it out for grey images',
    flag: {
      group: 'Data',
      type: 'integer',
      min: 1,
      max: 3,
      check: (value) => (value === 2 ? '1 or 3' : undefined),
      description: 'channels of the images: 1 for grey, 3 for colours; 1',
    },
  },
  nz: NOISE_ROW,
  units: width('units', 1200, 'width of fully connected networks: units of their hidden layers; others are in proportion'),
  ngf: width('ngf', 64, 'width of a convolutional generator: channels before its last layer'),
  ndf: width('ndf', 64, 'width of a convolutional discriminator: channels after its first layer'),
  optimizer: {
    optional: true,
    flag: {
      group: 'Training',
      type: 'choice',
      choices: ['sgd', 'adam'],
      description:
        'sgd: with momentum and a rate that falls, as in the paper; adam; ' +
        'by default sgd for mlp and adam for conv and for wgangp, in a preview adam',
    },
  },
  ganMode: objectiveOption('vanilla'),
  ...ADVERSARIAL_ROWS,
  dropout: { default: true, flag: { group: 'Networks', type: 'boolean', default: true, description: 'no dropout in the networks' } },
});

/** The presets of GAN and conditional GAN. */
export const GAN_PRESETS: SchemePresets<GANOptions> = {
  description: '28 pixels, 1200 units, 250 epochs',
  full: { units: 1200, ngf: 64, ndf: 64, batch: 100, epochs: 250, learningRate: RATES.sgd },
  // The papers' networks take hundreds of thousands of steps to the digits that convolutions find in some hundred.
  preview: { architecture: 'conv', optimizer: 'adam', batch: 32, minutes: 5, learningRate: 5e-4 },
  previewScales: {
    hardware: [{ units: 1200, ngf: 64, ndf: 64 }],
    software: [{ units: 600, ngf: 16, ndf: 16 }],
  },
  rate(options, preset) {
    if (options.optimizer === 'sgd') return RATES.sgd;
    return preset === 'full' ? RATES.adam : undefined;
  },
};

/** Fills in the size and the optimiser that follow from the kind of networks. @param sizes of images that either kind is for */
export function completeGAN(options: GANOptions, sizes: Readonly<Record<GANOptions['architecture'], number>>): GANOptions {
  const { architecture } = expectSmoothing(options);
  return {
    ...options,
    size: options.size ?? sizes[architecture],
    // A gradient penalty of weight 10 makes SGD diverge at the papers' rate.
    optimizer: options.optimizer ?? (architecture === 'mlp' && !hasPenalty(options) ? 'sgd' : 'adam'),
  };
}

/** Puts the options of a run in words. */
export function describeGAN({ architecture, size, units, ngf, ndf, optimizer }: GANOptions): string[] {
  const widths = architecture === 'mlp' ? [`${units} units`] : [`ngf ${ngf}`, `ndf ${ndf}`];
  return [`${size} x ${size} pixels`, ...widths, optimizer === 'sgd' ? 'SGD' : 'Adam'];
}

/** Takes a width in proportion to another one, at least 1. @param of what part of it, such as 1 / 5 */
export const inProportion = (units: number, of: number): number => Math.max(1, Math.round(units * of));

/**
 * Checks that two networks, which make and judge images, fit each other and the options.
 *
 * @param title of the scheme, for errors
 * @param labels that both take
 * @throws INVALID_ARGUMENT for others, in the name of the scheme
 */
export function expectGAN(
  title: string,
  { generator, discriminator }: { readonly generator: NetworkArchitecture; readonly discriminator: NetworkArchitecture },
  { size, channels, nz }: { readonly size?: number | undefined; readonly channels: number | undefined; readonly nz: number },
  labels: number,
): void {
  const shapeOf = (architecture: NetworkArchitecture): string =>
    networkKind(architecture.kind).exampleInput(buildNetwork(architecture)).shape.join(' x ');
  const made = buildNetwork(generator);
  const fits =
    isNoiseGenerator(made) &&
    made.takes.numbers === nz &&
    made.takes.labels === labels &&
    made.makes.size === size &&
    made.makes.channels === channels &&
    shapeOf(discriminator) === [1, size, size, channels + labels].join(' x ');
  if (fits) return;
  const withThem = labels === 0 ? '' : ` and ${labels} labels`;
  throw new ShadegradError('INVALID_ARGUMENT', `networks of ${title}`, {
    expected:
      `a generator of ${nz} random numbers${withThem}, and a discriminator of its images${withThem}: ` + `${size} x ${size} x ${channels}`,
    received: JSON.stringify({ generator, discriminator }),
    fix: 'use the options of the networks, and data with as many labels as they take; or leave `networks` out',
  });
}

/** Reads the options off networks out of a file. @param mlp the kinds of fully connected networks */
export function optionsOfGAN(
  { generator, discriminator }: { readonly generator?: NetworkArchitecture; readonly discriminator?: NetworkArchitecture },
  mlp: readonly string[],
): Partial<GANOptions> {
  const options: Partial<GANOptions> = {};
  const widthOf = (architecture: NetworkArchitecture, name: 'ngf' | 'ndf'): void => {
    const isMlp = mlp.includes(architecture.kind);
    options.architecture = isMlp ? 'mlp' : 'conv';
    const all = buildNetwork(architecture).options as Partial<GANOptions>;
    if (!isMlp && all[name] !== undefined) options[name] = all[name];
    if (isMlp && name === 'ngf' && all.units !== undefined) options.units = all.units;
  };
  if (discriminator) widthOf(discriminator, 'ndf');
  if (!generator) return options;
  widthOf(generator, 'ngf');
  const made = buildNetwork(generator);
  if (isNoiseGenerator(made)) Object.assign(options, { size: made.makes.size, channels: made.makes.channels, nz: made.takes.numbers });
  return options;
}

/** Makes the optimiser of either network, as the options say. @throws as the constructors of SGD and Adam */
export function ganOptimizer(network: GANNetworks[keyof GANNetworks], options: GANOptions & { readonly learningRate: number }): Optimizer {
  const { optimizer, learningRate } = options;
  return optimizer === 'sgd' ? new SGD(network, { learningRate, momentum: MOMENTUM.from }) : adam(network, options);
}

/** Takes memory for what is drawn for each step: random numbers, and the mixtures of a gradient penalty. */
export const ganInputs = (gpu: Gpu, options: Pick<GANOptions, 'nz' | 'ganMode'> & { readonly batch: number }): Record<string, Tensor> => {
  const { batch, nz } = options;
  return {
    noise: Tensor.from(gpu, new Float32Array(batch * nz), [batch, 1, 1, nz], 'noise'),
    ...(hasPenalty(options) && { shares: shareTensor(gpu, batch, 'shares') }),
  };
};

/** Writes what ganInputs() is to hold in a step. */
export function writeDraws(context: PrepareContext<object, GANNetworks>): void {
  const { inputs, networks, seed, step } = context;
  drawNoise(inputs.noise!, networks.generator.takes, (seed ^ NOISE_STREAM) >>> 0, step);
  if (inputs.shares) writeShares(inputs.shares, context);
}

/** Prepares a step: writes what is drawn for it, and sets the momentum of SGD for its epoch. */
export function prepareGAN(context: PrepareContext<GANOptions, GANNetworks>): void {
  writeDraws(context);
  const { epoch, optimizers, options } = context;
  if (options.optimizer !== 'sgd') return;
  const { from, to, first, last } = MOMENTUM;
  const share = Math.min(1, Math.max(0, (epoch - first) / (last - first)));
  for (const { groups } of Object.values(optimizers))
    for (const group of groups) group.change({ momentum: from + share * (to - from) } as Partial<SGDSettings>);
}

/** Makes the schedule of the learning rate: of SGD that of the papers, of Adam the usual one. */
export const ganSchedule =
  ({ fall, least }: Decay) =>
  ({ step, base, usual, options: { optimizer } }: ScheduleContext<GANOptions>): number =>
    optimizer === 'sgd' ? Math.max(base / fall ** step, Math.min(base, least)) : usual;

/** Plans the images of a step: whole, of the size of the networks. */
export const ganSizes = ({ size }: GANOptions): { size: number; loadSize: number; jitter: boolean } => ({
  size: size!,
  loadSize: size!,
  jitter: false,
});
