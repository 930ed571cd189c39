import { createHash } from 'node:crypto';
import { promises as nodeFiles } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { begun, finished } from './unfinished.js';

/** The calls of `node:fs/promises` that files are written with, which tests replace. */
export type FileSystem = Pick<typeof nodeFiles, 'open' | 'rename' | 'rm' | 'mkdir' | 'readdir' | 'lstat' | 'stat' | 'link' | 'copyFile'>;

/** A file that is being written, made by atomicWriter(): it appears under its name whole or not at all. */
export interface AtomicWriter {
  /** Appends bytes. */
  write(chunk: Uint8Array): Promise<void>;
  /** Waits until all bytes are on the disk, still under the temporary name; nothing can be written after it. */
  flush(): Promise<void>;
  /** Puts the flushed file in its place; only now do readers see it. */
  publish(): Promise<void>;
  /** Finishes the file: `flush`, then `publish`. */
  commit(): Promise<void>;
  /** Throws everything away; the file that was there before stays. Does nothing once the file is published. */
  abort(): Promise<void>;
}

/** Node ends the process when one call is to read or write 2 GiB. */
export const MOST_BYTES = 2 ** 30;

let writersOpened = 0;

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space, or choose another folder',
  EDQUOT: 'your disk quota is used up: free some space, or choose another folder',
  EFBIG: 'the file is larger than this system lets one be: choose another folder or raise the limit',
  EACCES: 'you may not write there: choose another folder, or change its permissions',
  EPERM: 'you may not write there: choose another folder, or change its permissions',
  EROFS: 'that disk is read-only: choose another folder',
  ENOTDIR: 'a part of the path is a file, not a folder: choose another path',
  EEXIST: 'a part of the path is a file, or a link to what is not there: choose another path',
  ENOENT: 'a folder of the path is gone, or is one that nothing can be made in, as /proc: choose another folder',
  ENOTEMPTY: 'another program has put files there meanwhile: look at them, then call this again or choose another folder',
  ELOOP: 'the links in the path go round in a circle: choose another path',
  EISDIR: 'there is a folder of that name: choose another file name',
  ENAMETOOLONG: 'the name is longer than this disk allows (255 bytes on most): choose a shorter one',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
};

/** WRITE_FAILED with what the file system said; `path` is the file the user asked for, never the temporary one. */
export function writeFailed(path: string, cause: unknown): ShadegradError {
  if (cause instanceof ShadegradError) return cause;
  const code = (cause as NodeJS.ErrnoException)?.code ?? '';
  return new ShadegradError('WRITE_FAILED', `Could not write ${printableName(path)}`, {
    received: code === '' ? String(cause) : `${code} from the file system`,
    fix: ADVICE[code] ?? 'check that the folder exists and can be written to',
    cause,
  });
}

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never ends where a folder that exists answers ENOENT
 * to a new one, as /proc does.
 *
 * @param mode permissions of new folders, by default all that the process allows
 * @returns the outermost folder that was made, or undefined when all were there
 * @throws WRITE_FAILED
 */
