import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { PairedDataset, ProgressCallback } from '../../data/dataset.js';
import { longerSide, pixelSize, widthAndHeight, type PixelSize } from '../../pixel-size.js';
import { expectPrepared, isCutOnHost, keptSize, shrunkSize } from '../../data/preprocess/prepare.js';
import { syntheticFacades } from '../../data/synthetic-facades.js';
import { ShadegradError } from '../../errors.js';
import { openPairedFolder, verifySamples, type HalfReadings, type PairedFolder, type Split } from '../images/dataset.js';
import { downloadPublished } from '../files/download.js';
import { PUBLISHED_SETS } from '../files/published-sets.js';
import { formatBytes } from '../terminal/format.js';
import { spread } from '../../data/spread.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import { FURTHER_SOURCE } from '../../training/scheme-check.js';
import type { TrainFlags } from './flags.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { ImagePlan } from '../../training/scheme.js';
import { asPairs } from '../../data/unpaired.js';
import { SAMPLED_PAIRS, type ScoredBaseline, type Validator } from '../../training/run/validation.js';
import { recipeNamed, setOf } from './recipes.js';
import { StatusLine } from './status-line.js';
import { remark } from '../terminal/remarks.js';

/** Where the pairs of a run come from: a folder, or `synthetic` for those drawn by this project. */
export type DataSource = string;
export const SYNTHETIC = 'synthetic';

export interface TrainingData<Dataset extends TrainingDataset = PairedDataset> {
  readonly train: Dataset;
  /** What is measured: of two sets, their images side by side. */
  readonly validation: PairedDataset;
  /** The training images as the device should keep them, in pixels. */
  readonly storedSize: PixelSize;
  /** Of the names and sizes of the training files; of pairs that are drawn, none. */
  readonly fingerprint?: string;
  /** Whether there is nothing but what is trained on to measure: a single sample. */
  readonly unvalidated?: boolean;
}

const SYNTHETIC_PAIRS = { train: 400, val: 100 } as const;
/** Sides that synthetic facades can be drawn at. */
const SYNTHETIC_SIDES = { min: 32, max: 512 } as const;
const DOWNLOADS = 'datasets';
/** Decoded training images that are kept in memory. */
export const CACHE_BYTES = 2 ** 30;
/** Files whose headers are read at the same time. */
const HEADERS_AT_ONCE = 8;
export { SAMPLED_PAIRS };
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

/** The sources that the flags name: where the images are, and for a scheme that takes several sets, those of the others. */
export async function chooseSources(flags: TrainFlags): Promise<DataSource[]> {
  return [await chooseSource(flags), ...(flags['with-data'] ?? []).map((folder) => resolve(folder))];
}

/** The options of a checkpoint that keep the sources of a run: `source`, and of further sets `source2` and so on. */
export const sourceOptions = (sources: readonly DataSource[]): Record<string, DataSource> =>
  Object.fromEntries(sources.map((source, index) => [index === 0 ? 'source' : `source${index + 1}`, source]));

/** The sources that sourceOptions() kept. */
export function savedSources(options: CheckpointOptions): DataSource[] {
  const further = Object.entries(options).filter(([name, value]) => FURTHER_SOURCE.test(name) && typeof value === 'string');
  return [options.source, ...further.map(([, value]) => value)].map(String);
}

/** The source that the flags name; fetches it first with --download. */
async function chooseSource(flags: TrainFlags): Promise<DataSource> {
  if (!flags.download) return flags.data === undefined ? SYNTHETIC : resolve(flags.data);
  const line = new StatusLine();
  const notes: string[] = [];
  const recipe = recipeNamed(flags.recipe);
  // A recipe whose data nobody serves has them at an address that is typed; what they are like, the training finds out.
  const set = recipe === undefined ? PUBLISHED_SETS.facades : (setOf(recipe) ?? { name: recipe.name, url: '', folders: [], about: 0 });
  try {
    return await downloadPublished(set, {
      onNote: (note) => notes.push(note),
      directory: flags.data ?? join(DOWNLOADS, set.name),
      ...(flags['download-url'] !== undefined && { url: flags['download-url'] }),
      ...(flags['download-sha256'] !== undefined && { sha256: flags['download-sha256'] }),
      onProgress: (done, total) =>
        line.show(
          `fetching ${set.name}: ${formatBytes(done)}${total > 0 ? ` of ${formatBytes(total)}, ${Math.floor((100 * done) / total)}%` : ''}`,
        ),
    });
  } finally {
    line.end();
    for (const note of notes) remark(note);
  }
}

