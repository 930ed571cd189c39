import type { PairedDataset, ProgressCallback } from '../../data/dataset.js';
import type { ImagePair, RgbImage } from '../../data/image.js';
import { firstSamples } from '../../data/first-samples.js';
import { expectPrepared, isCutOnHost, keptSize, shrunkSize } from '../../data/preprocess/prepare.js';
import { spread } from '../../data/spread.js';
import { syntheticFacades } from '../../data/synthetic-facades.js';
import {
  imageAt,
  isImageSet,
  isUnpaired,
  selfPairs,
  serialPairs,
  unpaired,
  type ImageSet,
  type UnpairedDataset,
} from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import { formatCount } from '../../formats/words.js';
import { longerSide, pixelSize, widthAndHeight, type PixelSize } from '../../pixel-size.js';
import type { TrainingDataset } from '../batches.js';
import { noImageSets, openImageFolder, openImageSets, type ImageSetsFolder } from '../files/image-sets.js';
import type { ImageTree } from '../files/image-tree.js';
import { findPairs, type Split } from '../files/pair-layout.js';
import { openPairedTree, verifySamples, type HalfReadings, type PairedFolder, type PairedFolderOptions } from '../files/paired-folder.js';
import type { DrawnData, ImagePlan, TrainingScheme } from '../scheme.js';
import { completeOptions } from '../trainer-options.js';
import { optionsOf, type RunSettings } from './settings.js';
import { SAMPLED_PAIRS } from './validation.js';

/** Where the pairs of a run come from: a folder, or `synthetic` for those drawn by this project. */
export type DataSource = string;
export const SYNTHETIC = 'synthetic';

export interface TrainingData<Dataset extends TrainingDataset = PairedDataset> {
  readonly train: Dataset;
  /** What is measured: of two sets, their images side by side. */
  readonly validation: PairedDataset;
  /** The training images as the device should keep them, in pixels. */
  readonly storedSize: PixelSize;
  /**
   * The training images as those are read that are measured, for what is measured beside these, such as their mean. Left out where
   * `train` is as good: of images that are drawn.
   */
  readonly compared?: TrainingDataset;
  /** Of the names and sizes of the training files; of pairs that are drawn, none. */
  readonly fingerprint?: string;
  /** Whether there is nothing but what is trained on to measure: a single sample. */
  readonly unvalidated?: boolean;
}

const SYNTHETIC_PAIRS = { train: 400, val: 100 } as const;
/** Sides that synthetic facades can be drawn at. */
const SYNTHETIC_SIDES = { min: 32, max: 512 } as const;
/** Decoded training images that are kept in memory. */
export const CACHE_BYTES = 2 ** 30;
/**
 * How images are read that are measured: as they lie in their files, so that they are resized once, to the size of the networks, as
 * `translate` does. Those to train on are kept at the size before the random crop; brought from there to that of the networks they would be
 * softer. Whoever measures holds them.
 */
export const AS_STORED = { maxSide: Infinity, cacheBytes: 0 } as const;
/** Files whose headers are read at the same time. */
const HEADERS_AT_ONCE = 8;
/** And so many whose sizes are looked at, for which their headers do. */
const SIZED_PAIRS = 1000;
/** Of a folder without val/ and test/, this share of the training images is held out, but no more than so many. */
export const HELD_OUT = { share: 0.1, most: 50 } as const;

/** How many samples of a set are held out to validate, where there are no others for that: none of a single one. */
export const heldOutCount = (length: number): number => (length === 1 ? 0 : Math.min(Math.ceil(length * HELD_OUT.share), HELD_OUT.most));

/** What is said of a set of one sample, where there are no others. @param noun such as `pair` */
export const unvalidatedNote = (noun: string): string =>
  `note: there is a single ${noun} and neither val/ nor test/: nothing is held out, so there is no validation; ` +
  'what is measured and shown is that which is trained on';

/** Where images lie, and who is told how far a long piece of work on them is. */
export interface DataPlace {
  readonly tree: ImageTree;
  /** Runs a piece of work, and shows how far it is. */
  watch<T>(work: (onProgress: ProgressCallback) => Promise<T>, what: string): Promise<T>;
}

