import { isChoiceTable, type ChoiceTable } from '../gpu/choices.js';
import { ShadegradError } from '../errors.js';
import type { PatchGAN, PatchGANOptions } from '../models/patchgan.js';
import type { UNet, UNetOptions } from '../models/unet.js';
import type { Adam } from '../optim/adam.js';
import { LIBRARY_VERSION } from '../version.js';
import { isTraining, type CheckpointTarget } from './checkpoint-tensors.js';
import { exceptionalCounts, type StepCounts } from './step-counts.js';

export const CHECKPOINT_FORMAT = 'shadegrad-pix2pix';
export const CHECKPOINT_FORMAT_VERSION = 1;

/** The options of a run by name, such as size, seed or lambda. */
export type CheckpointOptions = Readonly<Record<string, string | number | boolean | null>>;

/** How far a run has come, and how it was started. */
export interface TrainingProgress {
  /** The options of the run, random seed included. */
  readonly options: CheckpointOptions;
  /** Steps done. With the seed, this is the state of every random draw: dropout, order and jitter count from it. */
  readonly step: number;
  /** Epochs begun or done, as the trainer counts them. */
  readonly epoch: number;
  /** The adapter it ran on: a run continued on another one goes on, but not to the bit. */
  readonly adapter: string;
  /** The variants of the kernels that it ran, by problem: a run continued with others goes on, but not to the bit. */
  readonly choices?: ChoiceTable;
}

/** Options in which a generator differs from the PyTorch reference's (with batch norm). Absent = as in the reference. */
export type GeneratorVariant = Readonly<
  Pick<UNetOptions, 'norm' | 'bias' | 'epsilon' | 'slope' | 'innermostNorm' | 'skip' | 'dropoutBlocks'>
>;
export type GeneratorChannels = Readonly<Pick<UNetOptions, 'inChannels' | 'outChannels'>>;
/** Options in which a discriminator differs from the reference's. */
export type DiscriminatorVariant = Readonly<Pick<PatchGANOptions, 'norm' | 'bias' | 'epsilon' | 'slope'>>;

/** Options of both networks, as a checkpoint holds them. */
export interface CheckpointArchitecture {
  /** The options of the generator. */
  readonly generator: {
    readonly size: number;
    readonly inChannels: number;
    readonly outChannels: number;
    readonly ngf: number;
  } & GeneratorVariant;
  /** The options of the discriminator; null in a checkpoint of the generator alone. */
  readonly discriminator: ({ readonly inChannels: number; readonly ndf: number; readonly layers: number } & DiscriminatorVariant) | null;
}

/** The part of a saved architecture in which its networks may differ from the paper's: all but size and widths. */
export function variantsOf({ generator, discriminator }: CheckpointArchitecture): {
  generator: GeneratorVariant & GeneratorChannels;
  discriminator: DiscriminatorVariant & { readonly layers?: number };
} {
  const { size: _size, ngf: _ngf, ...ofGenerator } = generator;
  if (!discriminator) return { generator: ofGenerator, discriminator: {} };
  const { inChannels: _judged, ndf: _ndf, ...ofDiscriminator } = discriminator;
  return { generator: ofGenerator, discriminator: ofDiscriminator };
}

/** Values that a checkpoint means when it leaves an option out. Saved files rely on them, so they never change. */
const GENERATOR_DEFAULTS: Required<GeneratorVariant> = {
  norm: 'batch',
  bias: 'ends',
  epsilon: 1e-5,
  slope: 0.2,
  innermostNorm: false,
  skip: 'relu',
  dropoutBlocks: 'innermost',
};
const DISCRIMINATOR_DEFAULTS: Required<DiscriminatorVariant> = { norm: 'batch', bias: 'ends', epsilon: 1e-5, slope: 0.2 };

