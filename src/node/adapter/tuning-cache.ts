import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VariantTable } from '../../gpu/kernel-variants.js';
import { adapterFingerprint, encodeVariants, parseChoices } from '../../kernels/tuning-file.js';
import type { AdapterDescription } from '../../gpu/adapter.js';
import { writeFileAtomic } from '../files/atomic.js';
import { cacheFolder } from '../files/unpack.js';

/** Tells the path of the file that holds an adapter's choices. @param folder where such files lie; default: in the user's cache */
export async function tuningCachePath(adapter: AdapterDescription, folder?: string): Promise<string> {
  const digest = createHash('sha256').update(adapterFingerprint(adapter)).digest('hex').slice(0, 16);
  return join(folder ?? (await cacheFolder()), `tuning-${digest}.json`);
}

/**
 * Reads the choices that were tuned for an adapter; empty where nothing was tuned.
 *
 * @param warn told why a file cannot be used
 * @param folder where such files lie; default: in the user's cache
 */
export async function readTuningCache(adapter: AdapterDescription, warn: (line: string) => void, folder?: string): Promise<VariantTable> {
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
 * @param folder where such files lie; default: in the user's cache
 * @returns the file's path
 * @throws WRITE_FAILED
 */
export async function addToTuningCache(adapter: AdapterDescription, choices: VariantTable, folder?: string): Promise<string> {
  const path = await tuningCachePath(adapter, folder);
  const before = await readTuningCache(adapter, () => undefined, folder);
  await writeFileAtomic(path, encodeVariants(adapterFingerprint(adapter), { ...before, ...choices }));
  return path;
}
