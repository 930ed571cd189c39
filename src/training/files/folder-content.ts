import { isReadable } from '../../formats/image-format.js';
import { printableName } from '../../formats/names.js';

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
const DANGLING = 'link to a file that is not there';
/** The record that a folder of results has of them: of no data set. */
export const RECORD_NAME = '.prepare.jsonl';
/** Files whose first bytes are read at the same time. */
const AT_ONCE = 16;

/** 2.jpg before 10.jpg, alike on every machine; names that it takes for equal by their code units. */
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });
export const naturalOrder = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

/** Whether a file is called like an image. */
export const hasImageEnding = (name: string): boolean => IMAGE_ENDING.test(name);
/** Whether a file is called like an array. */
export const hasArrayEnding = (name: string): boolean => ARRAY_ENDING.test(name);

/** What lies in a folder under a name. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'dangling' | 'other';
}

/**
 * Sorts what a folder holds: a file of an unknown ending is an image where its first bytes say so.
 *
 * @param formatOf tells the format of a file by its first bytes
 */
export async function sortEntries(
  entries: Iterable<FolderEntry>,
  formatOf: (name: string) => Promise<string | undefined>,
): Promise<FolderContent> {
  const [images, folders, unknown, arrays]: [string[], string[], string[], string[]] = [[], [], [], []];
  const left = new Map<string, number>();
  const leave = (kind: string): void => void left.set(kind, (left.get(kind) ?? 0) + 1);
  for (const { name, kind } of entries) {
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
    const formats = await Promise.all(names.map(formatOf));
    names.forEach((name, index) => (isReadable(formats[index]) ? images.push(name) : leave(endingOf(name))));
  }
  const chosen = images.length > 0 ? images : arrays;
  if (chosen === images) for (const name of arrays) leave(endingOf(name));
  return { images: chosen.sort(naturalOrder), folders: folders.sort(naturalOrder), others: counted(left) };
}

/** The ending of a file's name, with its dot; empty where it has none. */
export const endingIn = (name: string): string => /[^./]((?:\.[^./]*))$/.exec(name)?.[1] ?? '';

const endingOf = (name: string): string =>
  endingIn(name) === '' ? 'file without an ending' : `${printableName(endingIn(name).toLowerCase())} file`;

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