/** All of a checkpoint but its tensors; JSON in the file's metadata. */
export interface TrainingCheckpoint extends TrainingProgress {
  /** What kind of file it is. */
  readonly format: typeof CHECKPOINT_FORMAT;
  /** The version of that kind. */
  readonly formatVersion: typeof CHECKPOINT_FORMAT_VERSION;
  /** The version of shadegrad that wrote it. */
  readonly libraryVersion: string;
  /** The options of both networks. */
  readonly architecture: CheckpointArchitecture;
  /** Steps that the generator's Adam has taken; 0 in a checkpoint of the generator alone. */
  readonly generatorSteps: number;
  /** Steps that the discriminator's Adam has taken; 0 in a checkpoint of the generator alone. */
  readonly discriminatorSteps: number;
  /**
   * Steps of the generator's parameters that have taken fewer, by name in the network: those that were frozen for a while. Absent when
   * all have taken as many, so that such files are as they were before parameters counted for themselves.
   */
  readonly generatorStepCounts?: StepCounts;
  /** Steps of the discriminator's parameters that have taken fewer, by name in the network; absent when all have taken as many. */
  readonly discriminatorStepCounts?: StepCounts;
}

/** Networks whose options tell what they are, on a device or not. */
export interface Networks {
  readonly generator: Pick<UNet, 'options'>;
  readonly discriminator?: Pick<PatchGAN, 'options'>;
}

/**
 * What it takes to build these networks anew. Writes only options that differ from the defaults, so files of default
 * networks stay byte-identical to those of older versions.
 */
export function architectureOf({ generator, discriminator }: Networks): CheckpointArchitecture {
  const { size, inChannels, outChannels, ngf, ...variant } = generator.options;
  const described = { size, inChannels, outChannels, ngf, ...differing(variant, GENERATOR_DEFAULTS) };
  if (!discriminator) return { generator: described, discriminator: null };
  const { inChannels: judged, ndf, layers, ...other } = discriminator.options;
  return { generator: described, discriminator: { inChannels: judged, ndf, layers, ...differing(other, DISCRIMINATOR_DEFAULTS) } };
}

/** The architecture with every option named. */
export function completeArchitecture({ generator, discriminator }: CheckpointArchitecture): CheckpointArchitecture {
  return {
    generator: { ...GENERATOR_DEFAULTS, ...generator },
    discriminator: discriminator && { ...DISCRIMINATOR_DEFAULTS, ...discriminator },
  };
}

function differing<T extends object>(values: T, defaults: T): Partial<T> {
  const names = Object.keys(defaults) as (keyof T)[];
  return Object.fromEntries(names.filter((name) => values[name] !== defaults[name]).map((name) => [name, values[name]])) as Partial<T>;
}

export function describeCheckpoint(
  target: CheckpointTarget,
  { options, step, epoch, adapter, choices }: TrainingProgress,
): TrainingCheckpoint {
  const training = isTraining(target) ? target : null;
  return {
    format: CHECKPOINT_FORMAT,
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    libraryVersion: LIBRARY_VERSION,
    architecture: architectureOf(target),
    options,
    step,
    epoch,
    adapter,
    ...(choices && { choices }),
    ...describeSteps('generator', training?.generatorOptimizer),
    ...describeSteps('discriminator', training?.discriminatorOptimizer),
  };
}

type Role = 'generator' | 'discriminator';
type Steps = Pick<TrainingCheckpoint, `${Role}Steps` | `${Role}StepCounts`>;

/** An optimiser's part of the description; of none, no steps. */
function describeSteps<R extends Role>(role: R, optimizer: Adam | undefined): Pick<Steps, `${R}Steps` | `${R}StepCounts`> {
  const steps = optimizer?.stepCount ?? 0;
  const counts = optimizer && exceptionalCounts(optimizer.stepCounts(), steps);
  return { [`${role}Steps`]: steps, ...(counts && { [`${role}StepCounts`]: counts }) } as Pick<Steps, `${R}Steps` | `${R}StepCounts`>;
}

/**
 * Reads what describeCheckpoint() made, after JSON.
 *
 * @param json undefined for a file that has none
 * @param label names the file in errors
 * @throws CHECKPOINT_VERSION, CHECKPOINT_CORRUPT
 */
