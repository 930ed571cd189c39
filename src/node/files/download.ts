import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ProgressCallback } from '../../data/dataset.js';
import { ShadegradError } from '../../errors.js';
import { extractTarGz, type ArchiveLimits } from './download-extract.js';
import { fetchToFile, parseUrl, type FetchOptions } from './download-fetch.js';
import { checkAgainstRecord, downloadRecordPath } from './download-record.js';
import { makeFolder, partialPath, removeStale, writeFailed } from './atomic.js';

/**
 * The address of the archive that the authors of pix2pix serve: about 600 pairs of 256 x 256, about 30 MB. They publish no checksum of
 * it.
 */
export const FACADES_URL = 'https://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz';

/** Ten times what the facades are. */
const FACADES_LIMITS = { mostBytes: 300e6, unpacked: { bytes: 600e6, entries: 10_000 } } as const;
/** Of other archives: the largest of that form, edges2handbags, has some 140,000 files in 8 GB. */
const LIMITS: ArchiveLimits = { bytes: 64 * 2 ** 30, entries: 2_000_000 };

/** Options of downloadArchive(): where the archive is, where it goes, and what it must be. */
export interface DownloadOptions extends FetchOptions {
  /** The address of the archive, a .tar.gz. */
  url: string;
  /** The folder that the archive's content is to be. Its parents are made. */
  directory: string;
  /** Told the bytes received and the bytes in all; the second is 0 when the server does not say. */
  onProgress?: ProgressCallback;
  /** Folders that the content must have to be the right one, and an existing directory to be used as it is. */
  expectedFolders?: readonly string[];
  /** What the archive may unpack to at most. Default 64 GiB in 2,000,000 files. */
  unpacked?: ArchiveLimits;
  /** The SHA-256 of the right archive, 64 hexadecimal digits. */
  sha256?: string;
  /** The file in which the SHA-256 of what an address gave first is kept; the address must give the same from then on. */
  record?: string;
  /** Told what a user should know, a line at a time. */
  onNote?: (line: string) => void;
}

async function hasFolders(directory: string, names: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        (s) => s.isDirectory(),
        () => false,
      ),
    ),
  );
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
  throw new ShadegradError('DOWNLOAD_FAILED', `${directory} already holds something else`, {
    expected: `a new or empty folder, or one with ${expected.join('/, ')}/ in it`,
    fix: 'name another folder, or remove this one',
  });
}

/** An archive with a single folder at its top stands for what is in that folder. */
async function contentRoot(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.length === 1 && entries[0]!.isDirectory() ? join(folder, entries[0]!.name) : folder;
}

/**
 * Fetches a .tar.gz and unpacks it as `directory`, which appears whole or not at all; a directory that is already there is
 * used as it is. Lost connections are taken up again where they broke off if the server can do that.
 *
 * @returns the absolute directory
 * @throws DOWNLOAD_FAILED (not found, truncated, not such an archive or not the same as before, entries that point
 * outside, too large), WRITE_FAILED
 */
export async function downloadArchive(options: DownloadOptions): Promise<string> {
  const { url, expectedFolders = [], unpacked = LIMITS } = options;
  const directory = resolve(options.directory);
  parseUrl(url);
  if (await isComplete(directory, expectedFolders)) return directory;
  await makeFolder(dirname(directory));
  await removeStale(directory);
  const staging = partialPath(directory);
  try {
    const content = join(staging, 'content');
    await makeFolder(content);
    const archive = join(staging, 'archive.tar.gz');
    await fetchToFile(url, archive, options);
    const sha256 = await sha256Of(archive);
    checkHash(url, options.sha256, sha256);
    const keep = options.record === undefined ? undefined : await checkAgainstRecord(options.record, url, sha256);
    await extractTarGz(archive, content, url, unpacked);
    const root = await contentRoot(content);
    if (!(await hasFolders(root, expectedFolders)) || (await readdir(root)).length === 0) {
      throw new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} does not hold what it should`, {
        expected: expectedFolders.length === 0 ? 'files' : `the folders ${expectedFolders.join(', ')}`,
        received: (await readdir(root)).slice(0, 5).join(', ') || 'nothing',
        fix: 'check the address',
      });
    }
    await putInPlace(root, directory);
    if (keep) options.onNote?.(await keep());
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return directory;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function checkHash(url: string, expected: string | undefined, received: string): void {
  if (expected === undefined || expected.toLowerCase() === received) return;
  throw new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} is another one than was asked for`, {
    expected: `SHA-256 ${expected}`,
    received: `SHA-256 ${received}`,
    fix: 'check the address and the sum',
  });
}

async function putInPlace(root: string, directory: string): Promise<void> {
  try {
    await rmdir(directory).catch(() => undefined);
    await rename(root, directory);
    const handle = await open(dirname(directory), 'r');
    await handle
      .sync()
      .catch(() => undefined)
      .finally(() => handle.close());
  } catch (cause) {
    throw writeFailed(directory, cause);
  }
}

/**
 * Fetches the pix2pix facades, with `train`, `val` and `test` in `directory`. What their address gives is remembered in
 * the user's cache, so that another archive is noticed.
 *
 * @throws as `downloadArchive`
 */
export async function downloadFacades({
  url = FACADES_URL,
  ...options
}: Omit<DownloadOptions, 'url' | 'expectedFolders'> & { url?: string }): Promise<string> {
  const official = url === FACADES_URL ? { ...FACADES_LIMITS, record: await downloadRecordPath() } : {};
  return downloadArchive({ ...official, ...options, url, expectedFolders: ['train', 'val'] });
}
