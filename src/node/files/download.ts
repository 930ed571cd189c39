import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ProgressCallback } from '../../data/dataset.js';
import { ShadegradError } from '../../errors.js';
import { extractTarGz, type ArchiveLimits } from './download-extract.js';
import { archiveKind, fetchToFile, parseUrl, type FetchOptions } from './download-fetch.js';
import { checkAgainstRecord, downloadRecordPath } from './download-record.js';
import { extractZip } from './download-unzip.js';
import { PUBLISHED_SETS, type PublishedSet } from './published-sets.js';
import { formatBytes } from '../../formats/words.js';
import { printableName } from '../../formats/names.js';
import { makeFolder, partialPath, removeStale, writeFailed } from './atomic.js';
import { finished } from './unfinished.js';

/**
 * The address of the archive that the authors of pix2pix serve: about 600 pairs of 256 x 256, about 30 MB. They publish no checksum of
 * it.
 */
export const FACADES_URL = PUBLISHED_SETS.facades.url;

/** Of an archive that is known to have about so many bytes: several times what is expected, and files of 2 kB at least. */
const limitsFor = (about: number) => ({
  mostBytes: 4 * about + 100e6,
  unpacked: { bytes: 8 * about + 400e6, entries: Math.ceil(about / 2000) + 10_000 },
});
/** Of other archives: the largest of that form, edges2handbags, has some 140,000 files in 8 GB. */
const LIMITS: ArchiveLimits = { bytes: 64 * 2 ** 30, entries: 2_000_000 };

/** Options of downloadArchive(): where the archive is, where it goes, and what it must be. */
export interface DownloadOptions extends FetchOptions {
  /** The address of the archive, a .tar.gz or a .zip. */
  url: string;
  /** The addresses of further archives, whose content lies beside that of the first; of two files of one name the first is kept. */
  further?: readonly string[];
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
  /** The bytes that are free where a folder is. Default: what the file system says. */
  freeBytes?: (folder: string) => Promise<number>;
}

/** A SHA-256 as people write it. */
export const SHA256 = /^[0-9a-f]{64}$/i;

/** Room for the archive and, of pictures, which hardly shrink, for as much again unpacked. */
const ROOM = 2;

const freeBytesOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** @throws WRITE_FAILED where an archive of so many bytes and its content have no room; what says nothing of its room has some */
async function expectRoom(directory: string, bytes: number, freeBytes: (folder: string) => Promise<number>): Promise<void> {
  const free = await freeBytes(dirname(directory)).catch(() => Infinity);
  if (free >= ROOM * bytes) return;
  throw new ShadegradError('WRITE_FAILED', `There is too little room for ${printableName(directory)}`, {
    expected: `${formatBytes(ROOM * bytes)}: ${formatBytes(bytes)} for the archive, and as much for its pictures`,
    received: `${formatBytes(free)} free`,
    fix: 'free some space, or name a folder on another disk',
  });
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

/** An archive with a single folder at its top stands for what is in that folder, unless it is one that is expected. */
async function contentRoot(folder: string, expected: readonly string[]): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only!.isDirectory() && !expected.includes(only!.name) ? join(folder, only!.name) : folder;
}

/** Moves what is in a folder into another one, folders of one name into each other; of two files of one name the first stays. */
async function moveInto(folder: string, from: string): Promise<void> {
  const there = new Map((await readdir(folder, { withFileTypes: true })).map((entry) => [entry.name, entry]));
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [own, other] = [join(folder, entry.name), join(from, entry.name)];
    const known = there.get(entry.name);
    if (!known) await rename(other, own);
    else if (known.isDirectory() && entry.isDirectory()) await moveInto(own, other);
  }
}

/**
 * Fetches a .tar.gz or .zip and unpacks it as `directory`, which appears whole or not at all; a directory that is already there is
 * used as it is. Lost connections are taken up again where they broke off if the server can do that.
 *
 * @returns the absolute directory
 * @throws DOWNLOAD_FAILED (not found, truncated, not such an archive or not the same as before, entries that point
 * outside, too large), WRITE_FAILED
 */
