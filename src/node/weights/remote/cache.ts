import { statfs, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { printableName } from '../../../formats/names.js';
import { makeFolder, removeAllStale, replaceFile } from '../../files/atomic.js';
import { sha256Of } from '../../files/download.js';
import { fetchToFile, type FetchedKind, type FileOptions } from '../../files/download-fetch.js';
import { checkAgainstRecord, recordedHash, recordHash } from '../../files/download-record.js';
import { cacheFolder } from '../../files/unpack.js';
import { formatBytes } from '../../../formats/words.js';
import { createProgress, type Progress } from '../../terminal/progress.js';
import { isQuiet, remark } from '../../terminal/remarks.js';

/** Bytes of a file of weights at most: a run of pix2pix at full size has 0.7 GB, and nothing here is ten times that. */
const MOST_BYTES = 8 * 2 ** 30;
const MIB = 2 ** 20;
/** Files below this have no progress bar. */
const SLOW_BYTES = 8 * MIB;

const WEIGHTS: FetchedKind = { noun: 'file of weights', byHand: 'fetch it by hand and name the file' };

/** A file that is wanted in the cache. */
export interface WantedFile extends Pick<FileOptions, 'headersFor' | 'expectAddress' | 'explain' | 'attempts'> {
  /** Where it is fetched from, and the name of what is kept of it. */
  readonly url: string;
  /** Where it lies in the cache. */
  readonly path: string;
  /** The SHA-256 that it must have, as its user or its server says. */
  readonly sha256?: string | undefined;
  /** Whether the address always gives the same, so that there is no need to tell its SHA-256. Default false. */
  readonly immutable?: boolean;
}

/** The folder of the cache for files of weights, and the file that keeps the sums of what was fetched. */
export async function weightsCache(): Promise<{ folder: string; record: string }> {
  const folder = join(await cacheFolder(), 'weights');
  return { folder, record: join(folder, 'sums.json') };
}

/**
 * Makes sure that a file is in the cache: as it was when it was fetched first, and as it must be.
 *
 * @returns its path
 * @throws DOWNLOAD_FAILED, WRITE_FAILED
 */
export async function cachedFile(wanted: WantedFile): Promise<string> {
  const { url, path, sha256 } = wanted;
  const { record } = await weightsCache();
  const before = await recordedHash(record, url);
  const there = await hashIfThere(path);
  if (there !== undefined && there === (sha256 ?? before)) return path;
  if (there !== undefined && before !== undefined && there !== before) remark(`${printableName(path)} is damaged: it is fetched again`);
  await makeFolder(dirname(path));
  await removeAllStale(dirname(path));
  await replaceFile(path, async (temporary) => {
    await download(wanted, temporary);
    const got = await sha256Of(temporary);
    if (sha256 === undefined) {
      const note = await (await checkAgainstRecord(record, url, got, WEIGHTS.noun))?.();
      if (note !== undefined && !wanted.immutable) remark(note);
    } else {
      expectHash(url, sha256, got);
      await recordHash(record, url, got);
    }
  });
  return path;
}

/** @throws DOWNLOAD_FAILED for another file than the one that was asked for */
export function expectHash(url: string, expected: string, received: string): void {
  if (expected === received) return;
  throw new ShadegradError('DOWNLOAD_FAILED', `The file of weights at ${url} is another one than was asked for`, {
    expected: `SHA-256 ${expected}`,
    received: `SHA-256 ${received}`,
    fix: 'check the address and the sum; nothing was kept',
  });
}

async function hashIfThere(path: string): Promise<string | undefined> {
  const isThere = await stat(path).then(
    (kind) => kind.isFile(),
    () => false,
  );
  return isThere ? sha256Of(path) : undefined;
}

async function download({ url, headersFor, expectAddress, explain, attempts }: WantedFile, temporary: string): Promise<void> {
  let progress: Progress | undefined;
  try {
    await fetchToFile(url, temporary, {
      kind: WEIGHTS,
      mostBytes: MOST_BYTES,
      ...(headersFor && { headersFor }),
      ...(expectAddress && { expectAddress }),
      ...(explain && { explain }),
      ...(attempts !== undefined && { attempts }),
      expectRoom: (bytes) => expectRoom(temporary, bytes),
      onProgress: (done, total) => {
        if (isQuiet() || total < SLOW_BYTES) return;
        progress ??= createProgress({ total: Math.ceil(total / MIB), label: 'fetching weights (MiB)' });
        progress.update(Math.floor(done / MIB));
      },
    });
  } finally {
    progress?.stop();
  }
}

/** @throws WRITE_FAILED where a file has no room; a disk that says nothing of its room has some */
async function expectRoom(path: string, bytes: number): Promise<void> {
  const free = await statfs(dirname(path)).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Infinity,
  );
  if (free >= bytes) return;
  throw new ShadegradError('WRITE_FAILED', `There is too little room for weights in ${printableName(dirname(path))}`, {
    expected: formatBytes(bytes),
    received: `${formatBytes(free)} free`,
    fix: 'free some space, or have the cache on another disk (XDG_CACHE_HOME)',
  });
}

/** Machines at whose addresses nobody else listens. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Lets weights come over https, or from this machine. @throws DOWNLOAD_FAILED for another address */
export function expectSafeAddress(at: URL): void {
  if (at.protocol === 'https:' || (at.protocol === 'http:' && LOOPBACK.test(at.hostname))) return;
  throw new ShadegradError('DOWNLOAD_FAILED', `Weights are not fetched from ${at.origin}`, {
    expected: 'an address that begins with https://; http:// of this machine alone (localhost, 127.0.0.1)',
    received: at.protocol === 'http:' ? 'http, where anybody on the way could change what comes' : at.protocol,
    fix: 'write https://, or fetch the file by hand if you trust that address, and name the file',
  });
}

/** Whether a name of a file, with folders before it, is one below the folder that it is said to be in. */
export const isSafeName = (name: string): boolean => name.split('/').every((part) => !/^\.{0,2}$/.test(part)) && !/[\\\0]/.test(name);
