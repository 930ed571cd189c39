import { ShadegradError } from '../../errors.js';
import type { ByteSource } from '../../formats/byte-source.js';
import { crc32 } from '../../formats/crc32.js';
import { printableName } from '../../formats/names.js';
import { isZip, readZipDirectory, type ZipEntry } from '../../formats/zip-read.js';
import { blobSource } from '../blob-source.js';
import type { FilesByPath } from './image-tree.js';
import { fileIn, listFolder, openFolder, remove, writeParts } from './opfs.js';

/** A file of a data set, with its path below the folder that was chosen, such as `train/1.png`. */
export interface ChosenFile {
  readonly path: string;
  readonly file: Blob;
}

/** A data set that is kept in the browser. */
export interface KeptDataSet {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
}

const DATA = 'data';
/** A data set is taken for one only when this lies beside it: then all of it has arrived. */
const WHOLE = '.whole';
/** Names of folders that say what lies in them: they are no wrapping round a data set. */
const SPLIT_OR_SIDE = /^(?:(?:train|val|test)[AB]?|[AB])$/i;
const IMAGE = /\.(?:jpe?g|jfif|png|webp|gif|bmp|avif)$/i;
/** What an entry of an archive may unpack to: more is no picture. */
const LARGEST_ENTRY = 512 * 2 ** 20;

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
 * Keeps a data set in the browser, in a worker: a folder's files, or what is in a zip. Folders that wrap the whole are taken off, and
 * pictures that lie in no folder are those to train on. One of the same name is replaced.
 *
 * @param progress told how many files are there
 * @throws DATA_EMPTY without any picture; DATA_UNREADABLE for a damaged zip; WRITE_FAILED where the storage is full: nothing is left then
 */
export async function keepDataSet(
  name: string,
  chosen: readonly ChosenFile[],
  progress: (done: number, total: number) => void = () => undefined,
): Promise<KeptDataSet> {
  const files = arranged(await unpacked(chosen));
  if (!files.some(({ path }) => IMAGE.test(path))) {
    throw new ShadegradError('DATA_EMPTY', 'There are no pictures in what was chosen', {
      expected: 'JPEG, PNG, WebP, GIF, BMP or AVIF files: pairs side by side, or two folders A and B with equal names',
      received: `${files.length} ${files.length === 1 ? 'file' : 'files'}`,
      fix: 'choose the folder that holds the pictures, or a zip of it',
    });
  }
  await deleteDataSet(name);
  const folder = await openFolder(DATA);
  let bytes = 0;
  try {
    for (const [done, { path, read }] of files.entries()) {
      const names = path.split('/');
      const at = await openFolder(DATA, name, ...names.slice(0, -1));
      bytes += await writeParts(at, names.at(-1)!, [await read()]);
      progress(done + 1, files.length);
    }
    await writeParts(folder, name + WHOLE, [new TextEncoder().encode(`${files.length} ${bytes}`)]);
  } catch (error) {
    await remove(folder, name).catch(() => undefined);
    throw error;
  }
  return { name, files: files.length, bytes };
}

interface ReadableFile {
  readonly path: string;
  read(): Promise<Uint8Array>;
}

/** The files themselves, or those in the zip that was chosen. */
async function unpacked(chosen: readonly ChosenFile[]): Promise<ReadableFile[]> {
  const [first] = chosen;
  if (chosen.length === 1 && first && isZip(new Uint8Array(await first.file.slice(0, 4).arrayBuffer()))) return inZip(first);
  return chosen.map(({ path, file }) => ({ path, read: async () => new Uint8Array(await file.arrayBuffer()) }));
}

async function inZip({ path: name, file }: ChosenFile): Promise<ReadableFile[]> {
  const source = blobSource(file, name);
  const entries = await readZipDirectory(source).catch((error: unknown) => {
    throw error instanceof ShadegradError && error.code.startsWith('WEIGHTS_') ? error.withCode('DATA_UNREADABLE') : error;
  });
  return [...entries.values()]
    .filter((entry) => !entry.name.endsWith('/'))
    .map((entry) => ({ path: entry.name, read: () => readEntry(source, entry) }));
}

async function readEntry(source: ByteSource, { name, start, size, method, crc }: ZipEntry): Promise<Uint8Array> {
  const bad = (what: string, received: string): ShadegradError =>
    new ShadegradError('DATA_UNREADABLE', `${printableName(name)} in ${printableName(source.name)} ${what}`, {
      received,
      fix: 'pack the folder again, with a program that makes plain zip files',
    });
  const packed = new Uint8Array(size);
  await source.read(start, packed);
  if (method !== 0 && method !== 8) throw bad('is compressed in a way that is not read', `method ${method}`);
  const bytes = method === 0 ? packed : await inflated(packed).catch((cause: unknown) => Promise.reject(bad('is damaged', String(cause))));
  if (crc !== 0 && crc32(bytes) !== crc) throw bad('is damaged', 'bytes of another checksum');
  return bytes;
}

async function inflated(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    total += next.value.length;
    if (total > LARGEST_ENTRY) throw new Error(`more than ${LARGEST_ENTRY} bytes`);
    parts.push(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Paths that data sets are found by: no wrapping, nothing hidden, loose pictures in train/. */
export function arranged<File extends { readonly path: string }>(files: readonly File[]): File[] {
  const split = files.map((file) => ({ file, names: file.path.split(/[\\/]/).filter((part) => part !== '' && part !== '.') }));
  let visible = split.filter(({ names }) => names.length > 0 && !names.some((part) => part.startsWith('.') || part === '__MACOSX'));
  for (;;) {
    const [first] = visible;
    const outer = first?.names[0];
    const wraps = outer !== undefined && !SPLIT_OR_SIDE.test(outer) && visible.every(({ names }) => names.length > 1 && names[0] === outer);
    if (!wraps) break;
    visible = visible.map(({ file, names }) => ({ file, names: names.slice(1) }));
  }
  const hasParts = visible.some(({ names }) => names.length > 1 && SPLIT_OR_SIDE.test(names[0]!));
  return visible.map(({ file, names }) => ({
    ...file,
    path: (names.length === 1 && !hasParts ? ['train', ...names] : names).map((part) => (part === '..' ? '_' : part)).join('/'),
  }));
}
