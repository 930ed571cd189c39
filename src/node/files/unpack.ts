import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { makeFolder } from './atomic.js';
import { begun, finished } from './unfinished.js';

const STALE_MILLISECONDS = 60 * 60 * 1000;

/**
 * The folder where unpacked drivers are kept between runs: `$XDG_CACHE_HOME/shadegrad`, else
 * `~/.cache/shadegrad`, else (neither can be written) a private folder in the system's temporary one.
 */
export async function cacheFolder(): Promise<string> {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const preferred = join(base, 'shadegrad');
  try {
    await makeFolder(preferred);
    await rm(await mkdtemp(join(preferred, 'writable-')), { recursive: true });
    return preferred;
  } catch {
    const fallback = join(tmpdir(), `shadegrad-${process.getuid?.() ?? 'cache'}`);
    await makeFolder(fallback, undefined, 0o700);
    // A folder that someone else prepared could hold someone else's code.
    if (process.getuid && (await stat(fallback)).uid !== process.getuid()) return mkdtemp(join(tmpdir(), 'shadegrad-'));
    return fallback;
  }
}

/**
 * Fills `folder` by calling `fill` on a temporary sibling and renaming that; an existing `folder` is
 * returned as it is. Several processes may do this at once: one rename wins and the others use its result.
 *
 * @param folder absolute path; name it after the version of what it holds
 * @param fill writes the content into the folder it is given
 */
export async function unpackOnce(folder: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  if (await exists(folder)) return folder;
  await makeFolder(dirname(folder));
  await removeStale(folder);
  const temporary = `${folder}.unpacking-${process.pid}-${randomBytes(4).toString('hex')}`;
  begun(temporary);
  try {
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  } finally {
    finished(temporary);
  }
  return folder;
}

/** Unpacks a brotli-compressed tar archive of plain files and folders into `folder`. */
export async function unpackTarBrotli(archive: string, folder: string): Promise<void> {
  const reader = extract();
  const finished = pipeline(createReadStream(archive), createBrotliDecompress(), reader);
  // An iteration that throws first would leave this rejection unhandled; it is awaited below.
  finished.catch(() => undefined);
  for await (const entry of reader) {
    const target = resolve(folder, entry.header.name);
    if (target !== folder && !target.startsWith(folder + sep))
      throw new Error(`${archive}: entry outside the folder: ${entry.header.name}`);
    if (entry.header.type === 'directory') {
      await makeFolder(target);
      entry.resume();
    } else if (entry.header.type === 'file') {
      await makeFolder(dirname(target));
      await pipeline(entry, createWriteStream(target));
      await chmod(target, entry.header.mode ?? 0o644);
      await synchronise(target);
    } else {
      entry.resume();
    }
  }
  await finished;
}

/** Unpacks one brotli-compressed file. */
export async function unpackBrotli(archive: string, target: string, mode: number): Promise<void> {
  await pipeline(createReadStream(archive), createBrotliDecompress(), createWriteStream(target));
  await chmod(target, mode);
  await synchronise(target);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what an interrupted process left behind, once it is old enough to belong to nobody. */
async function removeStale(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}.unpacking-`)) continue;
    const age =
      Date.now() -
      (await stat(join(parent, name)).then(
        (s) => s.mtimeMs,
        () => Date.now(),
      ));
    if (age > STALE_MILLISECONDS) await rm(join(parent, name), { recursive: true, force: true });
  }
}
