import { widthAndHeight } from '../../pixel-size.js';
import type { PairedDataset, ProgressCallback } from '../../data/dataset.js';
import { expectHalves, splitPair, type ImagePair, type RgbImage } from '../../data/image.js';
import type { HalfReading } from '../../data/codings/options.js';
import { expectOptions } from '../../checks.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { atMost } from '../../data/at-most.js';
import { findPairs, type PairFiles, type Split } from './pair-layout.js';
import { limitFor, shrink, type SideLimit } from './picture.js';
import { blendOnWhite } from './samples.js';
import type { ImageTree } from './image-tree.js';
import type { Samples } from './samples.js';

export type { Split } from './pair-layout.js';

/** How the halves of pairs are read, where that is not as eight-bit pictures. */
export interface HalfReadings {
  /** That of half A. */
  readonly a?: HalfReading;
  /** That of half B. */
  readonly b?: HalfReading;
}

/** Options of openPairedFolder(): what is kept in memory, and what is checked at once. */
export interface PairedFolderOptions {
  /**
   * The longest side in pixels, or the longest width and height: halves with longer ones are shrunk, each side on its own, before they are
   * cached.
   */
  maxSide?: SideLimit;
  /** How halves are read that are more than eight-bit pictures: arrays, deep pictures, index maps. Default: as pictures. */
  halves?: HalfReadings;
  /** The bytes of decoded images to keep; the rest is read again each time. Default 1 GiB. */
  cacheBytes?: number;
  /** Whether to decode every file now, so that a damaged one is found before the training and not an hour into it. Default false. */
  verify?: boolean;
  /** Told how many pairs are decoded, with `verify`. */
  onProgress?: ProgressCallback;
}

/** The names of PairedFolderOptions. */
export const PAIRED_FOLDER_OPTIONS: readonly (keyof PairedFolderOptions)[] = ['maxSide', 'cacheBytes', 'verify', 'halves', 'onProgress'];

/** A data set of pairs in files. */
export interface PairedFolder extends PairedDataset {
  /** What the user should know: how the pairs lie in the folder, what was left out of it. */
  readonly notes: readonly string[];
  /**
   * Reads the sides that the halves of a pair have from the headers of its files.
   *
   * @throws what `get` throws, but for damage to the pixels
   */
  sides(index: number): Promise<{ width: number; height: number }>;
  /** The name of a pair, as `get` gives it. */
  nameOf(index: number): string;
  /** Pairs of this set as they lie in their files: neither shrunk, nor kept in memory. */
  readonly asStored: PairedDataset;
  /** Hashes the names of all pairs and the sizes of their files in bytes: it tells one set from another without reading any. */
  fingerprint(): Promise<string>;
}

const LISTED_FAILURES = 5;
/** Pairs of a folder that are read at the same time, however many are asked for: systems bound a process's open files. */
const PAIRS_AT_ONCE = 8;

/**
 * Opens one split of a data set on disk: pairs side by side in one picture, in two folders by name, or as photo and label map beside
 * each other, as docs/data.md says. Files are decoded when first asked for, a few at a time however many are asked for at once, and
 * kept as bytes.
 *
 * @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE; INVALID_ARGUMENT for another split, or a `maxSide` below 1; `get`, and this
 *   function with `verify`, also IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE and IMAGE_DECODER, naming the file
 */
