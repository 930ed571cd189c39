import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterFingerprint, encodeChoices, parseChoices, type ChoiceTable } from '../gpu/choices.js';
import type { AdapterDescription } from '../gpu/adapter.js';
import { writeFileAtomic } from './files.js';
import { cacheFolder } from './unpack.js';

/** The file that holds an adapter's choices. @param folder default: the per-user cache */
export async function tuningCachePath(adapter: AdapterDescription, folder?: string): Promise<string> {
  const digest = createHash('sha256').update(adapterFingerprint(adapter)).digest('hex').slice(0, 16);
  return join(folder ?? (await cacheFolder()), `tuning-${digest}.json`);
}

/**
 * Reads an adapter's choices; empty where nothing was tuned.
 *
 * @param warn told once when there is a file that cannot be used; it is ignored then
 */
export async function readTuningCache(adapter: AdapterDescription, warn: (line: string) => void, folder?: string): Promise<ChoiceTable> {
  const path = await tuningCachePath(adapter, folder);
  try {
    return parseChoices(await readFile(path, 'utf8'), adapterFingerprint(adapter), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(`warning: ${(error as Error).message}`);
    return {};
  }
}

/**
 * Adds choices to an adapter's file, in place of those for the same problems; a file that cannot be used is replaced.
 *
 * @returns the file's path
 * @throws WRITE_FAILED
 */
export async function addToTuningCache(adapter: AdapterDescription, choices: ChoiceTable, folder?: string): Promise<string> {
  const path = await tuningCachePath(adapter, folder);
  const before = await readTuningCache(adapter, () => undefined, folder);
  await writeFileAtomic(path, encodeChoices(adapterFingerprint(adapter), { ...before, ...choices }));
  return path;
}