export async function makeFolder(path: string, files: FileSystem = nodeFiles, mode = 0o777): Promise<string | undefined> {
  try {
    return await makeWithParents(path, files, mode);
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}

async function makeWithParents(path: string, files: FileSystem, mode: number): Promise<string | undefined> {
  const make = (): Promise<boolean> =>
    files.mkdir(path, { mode }).then(
      () => true,
      async (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw error;
        // Systems differ in what they say of a folder that is there already, such as the root of a disk.
        if (
          await files.stat(path).then(
            (there) => there.isDirectory(),
            () => false,
          )
        )
          return false;
        throw error;
      },
    );
  try {
    return (await make()) ? path : undefined;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    const first = await makeWithParents(parent, files, mode);
    return (await make()) ? (first ?? path) : first;
  }
}

/**
 * A name beside `path` for what is not finished, which says who is at work on it. What has it is removed when the process ends, unless
 * finished() was told before.
 */
export function partialPath(path: string): string {
  return begun(join(dirname(path), `${partialPrefix(path)}${process.pid}-${writersOpened++}.partial`));
}

/** Bytes of a name in a temporary name; what is longer is hashed, so that every name a disk takes can be written to. */
const NAME_BYTES = { file: 60, host: 30 } as const;

const partialPrefix = (path: string): string => `.${shortName(basename(path), NAME_BYTES.file)}.${shortName(hostname(), NAME_BYTES.host)}-`;

function shortName(name: string, most: number): string {
  return Buffer.byteLength(name) <= most ? name : createHash('sha256').update(name).digest('hex').slice(0, 24);
}

function processIsGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Removes what killed processes on this machine left of the same file or folder: a checkpoint is hundreds of megabytes. */
export async function removeStale(path: string, files: FileSystem = nodeFiles): Promise<void> {
  const folder = dirname(path);
  const prefix = partialPrefix(path);
  for (const name of await files.readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.partial')) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid > 0 && processIsGone(pid)) await files.rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Removes what killed processes on this machine left in a folder, of whatever files: one look at it for many files. */
export async function removeAllStale(folder: string, files: FileSystem = nodeFiles): Promise<void> {
  const here = `.${shortName(hostname(), NAME_BYTES.host)}-`;
  for (const name of await files.readdir(folder).catch(() => [])) {
    const at = name.lastIndexOf(here);
    if (!name.startsWith('.') || at < 0 || !name.endsWith('.partial')) continue;
    const pid = Number.parseInt(name.slice(at + here.length), 10);
    if (pid > 0 && processIsGone(pid)) await files.rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Makes a file under a name of its own and renames it, so that it is there whole or not at all when this process is killed. Unlike
 * atomicWriter() it waits for no disk, and asks nothing of the folder, which has to be there: what makes thousands of files can make one
 * again that a power cut has emptied.
 *
 * @param make writes the file under the name that it is given
 * @throws WRITE_FAILED with `path` and what to do; other errors of `make` pass through
 */
export async function replaceFile(path: string, make: (temporary: string) => Promise<void>, files: FileSystem = nodeFiles): Promise<void> {
  const temporary = partialPath(path);
  try {
    await make(temporary);
    await files.rename(temporary, path);
  } catch (error) {
    throw writeFailed(path, error);
  } finally {
    // A second name of the file that is there already is renamed to nothing.
    await files.rm(temporary, { force: true }).catch(() => undefined);
    finished(temporary);
  }
}

/**
 * Starts a file that appears under `path` whole or not at all: bytes go to a temporary name in the same folder (made if missing), which
 * `commit` flushes and renames. Every failure removes the temporary file.
 *
 * @throws WRITE_FAILED with the path and what to do; at once for a path that no file can have
 */
export async function atomicWriter(path: string, files: FileSystem = nodeFiles): Promise<AtomicWriter> {
  const folder = dirname(path);
  await makeFolder(folder, files);
  const temporary = partialPath(path);
  let handle: Awaited<ReturnType<FileSystem['open']>>;
  try {
    await checkPlace(path, files);
    await removeStale(path, files);
    handle = await files.open(temporary, 'wx');
  } catch (cause) {
    finished(temporary);
    throw writeFailed(path, cause);
  }
  let state: 'open' | 'flushed' | 'closed' = 'open';

  const discard = async (): Promise<void> => {
    if (state === 'open') await handle.close().catch(() => undefined);
    state = 'closed';
    await files.rm(temporary, { force: true }).catch(() => undefined);
    finished(temporary);
  };
  const attempt = async (expected: typeof state, work: () => Promise<void>): Promise<void> => {
    if (state !== expected) {
      const received =
        state === 'closed' ? 'the writer is already closed' : `the file is ${state === 'open' ? 'not flushed yet' : 'flushed already'}`;
      throw new ShadegradError('WRITE_FAILED', `Could not write ${printableName(path)}`, {
        received,
        fix: 'call write() any number of times, then commit() once',
      });
    }
    try {
      await work();
    } catch (cause) {
      await discard();
      throw writeFailed(path, cause);
    }
  };
  const writer: AtomicWriter = {
    write: (chunk) =>
      attempt('open', async () => {
        let written = 0;
        while (written < chunk.length) {
          written += (await handle.write(chunk, written, Math.min(chunk.length - written, MOST_BYTES))).bytesWritten;
        }
      }),
    flush: () =>
      attempt('open', async () => {
        await handle.sync();
        await handle.close();
        state = 'flushed';
      }),
    publish: () =>
      attempt('flushed', async () => {
        await files.rename(temporary, path);
        state = 'closed';
        finished(temporary);
        await syncFolder(folder, files);
      }),
    commit: async () => {
      await writer.flush();
      await writer.publish();
    },
    abort: async () => {
      if (state !== 'closed') await discard();
    },
  };
  return writer;
}

/** Finds out before the work what the last step, the renaming, would say: a name too long, a folder in the way. */
async function checkPlace(path: string, files: FileSystem): Promise<void> {
  const there = await files.lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (there?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
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

/**
 * Writes files that belong together: all are on the disk before the first appears under its name, in this order. When one
 * cannot appear, those before it are put back as they were.
 *
 * @throws WRITE_FAILED; errors of the contents pass through
 */
export async function writeFilesAtomic(
  contents: readonly (readonly [path: string, content: AsyncIterable<Uint8Array>])[],
  files: FileSystem = nodeFiles,
): Promise<void> {
  const writers: { path: string; writer: AtomicWriter }[] = [];
  const replaced: Replaced[] = [];
  try {
    for (const [path, content] of contents) {
      const writer = await atomicWriter(path, files);
      writers.push({ path, writer });
      for await (const chunk of content) await writer.write(chunk);
    }
    for (const { writer } of writers) await writer.flush();
    for (const [index, { path, writer }] of writers.entries()) {
      const old = index + 1 < writers.length ? await keepOld(path, files) : null;
      await writer.publish().catch(async (error) => {
        await old?.forget();
        throw error;
      });
      if (old) replaced.push(old);
    }
  } catch (error) {
    for (const old of replaced.splice(0).reverse()) await old.putBack();
    throw error;
  } finally {
    for (const old of replaced) await old.forget();
    for (const { writer } of writers) await writer.abort();
  }
}

interface Replaced {
  putBack(): Promise<void>;
  forget(): Promise<void>;
}

/** Keeps the file that is about to be replaced under a second name, or as a copy where there are none. @throws WRITE_FAILED */
async function keepOld(path: string, files: FileSystem): Promise<Replaced> {
  const kept = partialPath(path);
  const remove = async (name: string): Promise<void> => {
    await files.rm(name, { force: true }).catch(() => undefined);
    finished(kept);
  };
  try {
    await files.link(path, kept);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { putBack: () => remove(path), forget: async () => finished(kept) };
    await files.copyFile(path, kept).catch(async (cause: unknown) => {
      await remove(kept);
      throw writeFailed(path, cause);
    });
  }
  const putBack = async (): Promise<void> => {
    await files.rename(kept, path).catch(() => undefined);
    finished(kept);
  };
  return { putBack, forget: () => remove(kept) };
}

/**
 * Gives a file a second name, under which it appears whole or not at all, in the place of what was there. Where the disk has no second
 * names it is copied. What replaces the file under its first name, as writeFileAtomic() does, leaves it under the second.
 *
 * @throws WRITE_FAILED
 */
export async function linkAtomic(from: string, to: string, files: FileSystem = nodeFiles): Promise<void> {
  await makeFolder(dirname(to), files);
  const temporary = partialPath(to);
  try {
    await checkPlace(to, files);
    await removeStale(to, files);
    await files.link(from, temporary).catch(async () => {
      await files.copyFile(from, temporary);
      const handle = await files.open(temporary, 'r+');
      await handle.sync().finally(() => handle.close());
    });
    await files.rename(temporary, to);
    await syncFolder(dirname(to), files);
  } catch (cause) {
    throw writeFailed(to, cause);
  } finally {
    // Of two names of one file, renaming leaves both.
    await files.rm(temporary, { force: true }).catch(() => undefined);
    finished(temporary);
  }
}

/** Writes a whole file, or nothing. @throws WRITE_FAILED with the path and what to do; errors of `content` itself pass through */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  files: FileSystem = nodeFiles,
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
