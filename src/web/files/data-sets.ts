import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import { isZip } from '../../formats/zip-read.js';
import { hasImageEnding, naturalOrder } from '../../training/files/folder-content.js';
import { blobSource } from '../blob-source.js';
import type { FilesByPath } from './image-tree.js';
import { fileIn, isNamed, listFolder, openFolder, remove, writeParts } from './opfs.js';
import { filesInZip, REPACK, type ReadableFile } from './zip.js';

/** A file of a data set, with its path below the folder that was chosen, such as `train/1.png`. */
export interface ChosenFile {
  /** Where it lies, with slashes. */
  readonly path: string;
  /** What is in it. */
  readonly file: Blob;
}

/** A data set that is kept in the browser. */
export interface KeptDataSet {
  /** Its name, under which it is opened again. */
  readonly name: string;
  /** How many files it has. */
  readonly files: number;
  /** How large its files are together. */
  readonly bytes: number;
}

const DATA = 'data';
/** A data set is taken for one only when this lies beside it: then all of it has arrived. */
const WHOLE = '.whole';
/** Names of folders that say what lies in them: they are no wrapping round a data set. */
const SPLIT_OR_SIDE = /^(?:(?:train|val|test)[AB]?|[AB])$/i;
const IMAGE = /\.(?:jpe?g|jfif|png|webp|gif|bmp|avif)$/i;
const ZIP = /\.zip$/i;

/** The data sets that are kept in the browser, by name. */
export async function listDataSets(): Promise<KeptDataSet[]> {
  const folder = await openFolder(DATA);
  const entries = await listFolder(folder);
  const whole = new Set(entries.filter(({ kind }) => kind === 'file').map(({ name }) => name));
  const sets: KeptDataSet[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'directory' || !whole.has(entry.name + WHOLE)) continue;
    const text = (await (await fileIn(folder, entry.name + WHOLE))?.text()) ?? '';
    const [files = 0, bytes = 0] = text.split(' ').map(Number);
    sets.push({ name: entry.name, files, bytes });
  }
  return sets.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A data set that was just kept, with what its owner should know of how it was laid out. */
export interface NewDataSet extends KeptDataSet {
  readonly notes: readonly string[];
}

/** Deletes a data set that is kept in the browser; runs that were trained on it can then only be exported. */
export async function deleteDataSet(name: string): Promise<void> {
  const folder = await openFolder(DATA);
  await remove(folder, name + WHOLE);
  await remove(folder, name);
}

/** The files of a data set that is kept in the browser. @throws DATA_NOT_FOUND */
export async function openDataSet(name: string): Promise<FilesByPath> {
  const folder = await openFolder(DATA);
  if (!(await fileIn(folder, name + WHOLE))) {
    throw new ShadegradError('DATA_NOT_FOUND', `The data set ${printableName(name)} is not in this browser`, {
      expected: (await listDataSets()).map((each) => each.name).join(', ') || 'a data set that was added',
      fix: 'choose its folder or zip again, under the same name',
    });
  }
  const files = new Map<string, () => Promise<Blob>>();
  const walk = async (at: FileSystemDirectoryHandle, start: string): Promise<void> => {
    for (const entry of await listFolder(at)) {
      if (entry.kind === 'directory') await walk(entry, `${start}${entry.name}/`);
      else files.set(start + entry.name, () => entry.getFile());
    }
  };
  await walk(await folder.getDirectoryHandle(name), '');
  return files;
}

/**
 * Keeps a data set in the browser, in a worker: a folder's files, or what is in a zip, laid out as arranged() does. One of the same name is
 * replaced.
 *
 * @param progress told how many files are there
 * @throws DATA_EMPTY without any picture; DATA_UNREADABLE for a damaged zip, a file that is gone, and two files of one name; WRITE_FAILED
 *   where the storage is full. Nothing is left then
 */
export async function keepDataSet(
  name: string,
  chosen: readonly ChosenFile[],
  progress: (done: number, total: number) => void = () => undefined,
): Promise<NewDataSet> {
  const { files, notes } = arranged(await unpacked(chosen));
  if (!files.some(({ path }) => IMAGE.test(path))) throw noPictures(files);
  expectOwnNames(files);
  await deleteDataSet(name);
  const folder = await openFolder(DATA);
  let bytes = 0;
  try {
    for (const [done, { path, read }] of files.entries()) {
      const names = path.split('/');
      const content = await read();
      const at = await openFolder(DATA, name, ...names.slice(0, -1));
      bytes += await writeParts(at, names.at(-1)!, [content]);
      progress(done + 1, files.length);
    }
    await writeParts(folder, name + WHOLE, [new TextEncoder().encode(`${files.length} ${bytes}`)]);
  } catch (error) {
    await remove(folder, name).catch(() => undefined);
    throw error;
  }
  return { name, files: files.length, bytes, notes };
}