export async function downloadArchive(options: DownloadOptions): Promise<string> {
  const { url, further = [], expectedFolders = [], unpacked = LIMITS } = options;
  const directory = resolve(options.directory);
  const addresses = [url, ...further].map((each) => parseUrl(each));
  expectSum(options.sha256);
  if (await isComplete(directory, expectedFolders)) {
    if (options.sha256 !== undefined) {
      options.onNote?.(
        `note: ${printableName(directory)} is there already and used as it is; the SHA-256 is that of an archive to be fetched`,
      );
    }
    return directory;
  }
  await makeFolder(dirname(directory));
  await removeStale(directory);
  const staging = partialPath(directory);
  try {
    const keeps: ((() => Promise<string>) | undefined)[] = [];
    const fetched: string[] = [];
    for (const [index, from] of [url, ...further].entries()) {
      const content = join(staging, `content${index}`);
      await makeFolder(content);
      const archive = join(staging, 'archive');
      await fetchToFile(from, archive, {
        ...options,
        expectRoom: (bytes) => expectRoom(directory, bytes, options.freeBytes ?? freeBytesOf),
      });
      const sha256 = await sha256Of(archive);
      // A sum that was typed is that of the first.
      const wanted = index === 0 ? options.sha256 : undefined;
      checkHash(from, wanted, sha256);
      if (wanted === undefined && isOpen(addresses[index]!)) options.onNote?.(openNote(from, sha256));
      keeps.push(options.record === undefined ? undefined : await checkAgainstRecord(options.record, from, sha256));
      await (archiveKind(await firstBytes(archive)) === 'zip' ? extractZip : extractTarGz)(archive, content, from, unpacked);
      await rm(archive);
      fetched.push(await contentRoot(content, expectedFolders));
    }
    const [root, ...others] = fetched as [string, ...string[]];
    for (const other of others) await moveInto(root, other);
    if (!(await hasFolders(root, expectedFolders)) || (await readdir(root)).length === 0) {
      throw new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} does not hold what it should`, {
        expected: expectedFolders.length === 0 ? 'files' : `the folders ${expectedFolders.join(', ')}`,
        received: (await readdir(root)).slice(0, 5).join(', ') || 'nothing',
        fix: 'check the address',
      });
    }
    await putInPlace(root, directory);
    for (const keep of keeps) if (keep) options.onNote?.(await keep());
  } finally {
    await rm(staging, { recursive: true, force: true });
    finished(staging);
  }
  return directory;
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The SHA-256 of a file, 64 hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** @throws INVALID_ARGUMENT for what is no SHA-256 */
function expectSum(sha256: string | undefined): void {
  if (sha256 === undefined || SHA256.test(sha256)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'sha256 of downloadArchive() is no SHA-256', {
    expected: '64 hexadecimal digits',
    received: sha256,
    fix: 'copy the whole sum, as sha256sum prints it',
  });
}

/** Whether what comes from an address passes others who could change it: over plain http, but for this machine's own. */
const isOpen = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

const openNote = (url: string, sha256: string): string =>
  `note: ${url} is not encrypted: anybody on the way could have changed the archive. Its SHA-256 is ${sha256}: compare it with one that ` +
  'its authors give, or write theirs as --download-sha256, and another archive is refused';

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

/** Options of downloadPublished() and downloadFacades(): where the data go; from another address, where one is given. */
export type PublishedOptions = Omit<DownloadOptions, 'url' | 'further' | 'expectedFolders'> & { url?: string };

/**
 * Fetches a published data set as `directory`. What its address gives is remembered in the user's cache, so that another archive is
 * noticed.
 *
 * @throws as `downloadArchive`
 */
export async function downloadPublished(set: PublishedSet, { url = set.url, ...options }: PublishedOptions): Promise<string> {
  const official = url === set.url ? { ...limitsFor(set.about), further: set.further, record: await downloadRecordPath() } : {};
  return downloadArchive({ ...official, ...options, url, expectedFolders: set.folders });
}

/**
 * Fetches the pix2pix facades, with `train`, `val` and `test` in `directory`. What their address gives is remembered in
 * the user's cache, so that another archive is noticed.
 *
 * @throws as `downloadArchive`
 */
export function downloadFacades(options: PublishedOptions): Promise<string> {
  return downloadPublished(PUBLISHED_SETS.facades, options);
}
