import type { SafetensorsTensor } from '../formats/safetensors.js';
import { ShadegradError } from '../errors.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { architectureOf, buildNetwork } from '../models/registry.js';
import { trainedBy, type CheckpointOptions, type TrainingCheckpoint } from './checkpoint-info.js';
import { isTraining, type CheckpointTarget, type CheckpointTensor } from './checkpoint-tensors.js';
import { strangeNames } from './step-counts.js';

/** What a checkpoint must be for a run to go on from it. */
export interface CheckpointExpectations {
  /** Options that the run must have been started with, to the letter. Options that are not named here may be anything. */
  readonly options?: CheckpointOptions;
}

interface Fit {
  /** Names the file in errors. */
  readonly label: string;
  readonly info: TrainingCheckpoint;
  /** What the file has for this target. */
  readonly tensors: readonly SafetensorsTensor[];
  readonly target: CheckpointTarget;
  /** What the target needs. */
  readonly wanted: readonly CheckpointTensor[];
  readonly expectations: CheckpointExpectations;
}

interface Difference {
  readonly what: string;
  readonly expected: unknown;
  readonly received: unknown;
}

/** Tensors named in one message: the first ones tell what kind of difference it is. */
const NAMED_TENSORS = 3;

/** @throws CHECKPOINT_MISMATCH with everything that keeps this checkpoint from being restored into this target */
export function checkFits({ label, info, tensors, target, wanted, expectations }: Fit): void {
  if (isTraining(target) && Object.keys(info.optimizers).length === 0) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `${label} cannot be trained on`, {
      expected: 'a checkpoint of a training run: all networks and their optimisers',
      received: `${Object.keys(info.networks).join(' and ')} alone, without optimisers`,
      fix: 'resume from the checkpoint that the training run keeps',
    });
  }
  const differences = [...architectureDifferences(info, target), ...optionDifferences(info, expectations)];
  if (differences.length > 0) {
    const list = (side: 'expected' | 'received') => differences.map((each) => `${each.what} ${String(each[side] ?? 'not set')}`).join(', ');
    throw new ShadegradError('CHECKPOINT_MISMATCH', `${label} is of another run`, {
      expected: list('expected'),
      received: list('received'),
      fix: 'use the options of the run that saved it, or start a new run in another folder',
    });
  }
  const different = [...tensorDifferences(tensors, wanted), ...countDifferences(info, target)];
  if (different.length > 0) {
    const rest = different.length - NAMED_TENSORS;
    throw new ShadegradError('CHECKPOINT_MISMATCH', `${label} holds other tensors than this network has`, {
      expected: `${wanted.length} tensors of this network's names and shapes`,
      received: different.slice(0, NAMED_TENSORS).join('; ') + (rest > 0 ? `; and ${rest} more differences` : ''),
      fix: 'open it with the version of shadegrad that saved it, or start a new run in another folder',
    });
  }
}

function* compare(prefix: string, expected: object, received: object): Generator<Difference> {
  const theirs = new Map<string, unknown>(Object.entries(received));
  for (const [name, value] of Object.entries(expected)) {
    if (theirs.get(name) !== value) yield { what: prefix + name, expected: value, received: theirs.get(name) };
  }
}

function* architectureDifferences(info: TrainingCheckpoint, target: CheckpointTarget): Generator<Difference> {
  if (isTraining(target) && target.scheme && info.scheme !== null && info.scheme !== target.scheme.name) {
    yield { what: 'scheme', expected: target.scheme.name, received: info.scheme };
  }
  for (const [name, network] of Object.entries(target.networks)) {
    const theirs = info.networks[name];
    if (theirs) yield* networkDifferences(`the ${name}'s `, architectureOf(network), theirs);
    else yield { what: 'network', expected: name, received: Object.keys(info.networks).join(' and ') };
  }
}

/** Options of a network that a run may go on with another value of. */
const MAY_CHANGE: ReadonlySet<string> = new Set(['dropout']);

function* networkDifferences(prefix: string, ours: NetworkArchitecture, theirs: NetworkArchitecture): Generator<Difference> {
  if (ours.kind !== theirs.kind) {
    yield { what: `${prefix}kind`, expected: ours.kind, received: theirs.kind };
    return;
  }
  const options = Object.entries(ours.options).filter(([name]) => !MAY_CHANGE.has(name));
  // A checkpoint from before an option is of its default.
  yield* compare(prefix, Object.fromEntries(options), completed(theirs));
}

/** With the default of every option that was left out; what no network has is compared as it is. */
function completed(architecture: NetworkArchitecture): object {
  try {
    return buildNetwork(architecture).options;
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    return architecture.options;
  }
}

function optionDifferences({ options }: TrainingCheckpoint, expectations: CheckpointExpectations): Iterable<Difference> {
  return compare('option ', expectations.options ?? {}, options);
}

function countDifferences(info: TrainingCheckpoint, { networks, optimizers = {} }: CheckpointTarget): string[] {
  return Object.entries(optimizers).flatMap(([name, optimizer]) => {
    const progress = info.optimizers[name];
    if (!progress) return [`the steps of "${name}" are missing`];
    const trained = trainedBy(name, optimizer, networks);
    if (progress.network !== trained) return [`"${name}" trains "${progress.network.slice(0, 80)}" where "${trained}" is needed`];
    return strangeNames(optimizer, progress).map((each) => `the steps of "${each.slice(0, 80)}" have no place`);
  });
}

function tensorDifferences(tensors: readonly SafetensorsTensor[], wanted: readonly CheckpointTensor[]): string[] {
  const present = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const known = new Set(wanted.map(({ name }) => name));
  const differences: string[] = [];
  for (const { name, shape } of wanted) {
    const tensor = present.get(name);
    if (!tensor) differences.push(`"${name}" is missing`);
    else if (tensor.dtype !== 'F32' || !sameShape(tensor.shape, shape)) {
      differences.push(`"${name}" is ${tensor.dtype} ${formatShape(tensor.shape)} where F32 ${formatShape(shape)} is needed`);
    }
  }
  for (const { name } of tensors) if (!known.has(name)) differences.push(`"${name}" has no place`);
  return differences;
}
