import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadegradError } from '../../errors.js';
import { writeFileAtomic } from './atomic.js';
import { cacheFolder } from './unpack.js';

/** Where the SHA-256 of what each address gave first is kept. */
export async function downloadRecordPath(): Promise<string> {
  return join(await cacheFolder(), 'downloads.json');
}

/**
 * Compares a file that was fetched with what the same address gave before.
 *
 * @param noun what it is, for errors and the note
 * @returns for an address that is new, what keeps its sum and says so
 * @throws DOWNLOAD_FAILED when it gave another archive before
 */
export async function checkAgainstRecord(
  path: string,
  url: string,
  sha256: string,
  noun = 'archive',
): Promise<(() => Promise<string>) | undefined> {
  const known = await readRecord(path);
  const before = known[url];
  if (before === sha256) return undefined;
  if (before !== undefined) {
    throw new ShadegradError('DOWNLOAD_FAILED', `The ${noun} at ${url} is another one than it was`, {
      expected: `SHA-256 ${before}, as ${path} has it`,
      received: `SHA-256 ${sha256}`,
      fix: `if its authors have changed it, remove that line from ${path} and try again`,
    });
  }
  return async () => {
    const note = `the ${noun}'s SHA-256 is ${sha256}; nobody publishes what it should be`;
    // A home that cannot be written to is no reason to do without the data.
    return writeFileAtomic(path, JSON.stringify({ ...known, [url]: sha256 }, null, 1) + '\n').then(
      () => `${note}, so it is kept in ${path} and compared from now on`,
      () => note,
    );
  };
}

/** The SHA-256 that an address gave first; undefined for one that is new. */
export async function recordedHash(path: string, url: string): Promise<string | undefined> {
  return (await readRecord(path))[url];
}

/** Keeps the SHA-256 of what an address gives, in the place of what was kept. A folder that cannot be written to is no reason to fail. */
export async function recordHash(path: string, url: string, sha256: string): Promise<void> {
  const known = await readRecord(path);
  if (known[url] === sha256) return;
  await writeFileAtomic(path, JSON.stringify({ ...known, [url]: sha256 }, null, 1) + '\n').catch(() => undefined);
}

async function readRecord(path: string): Promise<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    const entries = Object.entries(value as object).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