/**
 * Opens the pairs of a run. A sample is decoded, and of many more the sizes are looked at, so that what is wrong with all of them is found
 * before the training; a damaged picture among many is named when it is met.
 *
 * @param note prints what the user should know about the data
 * @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE, IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE, IMAGE_DECODER
 */
export async function openTrainingData(
  place: DataPlace,
  source: DataSource,
  plan: ImagePlan & { readonly seed: number; readonly halves?: HalfReadings },
  note: (line: string) => void,
  openFolder = (source: DataSource, split: Split, options: PairedFolderOptions) => openPairedTree(place.tree, source, split, options),
): Promise<TrainingData<PairedDataset>> {
  const { size, loadSize, seed } = plan;
  if (source === SYNTHETIC) {
    const drawn = (wanted: PixelSize): number => Math.min(Math.max(longerSide(wanted), SYNTHETIC_SIDES.min), SYNTHETIC_SIDES.max);
    const draw = (split: 'train' | 'val', side: number) => syntheticFacades({ count: SYNTHETIC_PAIRS[split], size: side, seed, split });
    // They are squares: rectangles and larger ones are resized, as photos are that are smaller than the networks' images.
    const storedSize = typeof loadSize === 'number' && !isCutOnHost(plan) ? drawn(loadSize) : keptSize(plan);
    return { train: draw('train', drawn(loadSize)), validation: draw('val', drawn(size)), storedSize };
  }
  const { halves = {} } = plan;
  const open = async (split: Split, kept: Pick<PairedFolderOptions, 'maxSide' | 'cacheBytes'>): Promise<PairedFolder> => {
    const folder = await openFolder(source, split, { ...kept, halves });
    for (const line of folder.notes) note(line);
    return folder;
  };
  const train = await open('train', { maxSide: shrunkSize(plan), cacheBytes: CACHE_BYTES });
  const held = heldOutCount(train.length);
  const other = await openFirst((split) => open(split, AS_STORED), ['val', 'test'], note);
  const { validation, remark, unvalidated = false } = other ?? holdOut(train.asStored, held);
  if (remark !== undefined) note(remark);
  const isHeldOut = other === undefined && held > 0;
  const trainedOn = (pairs: PairedDataset): PairedDataset => (isHeldOut ? partOfPairs(pairs, 'the rest', 0, pairs.length - held) : pairs);
  const pairs = trainedOn(train);
  const sampled = new Set(spread(pairs.length, SAMPLED_PAIRS));
  const looked = [...new Set([...sampled, ...spread(train.length, SIZED_PAIRS)])].sort((a, b) => a - b);
  const reads = looked.map((index) => async () => {
    if (sampled.has(index)) await pairs.get(index);
    else await train.sides(index);
    if (isCutOnHost(plan)) expectPrepared(await train.sides(index), plan, train.nameOf(index));
  });
  await place.watch((onProgress) => verifySamples('pairs', reads, onProgress), 'looking at the pairs of train/');
  return {
    train: pairs,
    compared: trainedOn(train.asStored),
    validation: resizedOnce(validation, plan),
    storedSize: isCutOnHost(plan) ? keptSize(plan) : await ownSize(train, loadSize),
    fingerprint: await train.fingerprint(),
    ...(unvalidated && { unvalidated }),
  };
}

interface Validation {
  validation: PairedDataset;
  remark?: string;
  unvalidated?: true;
}

async function openFirst(
  open: (split: Split) => Promise<PairedFolder>,
  splits: readonly Split[],
  note: (line: string) => void,
): Promise<Validation | undefined> {
  for (const split of splits) {
    try {
      return {
        validation: await open(split),
        ...(split !== 'val' && { remark: `there is no val/ with pairs; ${split}/ is used to validate` }),
      };
    } catch (error) {
      if (!(error instanceof ShadegradError) || !['DATA_NOT_FOUND', 'DATA_EMPTY'].includes(error.code)) throw error;
      if (error.code === 'DATA_EMPTY') note(`note: ${error.what.replace(/^There/, 'there')}: nothing can be validated on it`);
    }
  }
  return undefined;
}

