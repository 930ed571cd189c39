import { promises as nodeFiles } from 'node:fs';
import type { ByteSource } from '../../formats/byte-source.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError, type ErrorCode } from '../../errors.js';
import { MOST_BYTES } from './atomic.js';

/** What a file is to its reader, for errors. */
export interface FileRole {
  /** Such as "checkpoint". */
  readonly what: string;
  /** Where such files come from. */
  readonly advice: string;
  /** Of a file that becomes shorter while it is read. */
  readonly damaged: ErrorCode;
}

export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

/** @throws DATA_NOT_FOUND, DATA_UNREADABLE */
export async function openFileSource(path: string, role: FileRole): Promise<FileSource> {
  const fail = (cause: unknown): never => {
    throw unreadable(path, cause, role);
  };
  // Asked before opening: to open a pipe is to wait for whoever writes to it.
  const kind = await nodeFiles.stat(path).catch(fail);
  if (!kind.isFile()) fail(Object.assign(new Error('no file'), { code: 'EISDIR' }));
  const handle = await nodeFiles.open(path, 'r').catch(fail);
  const { size } = await handle.stat();
  return { name: path, size, read: (start, target) => readFully(handle, path, start, target, role), close: () => handle.close() };
}

async function readFully(handle: nodeFiles.FileHandle, path: string, start: number, target: Uint8Array, role: FileRole): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await handle
      .read(target, filled, Math.min(target.length - filled, MOST_BYTES), start + filled)
      .catch((cause: unknown) => {
        throw unreadable(path, cause, role);
      });
    if (bytesRead === 0) {
      throw new ShadegradError(role.damaged, `${path}: the file became shorter while it was read`, {
        expected: `${target.length} bytes from byte ${start}`,
        received: `${filled} bytes`,
        fix: 'let no other program write to it, and try again',
      });
    }
    filled += bytesRead;
  }
}

function unreadable(path: string, cause: unknown, { what, advice }: FileRole): ShadegradError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ShadegradError('DATA_NOT_FOUND', `There is no ${what} ${printableName(path)}`, { fix: `check the path; ${advice}`, cause });
  }
  const folder = code === 'EISDIR';
  return new ShadegradError('DATA_UNREADABLE', `Could not read ${printableName(path)}`, {
    expected: `a ${what} file`,
    received: folder ? 'a folder, or something else that is no file' : `${code} from the file system`,
    fix: folder ? `name the ${what} file itself` : 'check the permissions of the file and its folders',
    cause,
  });
}
