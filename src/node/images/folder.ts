import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import {
  describeContent,
  hasArrayEnding,
  hasImageEnding,
  leftOutOf,
  naturalOrder,
  RECORD_NAME,
  sortEntries,
  type FolderContent,
} from '../../training/files/folder-content.js';
import { imageFormat, SIGNATURE_BYTES } from '../../formats/image-format.js';

export { describeContent, hasArrayEnding, hasImageEnding, leftOutOf, naturalOrder, RECORD_NAME, type FolderContent };

/**
 * Looks at what a folder holds: a file of an unknown ending is an image where its first bytes say so.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE
 */
export async function scanFolder(folder: string): Promise<FolderContent> {
  const entries = await Promise.all(
    (await readFolder(folder)).map(async (entry) => ({ name: entry.name, kind: await kindOf(folder, entry) })),
  );
  return sortEntries(entries, (name) => formatOfFile(join(folder, name)));
}

async function kindOf(folder: string, entry: Dirent): Promise<'file' | 'folder' | 'dangling' | 'other'> {
  const target = entry.isSymbolicLink() ? await stat(join(folder, entry.name)).catch(() => null) : entry;
  if (target === null) return 'dangling';
  return target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'other';
}

async function formatOfFile(path: string): Promise<string | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
      return imageFormat(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** @throws DATA_NOT_FOUND, DATA_UNREADABLE */
async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const name = printableName(folder);
    if (code === 'ENOENT') throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${name}`, { fix: 'check the path', cause });
    throw new ShadegradError('DATA_UNREADABLE', `Could not read the folder ${name}`, {
      received: `${code} from the file system`,
      fix: code === 'ENOTDIR' ? 'this is a file: name the folder that holds it' : 'check that you may read the folder',
      cause,
    });
  }
}

/**
 * Lists the images in a folder, by their content where the ending does not tell, in natural order and without hidden ones.
 *
 * @param onLeftOut told what else is in the folder, such as `5 .xml files, 2 hidden files`
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE; DATA_EMPTY when there is no image
 */
export async function listImages(folder: string, onLeftOut?: (others: string) => void): Promise<string[]> {
  const content = await scanFolder(folder);
  if (content.images.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(folder)}`, {
      expected: 'JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP files',
      received: describeContent(content),
      fix:
        content.folders.length > 0
          ? 'name one of the folders in it, or put the images there'
          : 'put the images there, or name another folder',
    });
  }
  const leftOut = leftOutOf(content);
  if (leftOut !== '') onLeftOut?.(leftOut);
  return content.images;
}
