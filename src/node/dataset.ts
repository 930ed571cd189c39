import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { PairedDataset, ProgressCallback } from '../data/dataset.js';
import { splitPair, type ImagePair, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import { ShadegradError } from '../gpu/errors.js';
import { readImage } from './images.js';

export type Split = 'train' | 'val' | 'test';

export interface PairedFolderOptions {
  /** Shrink halves with a side above this many pixels, each side on its own, before they are cached. */
  maxSide?: number;
  /** Bytes of decoded images to keep; the rest is read again each time. 1 GiB unless given. */
  cacheBytes?: number;
  /** Decode every file now, so that a damaged one is found before the training and not an hour into it. */
  verify?: boolean;
  onProgress?: ProgressCallback;
}

const IMAGE_FILE = /\.(jpe?g|png)$/i;
const LISTED_FAILURES = 5;

/** 2.jpg before 10.jpg, alike on every machine. */
const naturalOrder = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' }).compare;

/**
 * Names of the JPEG and PNG files in a folder, in natural order, hidden ones left out.
 * Throws DATA_NOT_FOUND, DATA_UNREADABLE, or DATA_EMPTY when there is none.
 */
export async function listImages(folder: string): Promise<string[]> {
  const entries = await readFolder(folder);
  const names = entries.filter((name) => IMAGE_FILE.test(name) && !name.startsWith('.')).sort(naturalOrder);
  if (names.length === 0) {
    const others = entries.filter((name) => !name.startsWith('.')).slice(0, 4);
    throw new ShadegradError('DATA_EMPTY', `There are no JPEG or PNG images in ${folder}`, {
      received: others.length === 0 ? 'an empty folder' : `${others.join(', ')}${entries.length > others.length ? ', ...' : ''}`,
      fix: 'Put the images there, or name another folder.',
    });
  }
  return names;
}

async function readFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (code === 'ENOENT') {
      throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${folder}`, {
        expected: 'a folder with train/, val/ or test/ in it, each holding side-by-side pairs',
        fix: 'Check the path.',
        cause,
      });
    }
    throw new ShadegradError('DATA_UNREADABLE', `Could not read the folder ${folder}`, {
      received: `${code} from the file system`,
      fix: code === 'ENOTDIR' ? 'This is a file: name the folder that holds it.' : 'Check that you may read the folder.',
      cause,
    });
  }
}

function shrink(image: RgbImage, maxSide: number): RgbImage {
  const width = Math.min(image.width, maxSide);
  const height = Math.min(image.height, maxSide);
  return width === image.width && height === image.height ? image : resizeBicubic(image, width, height);
}

async function readPair(path: string, maxSide: number): Promise<ImagePair> {
  const pair = splitPair(await readImage(path), path);
  return { name: basename(path), a: shrink(pair.a, maxSide), b: shrink(pair.b, maxSide) };
}

/** Throws an error of the first failure's kind that lists the first few. */
function reportFailures(failures: ShadegradError[], total: number): void {
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  const listed = failures.slice(0, LISTED_FAILURES).map((failure) => `  - ${failure.message.split('\n')[0]}`);
  if (failures.length > LISTED_FAILURES) listed.push(`  - and ${failures.length - LISTED_FAILURES} more`);
  throw new ShadegradError(failures[0].code, `${failures.length} of ${total} images cannot be used:\n${listed.join('\n')}`, {
    fix: 'Fetch or save these files again, or remove them from the folder.',
    cause: failures[0],
  });
}

/**
 * Open one split of a dataset laid out as pix2pix's are: `directory/train`, `directory/val`, `directory/test`, each with
 * JPEG or PNG files that hold A and B side by side. Files are decoded when first asked for and kept as bytes.
 * Throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE; `get`, and this function with `verify`, also IMAGE_CORRUPT,
 * IMAGE_UNSUPPORTED and IMAGE_SIZE, naming the file.
 */
export async function openPairedFolder(
  directory: string, split: Split, options: PairedFolderOptions = {},
): Promise<PairedDataset> {
  const { maxSide = Infinity, cacheBytes = 2 ** 30, verify = false, onProgress } = options;
  if (!(maxSide >= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'maxSide must be at least one pixel.', { received: String(maxSide) });
  }
  // A missing outer folder deserves its own message before a missing split in it.
  await readFolder(directory);
  const folder = join(directory, split);
  const names = await listImages(folder);
  const cache = new Map<number, ImagePair>();
  let cachedBytes = 0;

  const get = (index: number): ImagePair | Promise<ImagePair> => {
    if (!Number.isInteger(index) || index < 0 || index >= names.length) {
      throw new ShadegradError('INVALID_ARGUMENT', `No such pair in ${folder}`, {
        expected: `an index from 0 to ${names.length - 1}`,
        received: String(index),
      });
    }
    return cache.get(index) ?? load(index);
  };
  const load = async (index: number): Promise<ImagePair> => {
    const pair = await readPair(join(folder, names[index]), maxSide);
    const bytes = pair.a.data.length + pair.b.data.length;
    if (!cache.has(index) && cachedBytes + bytes <= cacheBytes) {
      cache.set(index, pair);
      cachedBytes += bytes;
    }
    return pair;
  };

  if (verify) {
    const failures: ShadegradError[] = [];
    for (let index = 0; index < names.length; index++) {
      try {
        await get(index);
      } catch (error) {
        if (!(error instanceof ShadegradError)) throw error;
        failures.push(error);
      }
      onProgress?.(index + 1, names.length);
    }
    reportFailures(failures, names.length);
  }
  return { name: `${basename(resolve(directory))}/${split}`, length: names.length, get };
}