export async function openPairedTree(
  tree: ImageTree,
  directory: string,
  split: Split,
  options: PairedFolderOptions = {},
): Promise<PairedFolder> {
  const {
    maxSide = Infinity,
    cacheBytes = 2 ** 30,
    verify = false,
    halves = {},
    onProgress,
  } = expectOptions('openPairedFolder', options, PAIRED_FOLDER_OPTIONS);
  if (split !== 'train' && split !== 'val' && split !== 'test') {
    throw new ShadegradError('INVALID_ARGUMENT', 'split of a folder of pairs', {
      expected: "'train', 'val' or 'test'",
      received: String(split),
      fix: "name the part to open: openPairedFolder(directory, 'train')",
    });
  }
  if (typeof maxSide !== 'function' && !widthAndHeight(maxSide).every((side) => side >= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', `maxSide ${String(maxSide)} of a folder of pairs`, {
      expected: 'at least 1 pixel',
      received: String(maxSide),
      fix: 'pass the side that pairs are resized to, or leave maxSide out',
    });
  }
  const { folder, pairs, notes } = await findPairs(tree, directory, split);
  const cache = new Map<number, ImagePair>();
  let cachedBytes = 0;
  // Nothing is read twice for what is asked for at the same time, nor for what was seen before.
  const loading = new Map<number, Loading>();
  const seenSides = new Map<number, Sides>();
  const inTurn = atMost(PAIRS_AT_ONCE);

  const filesOf = (index: number): PairFiles => {
    const files = Number.isInteger(index) ? pairs[index] : undefined;
    if (files) return files;
    throw new ShadegradError('INVALID_ARGUMENT', `no such pair in ${printableName(folder)}`, {
      expected: `an index from 0 to ${pairs.length - 1}`,
      received: String(index),
      fix: 'ask for an index below the length of the data set',
    });
  };
  const load = async (index: number): Promise<ImagePair> => {
    const { pair, sides, files } = await readPair(tree, filesOf(index), maxSide, halves);
    seenSides.set(index, sides);
    const current = loading.get(index)!;
    if (current.asksForContent) current.content = hashOf(tree, files);
    const bytes = bytesOfImage(pair.a) + bytesOfImage(pair.b);
    if (!cache.has(index) && cachedBytes + bytes <= cacheBytes) {
      cache.set(index, pair);
      cachedBytes += bytes;
    }
    return pair;
  };
  const dataset: PairedFolder = {
    name: `${tree.nameOf(directory)}/${split}`,
    length: pairs.length,
    notes,
    get: (index) => {
      filesOf(index);
      const known = cache.get(index) ?? loading.get(index)?.pair;
      if (known) return known;
      const pair = inTurn(() => load(index)).finally(() => loading.delete(index));
      loading.set(index, { pair, asksForContent: false });
      return pair;
    },
    nameOf: (index) => filesOf(index).name,
    sides: async (index) => {
      const known = seenSides.get(index) ?? (await inTurn(() => readPairSides(tree, filesOf(index))));
      seenSides.set(index, known);
      const { width, height } = known;
      const [mostWidth, mostHeight] = widthAndHeight(limitFor(known, maxSide));
      return { width: Math.min(width, mostWidth), height: Math.min(height, mostHeight) };
    },
    contentOf: async (index) => {
      const files = filesOf(index);
      const current = loading.get(index);
      if (current) {
        current.asksForContent = true;
        // What is wrong with the pixels is no matter of the content.
        await current.pair.catch(() => null);
        if (current.content !== undefined) return current.content;
      }
      return inTurn(async () => hashOf(tree, await Promise.all(pathsOf(files).map((path) => tree.bytes(path)))));
    },
    fingerprint: () => fingerprintOf(tree, pairs),
    asStored: {
      name: `${tree.nameOf(directory)}/${split}`,
      length: pairs.length,
      get: (index) => inTurn(async () => (await readPair(tree, filesOf(index), Infinity, halves)).pair),
      contentOf: (index) => dataset.contentOf!(index),
    },
  };
  if (verify)
    await verifyPairs(
      dataset,
      Array.from({ length: pairs.length }, (_, index) => index),
      onProgress,
    );
  return dataset;
}

const bytesOfImage = ({ data, values }: RgbImage): number => data.length + (values?.data.byteLength ?? 0);

/** Files that are looked at at the same time. */
const AT_ONCE = 16;

async function fingerprintOf(tree: ImageTree, pairs: readonly PairFiles[]): Promise<string> {
  // A file that is gone meanwhile is named when it is read.
  const bytesOf = async (path: string | undefined): Promise<number> => (path === undefined ? 0 : tree.size(path));
  const hash = tree.hash();
  for (let start = 0; start < pairs.length; start += AT_ONCE) {
    const some = pairs.slice(start, start + AT_ONCE);
    const lines = await Promise.all(some.map(async ({ name, a, b }) => JSON.stringify([name, await bytesOf(a), await bytesOf(b)])));
    hash.update(lines.join());
  }
  return hash.digest('hex').slice(0, 16);
}

/** Decodes some pairs of a data set to find damaged ones. @throws as verifySamples() */
function verifyPairs(dataset: PairedDataset, indices: readonly number[], onProgress?: ProgressCallback): Promise<void> {
  return verifySamples(
    'pairs',
    indices.map((index) => () => dataset.get(index)),
    onProgress,
  );
}

/**
 * Reads some samples, one after the other, to find those that cannot be used.
 *
 * @param noun what a sample is: `pairs`
 * @throws the failure, or an error of the first one's kind that lists the first few
 */
export async function verifySamples(
  noun: 'pairs' | 'images',
  reads: readonly (() => unknown)[],
  onProgress?: ProgressCallback,
): Promise<void> {
  const failures: ShadegradError[] = [];
  for (const [done, read] of reads.entries()) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      failures.push(error);
    }
    onProgress?.(done + 1, reads.length);
  }
  if (failures.length === 0) return;
  if (failures.length === 1) {
    const [{ code, what, expected, received, fix }] = failures as [ShadegradError];
    if (reads.length === 1) throw failures[0]!;
    const others = `${what} (the others of the ${reads.length} ${noun} that were looked at can be used)`;
    throw new ShadegradError(code, others, { expected, received, fix, cause: failures[0] });
  }
  const shown = failures.slice(0, LISTED_FAILURES).map(({ message, code, expected, received }) => {
    const known = code === 'IMAGE_SIZE' && expected !== undefined && received !== undefined;
    const sizes = known ? ` (expected ${expected}; received ${received})` : '';
    return `  - ${message.split('\n')[0]}${sizes}`;
  });
  if (failures.length > LISTED_FAILURES) shown.push(`  - and ${failures.length - LISTED_FAILURES} more`);
  throw new ShadegradError(failures[0]!.code, `${failures.length} of ${reads.length} ${noun} cannot be used:\n${shown.join('\n')}`, {
    fix: failures.every(({ fix }) => fix === failures[0]!.fix)
      ? failures[0]!.fix
      : 'fetch or save these files again, or take them out of the folder',
    cause: failures[0],
  });
}