/** The last pairs of a set, to validate on; of a single one, that one. */
function holdOut(train: PairedDataset, count: number): Validation {
  if (count === 0) return { validation: train, remark: unvalidatedNote('pair'), unvalidated: true };
  return {
    validation: partOfPairs(train, 'held out', train.length - count, count),
    remark: `there is neither val/ nor test/ with pairs; the last ${count} of ${train.length} training pairs are held out to validate`,
  };
}

/**
 * Pairs whose contents say where they are resized once and earlier versions resized them twice: what was measured then was of softer
 * images, and a run that goes on does not compare it with what is measured now.
 */
function resizedOnce(pairs: PairedDataset, plan: ImagePlan): PairedDataset {
  const [width, height] = widthAndHeight(plan.loadSize);
  const [cropWidth, cropHeight] = widthAndHeight(plan.size);
  if (!pairs.contentOf || isCutOnHost(plan) || (width === cropWidth && height === cropHeight)) return pairs;
  const isLarger = (image: RgbImage): boolean => image.width > width || image.height > height;
  const seen = new Map<number, Promise<boolean>>();
  const get = (index: number): Promise<ImagePair> => {
    const pair = Promise.resolve(pairs.get(index));
    const larger = pair.then(
      ({ a, b }) => isLarger(a) || isLarger(b),
      () => false,
    );
    seen.set(index, larger);
    return pair;
  };
  const contentOf = async (index: number): Promise<string> => {
    if (!seen.has(index)) await get(index);
    const [content, larger] = await Promise.all([pairs.contentOf!(index), seen.get(index)]);
    return larger ? `${content} resized once` : content;
  };
  return { ...pairs, get, contentOf };
}

const partOfPairs = (pairs: PairedDataset, name: string, start: number, length: number): PairedDataset => ({
  name: `${pairs.name} (${name})`,
  length,
  get: (index) => pairs.get(start + index),
  ...(pairs.contentOf && { contentOf: (index: number) => pairs.contentOf!(start + index) }),
});

/**
 * The size that all images share, when its sides are even; else what they would be resized to anyway. Read from headers, and of a set that
 * is too large to be kept in memory from the first one's alone.
 */
async function ownSize(train: PairedFolder, loadSize: PixelSize): Promise<PixelSize> {
  const { width, height } = await train.sides(0);
  const inMemory = train.length * width * height * 6 <= CACHE_BYTES;
  const [mostWidth, mostHeight] = widthAndHeight(loadSize);
  const square = typeof loadSize === 'number';
  if (!inMemory || width % 2 !== 0 || height % 2 !== 0 || width > mostWidth || height > mostHeight || (square && width !== height))
    return loadSize;
  for (let start = 1; start < train.length; start += HEADERS_AT_ONCE) {
    const indices = Array.from({ length: Math.min(HEADERS_AT_ONCE, train.length - start) }, (_, index) => start + index);
    const sides = await Promise.all(indices.map((index) => train.sides(index)));
    if (sides.some((other) => other.width !== width || other.height !== height)) return loadSize;
  }
  return pixelSize(width, height);
}
/**
 * Opens what a scheme trains on that needs no pairs: two sets of images, or pairs whose halves are then two sets. A sample is decoded, so
 * that what is wrong with all of them is found before the training.
 *
 * @param note prints what the user should know about the data
 * @throws as openTrainingData()
 */
