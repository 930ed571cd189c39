import { promises as nodeFiles } from 'node:fs';
import { ShadegradError } from '../gpu/errors.js';
import type { CheckpointExpectations } from '../training/checkpoint-fit.js';
import type { TrainingCheckpoint, TrainingProgress } from '../training/checkpoint-info.js';
import type { CheckpointTarget } from '../training/checkpoint-tensors.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint, type ByteSource } from '../training/checkpoint.js';
import { writeFileAtomic, type FileSystem } from './files.js';

export interface SaveCheckpointOptions {
  /** Leave out the discriminator and the optimisers, for a file to translate with (218 of 686 MB at full size). Default false. */
  generatorOnly?: boolean;
  files?: FileSystem;
}

/**
 * Saves a checkpoint under `path` whole or not at all: until the new one is on the disk, the old one stays. Takes a
 * few times 32 MB of memory. No step may run until the promise resolves.
 *
 * @throws WRITE_FAILED (a full disk, no permission), DEVICE_LOST
 */
export async function saveCheckpoint(
  path: string, target: CheckpointTarget, progress: TrainingProgress, { generatorOnly = false, files }: SaveCheckpointOptions = {},
): Promise<void> {
  const saved = generatorOnly ? { generator: target.generator } : target;
  await writeFileAtomic(path, encodeCheckpoint(saved, progress), files);
}

/**
 * What a checkpoint says of itself, without its tensors.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, CHECKPOINT_CORRUPT, CHECKPOINT_VERSION
 */
export function readCheckpointInfo(path: string): Promise<TrainingCheckpoint> {
  return withFile(path, readCheckpointHeader);
}

/**
 * Puts a checkpoint's state into networks of the same architecture that are on a device; see restoreCheckpoint().
 *
 * @param target a training run, or `{ generator }` to translate with
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, CHECKPOINT_CORRUPT, CHECKPOINT_VERSION, CHECKPOINT_MISMATCH
 */
export function loadCheckpoint(path: string, target: CheckpointTarget, expectations: CheckpointExpectations = {}): Promise<TrainingCheckpoint> {
  return withFile(path, (source) => restoreCheckpoint(source, target, expectations));
}

async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const fail = (cause: unknown): never => {
    throw unreadable(path, cause);
  };
  // Asked before opening: to open a pipe is to wait for whoever writes to it.
  const kind = await nodeFiles.stat(path).catch(fail);
  if (!kind.isFile()) fail(Object.assign(new Error('no file'), { code: 'EISDIR' }));
  const handle = await nodeFiles.open(path, 'r').catch(fail);
  try {
    const { size } = await handle.stat();
    return await use({ name: path, size, read: (start, target) => readFully(handle, path, start, target) });
  } finally {
    await handle.close();
  }
}

async function readFully(handle: nodeFiles.FileHandle, path: string, start: number, target: Uint8Array): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, start + filled).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    if (bytesRead === 0) {
      throw new ShadegradError('CHECKPOINT_CORRUPT', `${path}: the file became shorter while it was read`, {
        expected: `${target.length} bytes from byte ${start}`,
        received: `${filled} bytes`,
        fix: 'let no other program write to it, and try again',
      });
    }
    filled += bytesRead;
  }
}

function unreadable(path: string, cause: unknown): ShadegradError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ShadegradError('DATA_NOT_FOUND', `There is no checkpoint ${path}`, { fix: 'Check the path; training writes it to its output folder.', cause });
  }
  const folder = code === 'EISDIR';
  return new ShadegradError('DATA_UNREADABLE', `Could not read ${path}`, {
    expected: 'a checkpoint file',
    received: folder ? 'a folder, or something else that is no file' : `${code} from the file system`,
    fix: folder ? 'Name the checkpoint file itself.' : 'Check the permissions of the file and its folders.',
    cause,
  });
}