/**
 * Opens the pairs of a run. A sample is decoded, and of many more the sizes are looked at, so that what is wrong with all of them is found
 * before the training; a damaged picture among many is named when it is met.
 *
 * @param note prints what the user should know about the data
 * @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE, IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE, IMAGE_DECODER
 */
export async function openTrainingData(
  source: DataSource,
  plan: ImagePlan & { readonly seed: number; readonly halves?: HalfReadings },
  note: (line: string) => void,
  openFolder = openPairedFolder,
): Promise<TrainingData<PairedDataset>> {
  const { size, loadSize, seed } = plan;
  if (source === SYNTHETIC) {
    const drawn = (wanted: PixelSize): number => Math.min(Math.max(longerSide(wanted), SYNTHETIC_SIDES.min), SYNTHETIC_SIDES.max);
    const draw = (split: 'train' | 'val', side: number) => syntheticFacades({ count: SYNTHETIC_PAIRS[split], size: side, seed, split });
    // They are squares: rectangles and larger ones are resized, as photos are that are smaller than the networks' images.
    const storedSize = typeof loadSize === 'number' && !isCutOnHost(plan) ? drawn(loadSize) : keptSize(plan);
    return { train: draw('train', drawn(loadSize)), validation: draw('val', drawn(size)), storedSize };
  }
  const open = async (split: Split): Promise<PairedFolder> => {
    const folder = await openFolder(source, split, { maxSide: shrunkSize(plan), cacheBytes: CACHE_BYTES, halves: plan.halves ?? {} });
    for (const line of folder.notes) note(line);
    return folder;
  };
  const train = await open('train');
  const { validation, rest, remark } = (await openFirst(open, ['val', 'test'], note)) ?? holdOut(train);
  if (remark !== undefined) note(remark);
  const pairs = rest ?? train;
  const sampled = new Set(spread(pairs.length, SAMPLED_PAIRS));
  const looked = [...new Set([...sampled, ...spread(train.length, SIZED_PAIRS)])].sort((a, b) => a - b);
  const reads = looked.map((index) => async () => {
    if (sampled.has(index)) await pairs.get(index);
    else await train.sides(index);
    if (isCutOnHost(plan)) expectPrepared(await train.sides(index), plan, train.nameOf(index));
  });
  await withLine((onProgress) => verifySamples('pairs', reads, onProgress), 'looking at the pairs of train/');
  return {
    train: pairs,
    validation,
    storedSize: isCutOnHost(plan) ? keptSize(plan) : await ownSize(train, loadSize),
    fingerprint: await train.fingerprint(),
    ...(validation === train && { unvalidated: true }),
  };
}

interface Validation {
  validation: PairedDataset;
  /** What is left to train on, when the validation images were taken from the training images. */
  rest?: PairedDataset;
  remark?: string;
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

function holdOut(train: PairedDataset): Validation {
  const count = heldOutCount(train.length);
  if (count === 0) return { validation: train, remark: unvalidatedNote('pair') };
  const part = (name: string, start: number, length: number): PairedDataset => ({
    name: `${train.name} (${name})`,
    length,
    get: (index) => train.get(start + index),
    ...(train.contentOf && { contentOf: (index: number) => train.contentOf!(start + index) }),
  });
  return {
    validation: part('held out', train.length - count, count),
    rest: part('the rest', 0, train.length - count),
    remark: `there is neither val/ nor test/ with pairs; the last ${count} of ${train.length} training pairs are held out to validate`,
  };
}

export async function withLine<T>(work: (onProgress: ProgressCallback) => Promise<T>, what: string): Promise<T> {
  const line = new StatusLine();
  try {
    return await work((done, total) => line.show(`${what}: ${done} of ${total}`));
  } finally {
    line.end();
  }
}

/** What a predictor scores that learns nothing of its input, by the training data of a run. */
export const baselineOf = (
  validator: Validator,
  { train }: Pick<TrainingData<TrainingDataset>, 'train'>,
): Promise<ScoredBaseline | undefined> =>
  withLine((onProgress) => validator.baseline(asPairs(train), onProgress), 'reading training images');

/** Begins a hash that tells samples apart. */
export const hash = () => createHash('sha256');

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