export async function openUnpairedData(
  place: DataPlace,
  source: DataSource,
  plan: ImagePlan & { readonly seed: number },
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  const options = { maxSide: shrunkSize(plan), cacheBytes: CACHE_BYTES };
  const train = source === SYNTHETIC ? null : await openImageSets(place.tree, source, 'train', options);
  if (!train) {
    // What is wrong with pairs is no help to whoever needs none.
    if (source !== SYNTHETIC)
      await findPairs(place.tree, source, 'train').catch(async (error: unknown) => {
        if (!(error instanceof ShadegradError) || !error.code.startsWith('DATA_') || error.cause !== undefined) throw error;
        throw await noImageSets(place.tree, source, error.code);
      });
    const { train: pairs, compared, ...rest } = await openTrainingData(place, source, plan, note);
    return { ...rest, train: unpaired(pairs), ...(compared && { compared: unpaired(compared as PairedDataset) }) };
  }
  for (const line of train.notes) note(line);
  const whole = (await openImageSets(place.tree, source, 'train', AS_STORED))!;
  const other = await openValidation(place, source, note);
  const { validation, restOf, unvalidated } = other ? { validation: other, restOf: undefined } : holdOutOfEach(whole, note);
  const rest = restOf?.(train) ?? train;
  await place.watch((onProgress) => verifySets([rest.a, rest.b], onProgress, plan), 'reading a sample of both sets');
  return {
    ...{ train: rest, compared: restOf?.(whole) ?? whole, validation: resizedOnce(serialPairs(validation), plan) },
    ...{ storedSize: keptSize(plan), fingerprint: await train.fingerprint() },
    ...(unvalidated && { unvalidated }),
  };
}

/** The last images of a set, to validate on, and the rest; of a single image, that one is both. */
export function heldOut(set: ImageSet, note: (line: string) => void): { validation: ImageSet; rest: ImageSet; unvalidated?: true } {
  const count = heldOutCount(set.length);
  if (count === 0) {
    note(unvalidatedNote('image'));
    return { validation: set, rest: set, unvalidated: true };
  }
  note(`there is neither val/ nor test/; the last ${count} of ${formatCount(set.length)} images are held out to validate`);
  return { validation: partOf(set, set.length - count, count), rest: partOf(set, 0, set.length - count) };
}

/**
 * Opens a set of images in a folder: what a scheme trains on that takes one set and no labels.
 *
 * @param note prints what the user should know about the data
 * @throws as openTrainingData()
 */
export async function openPlainImages(
  place: DataPlace,
  source: DataSource,
  plan: ImagePlan,
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  const { tree } = place;
  // Larger than what is trained on, since an image is cut to a square first.
  const options = { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES };
  const train = (await openImageFolder(tree, source, 'train', options))!;
  for (const line of train.notes) note(line);
  const other = (await openImageFolder(tree, source, 'val', options)) ?? (await openImageFolder(tree, source, 'test', options));
  const { validation, rest, ...more } = other ? { validation: other, rest: train } : heldOut(train, note);
  await place.watch((onProgress) => verifySets([rest], onProgress), 'reading a sample of the images');
  return { train: rest, validation: selfPairs(validation), storedSize: plan.loadSize, fingerprint: await train.fingerprint(), ...more };
}

/**
 * Opens what is drawn where no data are named, for a scheme that takes one set of images: its own images, or else photos of facades.
 *
 * @param choose brings the labels of a set to those that are wanted
 */
export async function openDrawnImages(
  place: DataPlace,
  plan: ImagePlan & { readonly seed: number; readonly drawn?: DrawnData | undefined },
  choose: (set: ImageSet) => ImageSet = (set) => set,
): Promise<TrainingData<TrainingDataset>> {
  const { drawn, seed, loadSize } = plan;
  if (drawn) {
    const open = (split: 'train' | 'val'): ImageSet => choose(drawn.open(seed, split, longerSide(loadSize)));
    return { train: open('train'), validation: selfPairs(open('val')), storedSize: loadSize };
  }
  const { train, ...rest } = await openTrainingData(place, SYNTHETIC, plan, () => undefined);
  return { ...rest, train: unpaired(train).a };
}

/** The sizes of the images of a run, the seed that drawn ones follow from, what is drawn, and the labels of a scheme that learns some. */
export function planOf(
  scheme: TrainingScheme,
  settings: RunSettings,
): ImagePlan & { seed: number; drawn: DrawnData | undefined; halves: HalfReadings; labels?: readonly string[] | null } {
  const options = completeOptions(scheme, optionsOf(scheme, settings));
  const sizes = scheme.sizes(options);
  const labels = scheme.labelled ? { labels: settings.labels?.split(',') ?? null } : {};
  return { ...sizes, halves: scheme.readings?.(options) ?? {}, seed: settings.seed, drawn: scheme.drawn, ...labels };
}

