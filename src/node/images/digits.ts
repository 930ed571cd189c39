import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { imageOfBytes } from '../../data/grey.js';
import { digitLabels } from '../../data/synthetic-digits.js';
import { parseIdx, type IdxBytes } from '../../formats/idx.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { ImageFolder } from './image-sets.js';
import { readBytes } from './read.js';

/** How MNIST calls the files of its splits. */
const PREFIX = { train: 'train', test: 't10k' } as const;
/** Far beyond any set of this kind: a file that unpacks to more is none. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Opens digits as MNIST's own files have them, or a set of its form: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, to test
 * `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`; also with a dot before `idx`, and with `.gz`. Everything is read at once, and
 * checked. Without labels the digits are images like others, if nothing needs more.
 *
 * @param labelled whether labels are needed
 * @returns null for a folder that has neither of the two files of the split
 * @throws DATA_NOT_FOUND for labels without images, and for images without labels that are needed; IMAGE_CORRUPT for a file that is damaged
 *   or of another format, for counts that differ, and for labels that are no digits; DATA_EMPTY for a set without images; DATA_UNREADABLE
 */
export async function openDigits(directory: string, split: keyof typeof PREFIX, labelled = true): Promise<ImageFolder | null> {
  const names = await readdir(directory).catch(() => [] as string[]);
  const find = (what: string): string | undefined =>
    names.filter((name) => new RegExp(`^${PREFIX[split]}-${what}[-.]idx\\d-ubyte(\\.gz)?$`, 'i').test(name)).sort()[0];
  const files = { images: find('images'), labels: find('labels') };
  if (files.images === undefined && files.labels === undefined) return null;
  const missing = files.images === undefined ? 'images' : files.labels === undefined && labelled ? 'labels' : undefined;
  if (missing !== undefined) {
    throw new ShadegradError('DATA_NOT_FOUND', `There is no file of ${missing} in ${printableName(directory)}`, {
      expected: `${PREFIX[split]}-${missing}-idx${missing === 'images' ? 3 : 1}-ubyte, or that with .gz`,
      received: (files.images ?? files.labels)!,
      fix: 'put the images and their labels into one folder, under the names that they are published by',
    });
  }
  const images = await readIdx(join(directory, files.images!), 3);
  const labels = files.labels === undefined ? undefined : await readIdx(join(directory, files.labels), 1);
  const [count, height, width] = images.shape as [number, number, number];
  checkCounts(directory, images, labels);
  return {
    kind: 'images',
    name: `${basename(resolve(directory))}/${split}`,
    length: count,
    get(index) {
      const start = index * height * width;
      const bytes = images.data.subarray(start, start + height * width);
      const name = labels ? `${labels.data[index]} (image ${index + 1})` : `image ${index + 1}`;
      return { name, image: imageOfBytes(bytes, width, height, 1) };
    },
    ...(labels && { labels: digitLabels((index) => labels.data[index]!) }),
    notes: [],
    // Other sets of this format have files of the same names and sizes.
    fingerprint: async () =>
      createHash('sha256')
        .update(images.data)
        .update(labels?.data ?? '')
        .digest('hex')
        .slice(0, 16),
  };
}

async function readIdx(path: string, axes: number): Promise<IdxBytes> {
  const name = printableName(path);
  const bytes = await readBytes(path);
  if (!path.toLowerCase().endsWith('.gz')) return parseIdx(bytes, name, axes);
  const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES }).catch((cause: NodeJS.ErrnoException) => {
    throw new ShadegradError('IMAGE_CORRUPT', `${name} cannot be unpacked`, {
      expected: 'a whole file of gzip',
      received: cause.code ?? cause.message,
      fix: 'fetch the file again; one that was unpacked already has no .gz at its end',
      cause,
    });
  });
  return parseIdx(unpacked, name, axes);
}

function checkCounts(directory: string, images: IdxBytes, labels: IdxBytes | undefined): void {
  const [count, height, width] = images.shape as [number, number, number];
  const folder = printableName(directory);
  if (count * height * width === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in the files of ${folder}`, {
      expected: 'at least one image of at least one pixel',
      received: images.shape.join(' x '),
      fix: 'fetch the files again',
    });
  }
  if (!labels) return;
  if (labels.shape[0] !== count) {
    throw new ShadegradError('IMAGE_CORRUPT', `Images and labels in ${folder} are of different sets`, {
      expected: `a label for each of ${count} images`,
      received: `${labels.shape[0]} labels`,
      fix: 'take both files from one set, those to train on or those to test',
    });
  }
  const strange = labels.data.findIndex((label) => label > 9);
  if (strange < 0) return;
  throw new ShadegradError('IMAGE_CORRUPT', `Labels in ${folder} are no digits`, {
    expected: 'numbers from 0 to 9',
    received: `${labels.data[strange]} for image ${strange + 1}`,
    fix: 'only sets of ten classes can be read in this format; put others into a folder for each class',
  });
}
