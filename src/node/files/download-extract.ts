import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ShadegradError } from '../../errors.js';
import { makeFolder, writeFailed } from './atomic.js';
import { countHeaders } from './tar-headers.js';
import { formatBytes, formatCount } from '../../formats/words.js';

/** What an archive may unpack to at most. */
export interface ArchiveLimits {
  /** The bytes of all files together. */
  readonly bytes: number;
  /** The number of files and folders. */
  readonly entries: number;
}

/** The bytes of a single header beside an entry, such as its long name, at most. */
const MOST_HEADER_BYTES = 2 ** 20;

export function unsafe(url: string, what: string): ShadegradError {
  return new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} is not to be trusted: ${what}`, {
    expected: 'files and folders that stay inside the archive',
    fix: 'do not use this archive; check the address',
  });
}

function tooMuch(url: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} unpacks to more than is allowed`, {
    expected,
    received,
    fix: 'check the address; if the archive is the right one, unpack it by hand',
  });
}

/** Counts what has come out of an archive. */
export class Unpacked {
  private entries = 0;
  private bytes = 0;

  constructor(
    private readonly url: string,
    private readonly most: ArchiveLimits,
  ) {}

  /** @param size as its header says, where it does */
  addEntry(size = 0): void {
    const { entries } = this.most;
    if (++this.entries > entries) throw tooMuch(this.url, `at most ${formatCount(entries)} files and folders`, 'more');
    this.expectRoom(size);
  }

  /** Counts a header of its own for what an entry's has no room for: an entry, and its bytes. */
  addHeader(size: number): void {
    if (size > MOST_HEADER_BYTES) throw tooMuch(this.url, `headers of at most ${formatBytes(MOST_HEADER_BYTES)}`, formatBytes(size));
    this.addEntry(size);
    this.addBytes(size);
  }

  addBytes(count: number): void {
    this.expectRoom(count);
    this.bytes += count;
  }

  private expectRoom(count: number): void {
    const { bytes } = this.most;
    if (this.bytes + count <= bytes) return;
    throw tooMuch(this.url, `at most ${formatBytes(bytes)} in all`, `${formatBytes(this.bytes + count)} or more`);
  }
}

/** Where an entry of an archive goes. @throws DOWNLOAD_FAILED for one that points outside */
export function targetOf(folder: string, name: string, url: string): string {
  const target = resolve(folder, name);
  const inside = target === folder || target.startsWith(folder + sep);
  if (!inside || name.includes('\0') || name.includes('\\')) throw unsafe(url, `an entry named ${JSON.stringify(name)}`);
  return target;
}

/** What went wrong while an archive was unpacked, as its user should know it. */
export function damaged(url: string, form: string, cause: unknown): ShadegradError {
  if (cause instanceof ShadegradError && ['DOWNLOAD_FAILED', 'WRITE_FAILED'].includes(cause.code)) return cause;
  return new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} is damaged`, {
    expected: `a whole ${form}`,
    received: cause instanceof Error ? cause.message : String(cause),
    fix: 'try again later, or fetch the archive by hand and unpack it',
    cause,
  });
}

/** Writes a new file. @throws WRITE_FAILED; DOWNLOAD_FAILED for more bytes than are allowed */
export async function writeEntry(entry: AsyncIterable<Uint8Array>, target: string, unpacked: Unpacked): Promise<void> {
  const handle = await open(target, 'wx').catch((cause) => Promise.reject(writeFailed(target, cause)));
  try {
    for await (const chunk of entry) {
      unpacked.addBytes(chunk.length);
      await handle.writeFile(chunk).catch((cause) => Promise.reject(writeFailed(target, cause)));
    }
    await handle.sync().catch((cause) => Promise.reject(writeFailed(target, cause)));
  } finally {
    await handle.close();
  }
}

/**
 * Unpacks a gzipped tar archive of plain files and folders.
 *
 * @param folder an absolute path
 * @param url names the archive in errors
 * @throws DOWNLOAD_FAILED for a damaged archive, a link, an entry that points outside, or more than `most`; WRITE_FAILED
 */
export async function extractTarGz(archive: string, folder: string, url: string, most: ArchiveLimits): Promise<void> {
  const unpacked = new Unpacked(url, most);
  const reader = extract();
  const finished = pipeline(createReadStream(archive), createGunzip(), countHeaders(unpacked), reader);
  // The loop below may throw first; this rejection is awaited after it.
  finished.catch(() => undefined);
  try {
    for await (const entry of reader) {
      const { name, type, size } = entry.header;
      unpacked.addEntry(size);
      const target = targetOf(folder, name, url);
      if (type !== 'file' && type !== 'directory') throw unsafe(url, `${JSON.stringify(name)} is a ${type}`);
      await makeFolder(type === 'directory' ? target : dirname(target));
      if (type === 'file') await writeEntry(entry as unknown as AsyncIterable<Uint8Array>, target, unpacked);
      else entry.resume();
    }
    await finished;
  } catch (cause) {
    reader.destroy();
    throw damaged(url, '.tar.gz', cause);
  }
}