/** Data of which the first samples alone are trained on. */
export const ofFirst = (data: TrainingData<TrainingDataset>, most: number): TrainingData<TrainingDataset> => ({
  ...data,
  train: firstSamples(data.train, most),
  ...(data.compared && { compared: firstSamples(data.compared, most) }),
});

async function openValidation(place: DataPlace, source: DataSource, note: (line: string) => void): Promise<ImageSetsFolder | null> {
  for (const split of ['val', 'test'] as const) {
    const sets = await openImageSets(place.tree, source, split, AS_STORED).catch((error: unknown) => {
      if (!(error instanceof ShadegradError) || error.code !== 'DATA_EMPTY') throw error;
      note(`note: ${error.what.replace(/^There/, 'there')}: nothing can be validated on it`);
      return null;
    });
    if (!sets) continue;
    if (split !== 'val') note(`there are no two sets to validate on for val; those for ${split} are used`);
    return sets;
  }
  return null;
}

/** The last images of each set to validate on, and what is left of these sets, however they are read, to train on. */
function holdOutOfEach(
  train: UnpairedDataset,
  note: (line: string) => void,
): { validation: UnpairedDataset; restOf?: (train: UnpairedDataset) => UnpairedDataset; unvalidated?: true } {
  const counts = [train.a, train.b].map(({ length }) => heldOutCount(length));
  const parts = ({ name, a, b }: UnpairedDataset, from: (set: ImageSet, held: number) => [start: number, length: number]) => ({
    name,
    a: partOf(a, ...from(a, counts[0]!)),
    b: partOf(b, ...from(b, counts[1]!)),
  });
  if (counts.every((count) => count === 0)) {
    note(unvalidatedNote('image in either set'));
    return { validation: train, unvalidated: true };
  }
  note(
    `there are neither val nor test images; the last ${counts.join(' and ')} of ${countSamples(train)} are held out to validate` +
      (counts.includes(0) ? ' (of a single image, that one is used for both)' : ''),
  );
  return {
    validation: parts(train, ({ length }, held) => (held === 0 ? [0, length] : [length - held, held])),
    restOf: (sets) => parts(sets, ({ length }, held) => [0, length - held]),
  };
}

export function partOf(set: ImageSet, start: number, length: number): ImageSet {
  return {
    kind: 'images',
    name: set.name,
    length,
    get: (index) => set.get(start + index),
    ...(set.contentOf && { contentOf: (index: number) => set.contentOf!(start + index) }),
    ...(set.labels && { labels: { ...set.labels, of: (index: number) => set.labels!.of(start + index) } }),
  };
}

/** @throws what decoding some images of each set throws */
export function verifySets(sets: readonly ImageSet[], onProgress: ProgressCallback, plan?: ImagePlan): Promise<void> {
  const read = (set: ImageSet, index: number) => async (): Promise<void> => {
    const { name, image } = await imageAt(set, index);
    if (plan && isCutOnHost(plan)) expectPrepared(image, plan, name);
  };
  const picked = sets.flatMap((set) => spread(set.length, SAMPLED_PAIRS / sets.length).map((index) => read(set, index)));
  return verifySamples('images', picked, onProgress);
}

/** How many samples a data set has, in words: `400 pairs`, `400 and 380 images` of two sets, `400 images`. */
export function countSamples(dataset: TrainingDataset): string {
  if (isUnpaired(dataset)) return `${formatCount(dataset.a.length)} and ${formatCount(dataset.b.length)} images`;
  if (isImageSet(dataset) && dataset.parts) return `${dataset.parts.map(formatCount).join(' and ')} images`;
  return `${formatCount(dataset.length)} ${isImageSet(dataset) ? 'images' : 'pairs'}`;
}