function noPictures(files: readonly { readonly path: string }[]): ShadegradError {
  const endings = [...new Set(files.map(({ path }) => /\.\w+$/.exec(path)?.[0].toLowerCase() ?? 'no ending'))];
  const some = endings.slice(0, 4).join(', ') + (endings.length > 4 ? ', ...' : '');
  return new ShadegradError('DATA_EMPTY', 'There are no pictures in what was chosen', {
    expected: 'JPEG, PNG, WebP, GIF, BMP or AVIF files: pairs side by side, or two folders A and B with equal names',
    received: files.length === 0 ? 'no files' : `${files.length} ${files.length === 1 ? 'file' : 'files'} (${some})`,
    fix: 'choose the folder that holds the pictures, or a zip of it',
  });
}

/** @throws DATA_UNREADABLE for two files that would be one: of folders of one name, or with letters that are written in two ways */
function expectOwnNames(files: readonly { readonly path: string }[]): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    if (seen.has(path)) {
      throw new ShadegradError('DATA_UNREADABLE', `There are two files ${printableName(path)} in what was chosen`, {
        expected: 'a name of its own for each file of a folder',
        received: 'the same one twice, perhaps of two folders that are called alike',
        fix: 'give one of the two another name, or choose one of the folders alone',
      });
    }
    seen.add(path);
  }
}

/** The files themselves, or those in the zip that was chosen. */
async function unpacked(chosen: readonly ChosenFile[]): Promise<ReadableFile[]> {
  const [first] = chosen;
  if (chosen.length === 1 && first) {
    if (isZip(await contentOf({ path: first.path, file: first.file.slice(0, 4) }))) return filesInZip(blobSource(first.file, first.path));
    if (ZIP.test(first.path)) {
      throw new ShadegradError('DATA_UNREADABLE', `${printableName(first.path)} is no zip archive, or an empty one`, {
        expected: 'a zip with pictures in it',
        received: first.file.size === 0 ? 'a file without anything in it' : `${first.file.size} bytes that begin as no zip does`,
        fix: REPACK,
      });
    }
  }
  return chosen.map((each) => ({ path: each.path, read: () => contentOf(each) }));
}

async function contentOf({ path, file }: ChosenFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    if (!isNamed(cause, 'NotReadableError') && !isNamed(cause, 'NotFoundError')) throw cause;
    throw new ShadegradError('DATA_UNREADABLE', `Could not read ${printableName(path)}`, {
      received: String(cause),
      fix: 'choose the pictures again: the file may have been changed, moved or deleted since, or this browser may not read it',
      cause,
    });
  }
}

/** The parts of a path, without those that say nothing; letters are written in one way, however a system or a zip has them. */
const partsOf = (path: string): string[] =>
  path
    .normalize('NFC')
    .split(/[\\/]/)
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (part === '..' ? '_' : part));

/**
 * Lays files out so that data sets are found in them: hidden files are left out, and folders that wrap all of the pictures are taken off.
 * Two folders alone, of whatever names, are the two halves or sets: A and B in the order of their names. Anything else that says neither
 * what it is for (`train`, `val`, `test`) nor which half it is lies in `train/`.
 *
 * @returns the files by their new paths, and what their owner should know
 */
export function arranged<File extends { readonly path: string }>(chosen: readonly File[]): { files: File[]; notes: string[] } {
  let files = chosen.map((file) => ({ file, names: partsOf(file.path) }));
  files = files.filter(({ names }) => names.length > 0 && !names.some((part) => part.startsWith('.') || part === '__MACOSX'));
  // What lies beside the pictures, such as a list of licences, says nothing of how they are laid out.
  const shown = files.filter(({ names }) => hasImageEnding(names.at(-1)!));
  let pictures = (shown.length > 0 ? shown : files).map(({ names }) => names);
  for (let outer = pictures[0]?.[0]; outer !== undefined; outer = pictures[0]?.[0]) {
    const inside = ({ names }: { readonly names: readonly string[] }): boolean => names.length > 1 && names[0] === outer;
    if (SPLIT_OR_SIDE.test(outer) || !pictures.every((names) => inside({ names }))) break;
    pictures = pictures.map((names) => names.slice(1));
    files = files.filter(inside).map(({ file, names }) => ({ file, names: names.slice(1) }));
  }
  const tops = [...new Set(pictures.map((names) => (names.length > 1 ? names[0]! : '')))];
  const place = (folders: ReadonlyMap<string, string>, otherwise: readonly string[]) => ({
    files: files.map(({ file, names }) => {
      const folder = names.length > 1 ? folders.get(names[0]!) : undefined;
      return { ...file, path: (folder === undefined ? [...otherwise, ...names] : [folder, ...names.slice(1)]).join('/') };
    }),
  });
  if (tops.some((name) => SPLIT_OR_SIDE.test(name))) return { ...place(new Map(), []), notes: [] };
  if (tops.length !== 2 || tops.includes('') || holdsNamesakes(pictures)) return { ...place(new Map(), ['train']), notes: [] };
  const [a, b] = tops.sort(naturalOrder) as [string, string];
  const folders = new Map([
    [a, 'A'],
    [b, 'B'],
  ]);
  return { ...place(folders, []), notes: [`${printableName(a)} is taken as A, ${printableName(b)} as B`] };
}

/** Whether a folder has pictures of one name but for the ending, as photos beside their label maps. */
function holdsNamesakes(pictures: readonly (readonly string[])[]): boolean {
  const stems = pictures.map((names) => names.join('/').replace(/\.\w+$/, ''));
  return new Set(stems).size < stems.length;
}