/** A pair that is being read. */
interface Loading {
  readonly pair: Promise<ImagePair>;
  /** Whether its content is asked for, too. */
  asksForContent: boolean;
  content?: string;
}

interface Sides {
  readonly width: number;
  readonly height: number;
}

const pathsOf = ({ a, b }: PairFiles): string[] => (b === undefined ? [a] : [a, b]);

function hashOf(tree: ImageTree, files: readonly Uint8Array[]): string {
  const hash = tree.hash();
  for (const bytes of files) hash.update(`${bytes.length} `).update(bytes);
  return hash.digest('hex');
}

/** @returns the pair, the sides of its halves as they are in its files, and the bytes of these */
async function readPair(
  tree: ImageTree,
  pair: PairFiles,
  limit: SideLimit,
  halves: HalfReadings,
): Promise<{ pair: ImagePair; sides: Sides; files: Uint8Array[] }> {
  if (halves.a ?? halves.b) return readDeepPair(tree, pair, limit, halves);
  const { name, a, b } = pair;
  const files: Uint8Array[] = [];
  const pictures: Samples[] = [];
  for (const path of pathsOf(pair)) {
    const bytes = await tree.bytes(path);
    files.push(bytes);
    pictures.push(await tree.decode(bytes, printableName(path)));
  }
  const [first, second] = pictures as [Samples, Samples?];
  if (!second) expectHalves(first, printableName(a));
  else checkHalves(a, b!, first, second);
  const inHalves = !second;
  const sides = { width: inHalves ? first.width / 2 : first.width, height: first.height };
  const maxSide = limitFor(sides, limit);
  const images = await Promise.all(pictures.map((samples) => tree.finish({ samples, inHalves, maxSide })));
  const [left, right] = images.flat() as [RgbImage, RgbImage];
  return { pair: { name, a: left, b: right }, sides, files };
}

/** As readPair(), where a half is more than an eight-bit picture. */
async function readDeepPair(
  tree: ImageTree,
  pair: PairFiles,
  limit: SideLimit,
  halves: HalfReadings,
): Promise<{ pair: ImagePair; sides: Sides; files: Uint8Array[] }> {
  const files = await Promise.all(pathsOf(pair).map((path) => tree.bytes(path)));
  const [first, second] = files as [Uint8Array, Uint8Array?];
  const inHalves = second === undefined;
  const decode = async (half: 'a' | 'b'): Promise<RgbImage> => {
    const [bytes, path] = half === 'a' || inHalves ? [first, pair.a] : [second, pair.b!];
    const reading = halves[half];
    return reading ? tree.decodeValues(bytes, printableName(path), reading) : blendOnWhite(await tree.decode(bytes, printableName(path)));
  };
  const [a, b] = [await decode('a'), await decode('b')];
  if (inHalves) expectHalves(a, printableName(pair.a));
  else checkHalves(pair.a, pair.b!, a, b);
  const [left, right] = inHalves ? [splitPair(a).a, splitPair(b).b] : [a, b];
  const sides = { width: left.width, height: left.height };
  const maxSide = limitFor(sides, limit);
  return { pair: { name: pair.name, a: shrink(left, { maxSide }), b: shrink(right, { maxSide }) }, sides, files };
}

/** @throws IMAGE_SIZE for halves of different sizes: they are aligned pixel by pixel, so resizing one would only hide it */
function checkHalves(a: string, b: string, sidesA: Sides, sidesB: Sides): void {
  if (sidesA.width === sidesB.width && sidesA.height === sidesB.height) return;
  throw new ShadegradError('IMAGE_SIZE', `${printableName(a)}: the two halves of the pair differ in size`, {
    expected: `${sidesA.width} x ${sidesA.height} pixels, as half A`,
    received: `${sidesB.width} x ${sidesB.height} pixels in ${printableName(b)}`,
    fix: 'bring both to one size, or take the pair out of the folders',
  });
}

async function readPairSides(tree: ImageTree, { a, b }: PairFiles): Promise<Sides> {
  const sides = await tree.sides(a);
  if (b !== undefined) {
    checkHalves(a, b, sides, await tree.sides(b));
    return sides;
  }
  expectHalves(sides, printableName(a));
  return { width: sides.width / 2, height: sides.height };
}
