import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { imageFormat, isReadable, SIGNATURE_BYTES } from './format.js';

/** What a folder holds, apart by whether it can be read as an image. */
export interface FolderContent {
  /** Files that are images, in natural order. */
  images: string[];
  /** Folders in it, in natural order, hidden ones left out. */
  folders: string[];
  /** The rest, counted by kind: `5 .xml files, 2 hidden files`; empty where there is none. */
  others: string;
}

/** Endings of the formats that are read: their files are images until decoding says otherwise. */
const IMAGE_ENDING = /\.(jpe?g|jfif|png|webp|tiff?|avif|gif|bmp|dib)$/i;
/** Arrays: images of a folder that has no others, and else what often lies beside them. */
const ARRAY_ENDING = /\.npy$/i;
/** Endings of files that often lie beside images, so that thousands of them need not be opened to know. */
const OTHER_ENDING = /\.(xml|txt|json|csv|md|html?|mat|npz|zip|gz|tar|py|m|log|ya?ml|pdf|heic|db|ini)$/i;
/** The record that a folder of results has of them: of no data set. */
export const RECORD_NAME = '.prepare.jsonl';
const DANGLING = 'link to a file that is not there';
/** Files whose first bytes are read at the same time. */
const AT_ONCE = 16;

/** 2.jpg before 10.jpg, alike on every machine; names that it takes for equal by their code units. */
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });
export const naturalOrder = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

/** Whether a file is called like an image. */
export const hasImageEnding = (name: string): boolean => IMAGE_ENDING.test(name);
/** Whether a file is called like an array. */
export const hasArrayEnding = (name: string): boolean => ARRAY_ENDING.test(name);

/**
 * Looks at what a folder holds: a file of an unknown ending is an image where its first bytes say so.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE
 */
export async function scanFolder(folder: string): Promise<FolderContent> {
  const [images, folders, unknown, arrays]: [string[], string[], string[], string[]] = [[], [], [], []];
  const left = new Map<string, number>();
  const leave = (kind: string): void => void left.set(kind, (left.get(kind) ?? 0) + 1);
  for (const entry of await readFolder(folder)) {
    const kind = await kindOf(folder, entry);
    const { name } = entry;
    if (name === RECORD_NAME) continue;
    if (name.startsWith('.')) leave(kind === 'folder' ? 'hidden folder' : 'hidden file');
    else if (kind === 'folder') folders.push(name);
    else if (kind === 'other') leave('special file');
    else if (kind === 'dangling') leave(DANGLING);
    else if (IMAGE_ENDING.test(name)) images.push(name);
    else if (ARRAY_ENDING.test(name)) arrays.push(name);
    else if (OTHER_ENDING.test(name)) leave(endingOf(name));
    else unknown.push(name);
  }
  for (let start = 0; start < unknown.length; start += AT_ONCE) {
    const names = unknown.slice(start, start + AT_ONCE);
    const formats = await Promise.all(names.map((name) => formatOfFile(join(folder, name))));
    names.forEach((name, index) => (isReadable(formats[index]) ? images.push(name) : leave(endingOf(name))));
  }
  if (images.length === 0) images.push(...arrays);
  else for (const name of arrays) leave(endingOf(name));
  return { images: images.sort(naturalOrder), folders: folders.sort(naturalOrder), others: counted(left) };
}

const endingOf = (name: string): string =>
  extname(name) === '' ? 'file without an ending' : `${printableName(extname(name).toLowerCase())} file`;

/** `5 .xml files, 1 folder`, the most frequent kind first. */
function counted(kinds: ReadonlyMap<string, number>): string {
  const all = [...kinds].sort(([a, countA], [b, countB]) => countB - countA || naturalOrder(a, b));
  const plural = (kind: string): string =>
    kind === DANGLING ? 'links to files that are not there' : kind.replace(/\b(file|folder)\b/, '$1s');
  return all.map(([kind, count]) => `${count} ${count === 1 ? kind : plural(kind)}`).join(', ');
}

/** What a folder has, in words, for an error or a note. */
export function describeContent({ images, folders, others }: FolderContent, mostFolders = 6): string {
  const named = folders.slice(0, mostFolders).map((name) => `${printableName(name)}/`);
  if (folders.length > mostFolders) named.push(`${folders.length - mostFolders} more folders`);
  const parts = [images.length === 0 ? '' : `${images.length} ${images.length === 1 ? 'image' : 'images'}`, named.join(', '), others];
  return parts.filter((part) => part !== '').join(', ') || 'an empty folder';
}

/** What is left out of a folder whose images are used; empty where that is nothing. */
export function leftOutOf({ folders, others }: FolderContent): string {
  const inside = folders.length === 0 ? '' : `${folders.length} ${folders.length === 1 ? 'folder' : 'folders'}`;
  return [others, inside].filter((part) => part !== '').join(', ');
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
