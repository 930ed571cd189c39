import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Larger pictures are none that a run has made. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Reads a file that a run has written into a folder of its own; null for what is missing, no plain file, or somewhere else by way of links.
 *
 * @param run the folder of the run
 * @param path of the file, `run/FOLDER/NAME`
 */
export async function readOwnFile(run: string, folder: string, path: string): Promise<Buffer | null> {
  try {
    const expected = join(await realpath(run), folder, basename(path));
    if ((await realpath(path)) !== expected) return null;
    // Windows has no such flags.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const handle = await open(expected, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await handle.stat();
      return stats.isFile() && stats.size <= MOST_BYTES ? await handle.readFile() : null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}