export function parseCheckpointInfo(json: string | undefined, label: string): TrainingCheckpoint {
  const info = parseObject(json);
  if (info?.format !== CHECKPOINT_FORMAT) {
    throw new ShadegradError('CHECKPOINT_CORRUPT', `${label} is no checkpoint of shadegrad`, {
      expected: `a safetensors file whose metadata says "${CHECKPOINT_FORMAT}"`,
      received:
        json === undefined
          ? 'a safetensors file of another program'
          : `metadata that says ${JSON.stringify(info?.format) ?? 'nothing of the kind'}`,
      fix: 'choose a file that a training run of shadegrad saved',
    });
  }
  if (info.formatVersion !== CHECKPOINT_FORMAT_VERSION) {
    throw new ShadegradError('CHECKPOINT_VERSION', `${label} is of another version`, {
      expected: `format version ${CHECKPOINT_FORMAT_VERSION} (this is shadegrad ${LIBRARY_VERSION})`,
      received: `format version ${JSON.stringify(info.formatVersion)} (written by shadegrad ${String(info.libraryVersion)})`,
      fix: 'update shadegrad to the version that wrote it or a later one, or train anew',
    });
  }
  const wrong = wrongField(info);
  if (wrong !== undefined) {
    throw new ShadegradError('CHECKPOINT_CORRUPT', `${label}: the description of the run is damaged`, {
      expected: `a valid "${wrong}"`,
      received: JSON.stringify(info[wrong])?.slice(0, 80) ?? 'nothing',
      fix: 'use an earlier checkpoint',
    });
  }
  return info as unknown as TrainingCheckpoint;
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(json: string | undefined): Json | null {
  try {
    const value: unknown = JSON.parse(json ?? 'null');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const isPrimitive = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value);
const hasCounts = (value: unknown, ...names: string[]): boolean => isObject(value) && names.every((name) => isCount(value[name]));

const isOneOf =
  (...choices: unknown[]) =>
  (value: unknown): boolean =>
    choices.includes(value);
const isWithin =
  (low: number, high: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && value >= low && value <= high;

const VARIANT_FIELDS: Record<keyof GeneratorVariant, (value: unknown) => boolean> = {
  norm: isOneOf('batch', 'instance', 'none'),
  bias: isOneOf('ends', 'everywhere'),
  epsilon: isWithin(Number.MIN_VALUE, Number.MAX_VALUE),
  slope: isWithin(0, 1),
  innermostNorm: isOneOf(true, false),
  skip: isOneOf('relu', 'leaky'),
  dropoutBlocks: isOneOf('innermost', 'middle'),
};
const hasVariant = (value: unknown): boolean =>
  Object.entries(VARIANT_FIELDS).every(([name, isValid]) => !isObject(value) || value[name] === undefined || isValid(value[name]));

const isStepCounts = (value: unknown): boolean => value === undefined || (isObject(value) && Object.values(value).every(isCount));

const FIELDS: Record<Exclude<keyof TrainingCheckpoint, 'format' | 'formatVersion'>, (value: unknown) => boolean> = {
  libraryVersion: isText,
  adapter: isText,
  choices: (value) => value === undefined || isChoiceTable(value),
  step: isCount,
  epoch: isCount,
  generatorSteps: isCount,
  discriminatorSteps: isCount,
  generatorStepCounts: isStepCounts,
  discriminatorStepCounts: isStepCounts,
  options: (value) => isObject(value) && Object.values(value).every(isPrimitive),
  architecture: (value) =>
    isObject(value) &&
    hasCounts(value.generator, 'size', 'inChannels', 'outChannels', 'ngf') &&
    hasVariant(value.generator) &&
    (value.discriminator === null || (hasCounts(value.discriminator, 'inChannels', 'ndf', 'layers') && hasVariant(value.discriminator))),
};

function wrongField(info: Json): string | undefined {
  return Object.entries(FIELDS).find(([name, isValid]) => !isValid(info[name]))?.[0];
}
