import { createHash } from 'node:crypto';
import { promises as nodeFiles } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { printableName } from '../formats/names.js';
import { ShadegradError } from '../gpu/errors.js';

/** The calls of `node:fs/promises` that writing needs; a test passes its own to make them fail. */
export type FileSystem = Pick<typeof nodeFiles, 'open' | 'rename' | 'rm' | 'mkdir' | 'readdir'>;

export interface AtomicWriter {
  /** Append bytes. */
  write(chunk: Uint8Array): Promise<void>;
  /** Flush to the disk and put the file in its place; only now do readers see it. */
  commit(): Promise<void>;
  /** Throw everything away; the file that was there before stays. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Node ends the process when one call is to read or write 2 GiB. */
export const MOST_BYTES = 2 ** 30;

let writersOpened = 0;

const ADVICE: Record<string, string> = {
  ENOSPC: 'The disk is full: free some space, or choose another folder.',
  EDQUOT: 'Your disk quota is used up: free some space, or choose another folder.',
  EFBIG: 'The file is larger than this system lets one be: choose another folder or raise the limit.',
  EACCES: 'You may not write there: choose another folder, or change its permissions.',
  EPERM: 'You may not write there: choose another folder, or change its permissions.',
  EROFS: 'That disk is read-only: choose another folder.',
  ENOTDIR: 'A part of the path is a file, not a folder: choose another path.',
  EEXIST: 'A part of the path is a file, not a folder: choose another path.',
  EISDIR: 'There is a folder of that name: choose another file name.',
  ENAMETOOLONG: 'The file system takes no names that long: choose a shorter one.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
};

/** Wrap what the file system said; `path` is the file the user asked for, never the temporary one. */
export function writeFailed(path: string, cause: unknown): ShadegradError {
  if (cause instanceof ShadegradError) return cause;
  const code = (cause as NodeJS.ErrnoException)?.code ?? '';
  return new ShadegradError('WRITE_FAILED', `Could not write ${printableName(path)}`, {
    received: code === '' ? String(cause) : `${code} from the file system`,
    fix: ADVICE[code] ?? 'Check that the folder exists and can be written to.',
    cause,
  });
}

/** Make a folder and those above it. Throws WRITE_FAILED. */
export async function makeFolder(path: string, files: FileSystem = nodeFiles): Promise<void> {
  try {
    await files.mkdir(path, { recursive: true });
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}

/** A name beside `path` for what is not finished, which says who is at work on it. */
export function partialPath(path: string): string {
  return join(dirname(path), `${partialPrefix(path)}${process.pid}-${writersOpened++}.partial`);
}

const partialPrefix = (path: string) => `.${shortName(basename(path))}.${hostname()}-`;

/** File systems take names of 255 bytes, and a temporary one is longer than the name that it stands for. */
const shortName = (name: string) => (Buffer.byteLength(name) <= 150 ? name : createHash('sha256').update(name).digest('hex').slice(0, 16));

function processIsGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Remove what killed processes on this machine left of the same file or folder: a checkpoint is hundreds of megabytes. */
export async function removeStale(path: string, files: FileSystem = nodeFiles): Promise<void> {
  const folder = dirname(path);
  const prefix = partialPrefix(path);
  for (const name of await files.readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.partial')) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid > 0 && processIsGone(pid)) await files.rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Start a file that appears under `path` whole or not at all: bytes go to a temporary name in the same folder (made if
 * missing); `commit` flushes, renames, and flushes the folder. Every failure removes the temporary file and throws
 * WRITE_FAILED with the path and what to do.
 */
export async function atomicWriter(path: string, files: FileSystem = nodeFiles): Promise<AtomicWriter> {
  const folder = dirname(path);
  await makeFolder(folder, files);
  const temporary = partialPath(path);
  let handle: Awaited<ReturnType<FileSystem['open']>>;
  try {
    await removeStale(path, files);
    handle = await files.open(temporary, 'wx');
  } catch (cause) {
    throw writeFailed(path, cause);
  }
  let state: 'open' | 'closed' = 'open';

  const discard = async () => {
    state = 'closed';
    await handle.close().catch(() => undefined);
    await files.rm(temporary, { force: true }).catch(() => undefined);
  };
  const attempt = async (work: () => Promise<void>) => {
    if (state !== 'open') {
      throw new ShadegradError('WRITE_FAILED', `Could not write ${path}`, { received: 'the writer is already closed' });
    }
    try {
      await work();
    } catch (cause) {
      await discard();
      throw writeFailed(path, cause);
    }
  };

  return {
    write: (chunk) => attempt(async () => {
      let written = 0;
      while (written < chunk.length) {
        written += (await handle.write(chunk, written, Math.min(chunk.length - written, MOST_BYTES))).bytesWritten;
      }
    }),
    commit: () => attempt(async () => {
      await handle.sync();
      await handle.close();
      await files.rename(temporary, path);
      state = 'closed';
      await syncFolder(folder, files);
    }),
    abort: async () => {
      if (state === 'open') await discard();
    },
  };
}

/** Without this a power cut may undo the rename. Windows and some network disks cannot; the file is in place anyway. */
async function syncFolder(folder: string, files: FileSystem): Promise<void> {
  try {
    const handle = await files.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    return;
  }
}

/** Files that belong together: all are on the disk before the first appears under its name, in this order. */
export async function writeFilesAtomic(contents: readonly (readonly [path: string, content: AsyncIterable<Uint8Array>])[], files: FileSystem = nodeFiles): Promise<void> {
  const writers: AtomicWriter[] = [];
  try {
    for (const [path, content] of contents) {
      const writer = await atomicWriter(path, files);
      writers.push(writer);
      for await (const chunk of content) await writer.write(chunk);
    }
    for (const writer of writers) await writer.commit();
  } finally {
    for (const writer of writers) await writer.abort();
  }
}

/** Write a whole file, or nothing. See `atomicWriter` for the errors; those of `content` itself pass through. */
export async function writeFileAtomic(
  path: string, content: string | Uint8Array | AsyncIterable<Uint8Array>, files: FileSystem = nodeFiles,
): Promise<void> {
  const writer = await atomicWriter(path, files);
  try {
    if (typeof content === 'string') await writer.write(new TextEncoder().encode(content));
    else if (content instanceof Uint8Array) await writer.write(content);
    else for await (const chunk of content) await writer.write(chunk);
    await writer.commit();
  } finally {
    await writer.abort();
  }
}
