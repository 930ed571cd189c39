import { expectLength, type PairedDataset } from '../data/dataset.js';
import { ShadegradError } from '../errors.js';
import { expectOptions } from '../checks.js';
import type { DiscriminatorVariant, GeneratorChannels, GeneratorVariant } from './checkpoint-info.js';
import type { Direction } from './image-store.js';

/** Options of Trainer.create(): the networks, the images, and how they are trained. */
export interface TrainerOptions {
  /** Height and width of the networks' images: a power of two of at least 32. */
  size: number;
  /** Side to which images are resized before the random crop; 286 for 256 in the paper. At least `size`. */
  loadSize: number;
  /** Channels after the generator's first layer; 64 in the paper. */
  ngf: number;
  /** Channels after the discriminator's first layer; 64 in the paper. */
  ndf: number;
  /** Pairs in a step; 1 in the paper. */
  batch: number;
  /** Adam's rate at the start; `setLearningRate` changes it. */
  learningRate: number;
  /** The weight of the L1 loss, at least 0; 100 in the paper. */
  lambda: number;
  /** The rate of the generator's dropout, from 0 to below 1; 0.5 in the paper. */
  dropout: number;
  /** Whether images are cropped and mirrored at random. */
  jitter: boolean;
  /** Whole number of 32 bits: weights, order, jitter and dropout follow from it. */
  seed: number;
  /** Which half of a pair is translated into the other. */
  direction: Direction;
  /** Side of the images as they are kept on the device, before jitter. Even. Default: `loadSize`. */
  storedSize?: number;
  /**
   * Most bytes of device memory that the images of the whole set may take; of a larger set, or where there is no memory for it
   * beside the step, each step's images travel anew. The results are the same. Default 1 GiB.
   */
  residentBytes?: number;
  /** What differs from the paper's networks. Default: nothing. */
  variants?: TrainerVariants;
  /** Whether the step is recorded and replayed. False runs every step eagerly: slower, and the same to the bit. Default true. */
  replay?: boolean;
}

/** Options in which the networks of a Trainer differ from the paper's: channels, norms, biases, and layers of the discriminator. */
export interface TrainerVariants {
  /** The generator's options. With 1 channel instead of 3, images are trained on by their luminance. */
  readonly generator: GeneratorVariant & GeneratorChannels;
  /** The discriminator's options. */
  readonly discriminator: DiscriminatorVariant & { readonly layers?: number };
}

/** The 70 x 70 PatchGAN leaves nothing of a smaller image. */
const MIN_SIZE = 32;

interface Rule {
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
  readonly fix: string;
}

const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const number =
  (least: number) =>
  (value: unknown): boolean =>
    Number.isFinite(value) && (value as number) >= least;
const oneOf =
  (...choices: unknown[]) =>
  (value: unknown): boolean =>
    choices.includes(value);
const absentOr =
  (fits: Rule['fits']) =>
  (value: unknown): boolean =>
    value === undefined || fits(value);
const powerOfTwo = (value: unknown): boolean => Number.isInteger(Math.log2(value as number));

const CHANNELS: Rule = { fits: whole(1), expected: 'a whole number of channels from 1 up', fix: 'the paper uses 64' };

/** What each option may be; whatever else follows from several of them. */
const RULES: Readonly<Record<keyof TrainerOptions, Rule>> = {
  size: {
    fits: (value) => whole(MIN_SIZE)(value) && powerOfTwo(value),
    expected: `a power of two of at least ${MIN_SIZE}: the discriminator's last layers need that much`,
    fix: `use ${MIN_SIZE}, 64, 128, 256 or 512`,
  },
  loadSize: { fits: whole(1), expected: 'a whole number of pixels', fix: 'the paper uses 286 for a size of 256' },
  ngf: CHANNELS,
  ndf: CHANNELS,
  batch: { fits: whole(1), expected: 'a whole number of pairs from 1 up', fix: 'the paper uses 1' },
  learningRate: { fits: number(0), expected: 'a finite number of at least 0', fix: 'the paper uses 2e-4' },
  lambda: {
    fits: number(0),
    expected: 'a finite number of at least 0: it weighs a loss that is to become small',
    fix: 'the paper uses 100',
  },
  dropout: {
    fits: (value) => number(0)(value) && (value as number) < 1,
    expected: 'a rate from 0 to below 1',
    fix: 'the paper uses 0.5; 0 is none',
  },
  jitter: { fits: oneOf(true, false), expected: 'true or false', fix: 'the paper uses true' },
  seed: {
    fits: whole(0, 0xffff_ffff),
    expected: 'a whole number of 32 bits, from 0 to 4294967295',
    fix: 'round it, or take its remainder by 2 ** 32',
  },
  direction: { fits: oneOf('AtoB', 'BtoA'), expected: "'AtoB' or 'BtoA'", fix: "use 'BtoA' to make the photos a of the label maps b" },
  storedSize: { fits: absentOr(whole(1)), expected: 'a whole number of pixels', fix: 'leave it out for loadSize' },
  residentBytes: {
    fits: absentOr((value) => typeof value === 'number' && value >= 0),
    expected: 'a number of bytes of at least 0',
    fix: 'leave it out for 1 GiB, or use 0 to keep only the batch at hand on the device',
  },
  variants: {
    fits: absentOr((value) => typeof value === 'object' && value !== null),
    expected: 'an object with generator and discriminator',
    fix: "leave it out for the paper's networks",
  },
  replay: { fits: absentOr(oneOf(true, false)), expected: 'true or false', fix: 'leave it out for true' },
};

/**
 * Checks all options of a training before anything is allocated. Without types a wrong one would train, and something else.
 *
 * @throws INVALID_ARGUMENT
 */
export function expectTrainerOptions(options: TrainerOptions, dataset: PairedDataset): void {
  const names = Object.keys(RULES) as (keyof TrainerOptions)[];
  expectOptions('the training', options, names, { required: names.filter((name) => !RULES[name].fits(undefined)) });
  for (const [name, { fits, expected, fix }] of Object.entries(RULES)) {
    const value = options[name as keyof TrainerOptions];
    if (!fits(value)) throw refused(`${name} of the training`, expected, typeof value === 'string' ? `'${value}'` : String(value), fix);
  }
  const { size, loadSize, storedSize = loadSize, batch } = options;
  if (loadSize < size || storedSize % 2 !== 0) {
    throw refused(
      'sizes of the training images',
      'loadSize of at least the size, and an even storedSize',
      `size ${size}, loadSize ${loadSize}, storedSize ${storedSize}`,
      'the paper uses 286 for 256',
    );
  }
  expectLength(dataset);
  if (batch > dataset.length) {
    throw refused(
      'batch of the training',
      `a whole number from 1 to ${dataset.length}, the pairs in "${dataset.name}"`,
      String(batch),
      'use a smaller batch or more images',
    );
  }
}

const refused = (what: string, expected: string, received: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });
