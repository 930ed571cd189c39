import { isVariantTable, type VariantTable } from '../gpu/kernel-variants.js';
import { ShadegradError } from '../errors.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { architectureOf } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import { LIBRARY_VERSION } from '../version.js';
import { FIRST_FORMAT, isFirstCheckpoint, upgradeFirst } from './first-checkpoints.js';
import { isArchitecture, isCount, isObject, isPrimitive, isStepCounts, type Json } from './checkpoint-json.js';
import type { CheckpointTarget } from './checkpoint-tensors.js';
import type { OptionValue } from './option-table.js';
import { savedSteps, type SavedSteps } from './step-counts.js';

export const CHECKPOINT_FORMAT = 'shadegrad-training';
export const CHECKPOINT_FORMAT_VERSION = 2;

/** What files of checkpoints say that they are: those of today, and those of the first version. */
export const CHECKPOINT_FORMATS: readonly (string | null)[] = [CHECKPOINT_FORMAT, FIRST_FORMAT];

/** The options of a run by name, such as size, seed or lambda. */
export type CheckpointOptions = Readonly<Record<string, OptionValue>>;

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
  readonly choices?: VariantTable;
}

/** What an optimiser trains, and how many steps it has taken. */
export interface OptimizerProgress extends SavedSteps {
  /** The name of the network that it trains. */
  readonly network: string;
}

/** All of a checkpoint but its tensors; JSON in the file's metadata. */
export interface TrainingCheckpoint extends TrainingProgress {
  /** What kind of file it is. */
  readonly format: typeof CHECKPOINT_FORMAT;
  /** The version of that kind. */
  readonly formatVersion: typeof CHECKPOINT_FORMAT_VERSION;
  /** The version of shadegrad that wrote it. */
  readonly libraryVersion: string;
  /** The name of the scheme that the run trains by; null where the file does not say. */
  readonly scheme: string | null;
  /** The networks by name: what builds each of them anew. Older files may leave out how much is dropped. */
  readonly networks: Readonly<Record<string, NetworkArchitecture>>;
  /** The optimisers by name; none in a file of networks alone. */
  readonly optimizers: Readonly<Record<string, OptimizerProgress>>;
}

/**
 * The description of a checkpoint.
 *
 * @param leftOut of each optimiser what its leftOutCounts() are; none where it is left out
 */
export function describeCheckpoint(
  { scheme, networks, optimizers = {} }: CheckpointTarget,
  { options, step, epoch, adapter, choices }: TrainingProgress,
  leftOut: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(),
): TrainingCheckpoint {
  const info: TrainingCheckpoint = {
    format: CHECKPOINT_FORMAT,
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    libraryVersion: LIBRARY_VERSION,
    scheme: scheme?.name ?? null,
    networks: Object.fromEntries(Object.entries(networks).map(([name, network]) => [name, architectureOf(network)])),
    optimizers: Object.fromEntries(
      Object.entries(optimizers).map(([name, optimizer]) => {
        const steps = savedSteps(optimizer, leftOut.get(name) ?? new Map());
        return [name, { network: trainedBy(name, optimizer, networks), ...steps }];
      }),
    ),
    options,
    step,
    epoch,
    adapter,
    ...(choices && { choices }),
  };
  // What could not be read again must not take the place of what can.
  const wrong = wrongField(info as unknown as Json);
  if (wrong === undefined) return info;
  const given = JSON.stringify(info[wrong as keyof TrainingCheckpoint]);
  throw new ShadegradError('INVALID_ARGUMENT', 'progress of a checkpoint', {
    expected: `{ options, step, epoch, adapter } with a valid "${wrong}": names and plain values, whole numbers, a text`,
    received: given?.slice(0, 80) ?? 'nothing',
    fix: 'pass all four: { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: gpu.adapter.description }',
  });
}

/** The network that an optimiser trains. @throws INVALID_ARGUMENT for an optimiser of something else than one of the networks */
export function trainedBy(name: string, optimizer: Optimizer, networks: CheckpointTarget['networks']): string {
  const found = Object.entries(networks).find(([, network]) => {
    const parameters = [...network.parameters()];
    return parameters.length > 0 && parameters.every((parameter) => optimizer.trains(parameter));
  });
  if (found) return found[0];
  throw new ShadegradError('INVALID_ARGUMENT', `what ${name} of a checkpoint trains`, {
    expected: `all parameters of one of the networks ${Object.keys(networks).join(', ')}`,
    received: 'other tensors',
    fix: 'make the optimiser for one of the networks, as in new Adam(network)',
  });
}

/**
 * Reads what describeCheckpoint() made, after JSON; of an older version too.
 *
 * @param json undefined for a file that has none
 * @param label names the file in errors
 * @throws CHECKPOINT_VERSION, CHECKPOINT_CORRUPT
 */
export function parseCheckpointInfo(json: string | undefined, label: string): TrainingCheckpoint {
  const info = parseObject(json);
  if (!info || !CHECKPOINT_FORMATS.includes(info.format as string)) {
    throw new ShadegradError('CHECKPOINT_CORRUPT', `${label} is no checkpoint of shadegrad`, {
      expected: `a safetensors file whose metadata says "${CHECKPOINT_FORMAT}"`,
      received:
        json === undefined
          ? 'a safetensors file of another program'
          : `metadata that says ${JSON.stringify(info?.format) ?? 'nothing of the kind'}`,
      fix: 'choose a file that a training run of shadegrad saved',
    });
  }
  const first = isFirstCheckpoint(info);
  if (!first && (info.format !== CHECKPOINT_FORMAT || info.formatVersion !== CHECKPOINT_FORMAT_VERSION)) {
    throw new ShadegradError('CHECKPOINT_VERSION', `${label} is of another version`, {
      expected: `format version ${CHECKPOINT_FORMAT_VERSION} or 1 (this is shadegrad ${LIBRARY_VERSION})`,
      received: `format version ${JSON.stringify(info.formatVersion)} (written by shadegrad ${String(info.libraryVersion)})`,
      fix: 'update shadegrad to the version that wrote it or a later one, or train anew',
    });
  }
  const upgraded = first ? upgradeFirst(info) : info;
  const wrong = 'wrong' in upgraded ? (upgraded.wrong as string) : wrongField(upgraded);
  if (wrong !== undefined) {
    throw new ShadegradError('CHECKPOINT_CORRUPT', `${label}: the description of the run is damaged`, {
      expected: `a valid "${wrong}"`,
      received: JSON.stringify(info[wrong])?.slice(0, 80) ?? 'nothing',
      fix: 'use an earlier checkpoint',
    });
  }
  return { ...upgraded, format: CHECKPOINT_FORMAT, formatVersion: CHECKPOINT_FORMAT_VERSION } as unknown as TrainingCheckpoint;
}

function parseObject(json: string | undefined): Json | null {
  try {
    const value: unknown = JSON.parse(json ?? 'null');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isOptimizer = (value: unknown): boolean =>
  isObject(value) && isText(value.network) && isCount(value.steps) && isStepCounts(value.stepCounts) && isStepCounts(value.leftOut);

const FIELDS: Record<Exclude<keyof TrainingCheckpoint, 'format' | 'formatVersion'>, (value: unknown) => boolean> = {
  libraryVersion: isText,
  adapter: isText,
  choices: (value) => value === undefined || isVariantTable(value),
  step: isCount,
  epoch: isCount,
  scheme: (value) => value === null || isText(value),
  options: (value) => isObject(value) && Object.values(value).every(isPrimitive),
  networks: (value) => isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isArchitecture),
  optimizers: (value) => isObject(value) && Object.values(value).every(isOptimizer),
};

function wrongField(info: Json): string | undefined {
  return Object.entries(FIELDS).find(([name, isValid]) => !isValid(info[name]))?.[0];
}
