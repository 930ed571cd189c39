import type { ByteSource } from '../../formats/byte-source.js';
import { openSafetensors } from '../../formats/safetensors-file.js';
import type { WeightFile } from '../../formats/weight-file.js';
import type { CheckpointExpectations } from '../../training/checkpoint-fit.js';
import type { TrainingCheckpoint, TrainingProgress } from '../../training/checkpoint-info.js';
import type { CheckpointTarget } from '../../training/checkpoint-tensors.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from '../../training/checkpoint.js';
import { ShadegradError } from '../../errors.js';
import { openFileSource, type FileRole } from '../files/source.js';
import { writeFileAtomic, type FileSystem } from '../files/atomic.js';

/** Options of saveCheckpoint(): what of a run is saved. */
export interface SaveCheckpointOptions {
  /**
   * Names of the networks to save alone, without optimisers: of pix2pix `['generator']` makes a file to translate with (218 of 686 MB at
   * full size). Default: everything.
   */
  only?: readonly string[];
  /** The calls that the file is written with. Default: those of Node. */
  files?: FileSystem;
}

/**
 * Saves a checkpoint under `path` whole or not at all: until the new one is on the disk, the old one stays. Takes a
 * few times 32 MB of memory. No step may run until the promise resolves.
 *
 * @throws WRITE_FAILED (a full disk, no permission), DEVICE_LOST, DIVERGED (numbers that are not finite)
 */
export async function saveCheckpoint(
  path: string,
  target: CheckpointTarget,
  progress: TrainingProgress,
  { only, files }: SaveCheckpointOptions = {},
): Promise<void> {
  await writeFileAtomic(path, encodeCheckpoint(only ? networksAlone(target, only) : target, progress), files);
}

/** @throws INVALID_ARGUMENT for a name that no network has */
function networksAlone({ scheme, networks }: CheckpointTarget, names: readonly string[]): CheckpointTarget {
  const strange = names.find((name) => !Object.hasOwn(networks, name));
  if (strange === undefined && names.length > 0) {
    return { ...(scheme && { scheme }), networks: Object.fromEntries(names.map((name) => [name, networks[name]!])) };
  }
  throw new ShadegradError('INVALID_ARGUMENT', 'networks to save alone', {
    expected: `one or more of ${Object.keys(networks).join(', ')}`,
    received: strange ?? 'none',
    fix: 'name networks of the run, or leave `only` out to save everything',
  });
}

/**
 * Reads what a checkpoint says of itself, without its tensors.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, CHECKPOINT_CORRUPT, CHECKPOINT_VERSION
 */
export function readCheckpointInfo(path: string): Promise<TrainingCheckpoint> {
  return withFile(path, readCheckpointHeader);
}

/**
 * Puts a checkpoint's state into networks of the same architecture that are on a device, as restoreCheckpoint() does.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, CHECKPOINT_CORRUPT, CHECKPOINT_VERSION, CHECKPOINT_MISMATCH
 */
export function loadCheckpoint(
  path: string,
  target: CheckpointTarget,
  expectations: CheckpointExpectations = {},
): Promise<TrainingCheckpoint> {
  return withFile(path, (source) => restoreCheckpoint(source, target, expectations));
}

/** A checkpoint that is open: what it says of itself and its tensors are of one file, whatever is put in its place meanwhile. */
export interface OpenCheckpoint {
  /** What it says of itself. */
  readonly info: TrainingCheckpoint;
  /** Puts its state into networks that are on a device, as loadCheckpoint() does. */
  load(target: CheckpointTarget): Promise<TrainingCheckpoint>;
  /** What it holds, as any other file of weights. It can be read until the checkpoint is closed. */
  weights(): Promise<WeightFile>;
  close(): Promise<void>;
}

/**
 * Opens a checkpoint of a run that may be going on.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, CHECKPOINT_CORRUPT, CHECKPOINT_VERSION; nothing is left open then
 */
export async function openCheckpoint(path: string): Promise<OpenCheckpoint> {
  const source = await openFileSource(path, ROLE);
  try {
    const info = await readCheckpointHeader(source);
    return {
      info,
      load: (target) => restoreCheckpoint(source, target, {}),
      weights: () => openSafetensors(source),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

const ROLE: FileRole = { what: 'checkpoint', advice: 'training writes it to its output folder', damaged: 'CHECKPOINT_CORRUPT' };

async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openFileSource(path, ROLE);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}
