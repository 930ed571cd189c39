import { open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ProgressCallback } from '../data/dataset.js';
import { ShadegradError } from '../gpu/errors.js';
import { fetchToFile, type FetchOptions } from './download-fetch.js';
import { extractTarGz } from './download-extract.js';
import { makeFolder, partialPath, removeStale, writeFailed } from './files.js';

/** The archive that the authors of pix2pix serve: 506 pairs of 256 x 256, about 30 MB. */
export const FACADES_URL = 'http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz';

export interface DownloadOptions extends FetchOptions {
  url: string;
  /** Where the archive's content is to lie. Its parents are made. */
  directory: string;
  /** Bytes received and bytes in all; the second is 0 when the server does not say. */
  onProgress?: ProgressCallback;
  /** Folders that the content must have to be the right one, and an existing directory to be used as it is. */
  expectedFolders?: readonly string[];
}

async function hasFolders(directory: string, names: readonly string[]): Promise<boolean> {
  const found = await Promise.all(names.map((name) => stat(join(directory, name)).then((s) => s.isDirectory(), () => false)));
  return found.every(Boolean);
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw writeFailed(directory, cause);
  }
}

/** True when there is nothing to do; throws when something else is in the way. */
async function isComplete(directory: string, expected: readonly string[]): Promise<boolean> {
  if ((await entriesOf(directory)).length === 0) return false;
  if (await hasFolders(directory, expected)) return true;
  throw new ShadegradError('DOWNLOAD_FAILED', `${directory} already holds something else.`, {
    expected: `a new or empty folder, or one with ${expected.join('/, ')}/ in it`,
    fix: 'Name another folder, or remove this one.',
  });
}

/** An archive with a single folder at its top stands for what is in that folder. */
async function contentRoot(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.length === 1 && entries[0].isDirectory() ? join(folder, entries[0].name) : folder;
}

/**
 * Fetch a .tar.gz and unpack it as `directory`, which appears whole or not at all; a directory that is already there is
 * used as it is. Lost connections are taken up again where they broke off if the server can do that. Returns the absolute
 * directory. Throws DOWNLOAD_FAILED (not found, truncated, not such an archive, entries that point outside) and
 * WRITE_FAILED, each with what to do.
 */
export async function downloadArchive(options: DownloadOptions): Promise<string> {
  const { url, expectedFolders = [] } = options;
  const directory = resolve(options.directory);
  if (await isComplete(directory, expectedFolders)) return directory;
  await makeFolder(dirname(directory));
  await removeStale(directory);
  const staging = partialPath(directory);
  try {
    const content = join(staging, 'content');
    await makeFolder(content);
    const archive = join(staging, 'archive.tar.gz');
    await fetchToFile(url, archive, options);
    await extractTarGz(archive, content, url);
    const root = await contentRoot(content);
    if (!(await hasFolders(root, expectedFolders)) || (await readdir(root)).length === 0) {
      throw new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} does not hold what it should.`, {
        expected: expectedFolders.length === 0 ? 'files' : `the folders ${expectedFolders.join(', ')}`,
        received: (await readdir(root)).slice(0, 5).join(', ') || 'nothing',
        fix: 'Check the address.',
      });
    }
    await putInPlace(root, directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return directory;
}

async function putInPlace(root: string, directory: string): Promise<void> {
  try {
    await rmdir(directory).catch(() => undefined);
    await rename(root, directory);
    const handle = await open(dirname(directory), 'r');
    await handle.sync().catch(() => undefined).finally(() => handle.close());
  } catch (cause) {
    throw writeFailed(directory, cause);
  }
}

/** The pix2pix facades, with `train`, `val` and `test` in `directory`. Errors as `downloadArchive`. */
export function downloadFacades(options: Omit<DownloadOptions, 'url' | 'expectedFolders'> & { url?: string }): Promise<string> {
  return downloadArchive({ ...options, url: options.url ?? FACADES_URL, expectedFolders: ['train', 'val'] });
}
