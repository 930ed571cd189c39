import { createHash, type Hash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { PairedDataset, ProgressCallback } from '../../data/dataset.js';
import { asPairs } from '../../data/unpaired.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import * as opening from '../../training/run/open-data.js';
import { SYNTHETIC, type DataPlace, type DataSource, type TrainingData } from '../../training/run/open-data.js';
import type { ScoredBaseline, Validator } from '../../training/run/validation.js';
import { FURTHER_SOURCE } from '../../training/scheme-check.js';
import { downloadPublished } from '../files/download.js';
import { PUBLISHED_SETS } from '../files/published-sets.js';
import type { ReadImageOptions } from '../images/colour-profiles.js';
import { FOLDERS, foldersRead } from '../images/tree.js';
import { formatBytes } from '../../formats/words.js';
import { remark } from '../terminal/remarks.js';
import type { TrainFlags } from './flags.js';
import { recipeNamed, setOf } from './recipes.js';
import { StatusLine } from './status-line.js';

export { CACHE_BYTES, HELD_OUT, heldOutCount, unvalidatedNote, type TrainingData } from '../../training/run/open-data.js';
export { SAMPLED_PAIRS } from '../../training/run/validation.js';
export { SYNTHETIC, type DataSource };

const DOWNLOADS = 'datasets';

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

export async function withLine<T>(work: (onProgress: ProgressCallback) => Promise<T>, what: string): Promise<T> {
  const line = new StatusLine();
  try {
    return await work((done, total) => line.show(`${what}: ${done} of ${total}`));
  } finally {
    line.end();
  }
}

/** The folders of the disk, with a line in the terminal that says how far long work is. */
export const DISK: DataPlace = { tree: FOLDERS, watch: withLine };

/** The same, whose images are read in a way. */
export const diskRead = (reading: ReadImageOptions): DataPlace => ({ tree: foldersRead(reading), watch: withLine });

/** Opens the pairs of a run in a folder of the disk. @throws as in any place */
export const openTrainingData = (
  source: DataSource,
  plan: Parameters<typeof opening.openTrainingData>[2],
  note: (line: string) => void,
  { place = DISK, openFolder }: { place?: DataPlace; openFolder?: Parameters<typeof opening.openTrainingData>[4] } = {},
): Promise<TrainingData<PairedDataset>> => opening.openTrainingData(place, source, plan, note, openFolder);

/** What a predictor scores that learns nothing of its input, by the training data of a run. */
export const baselineOf = (
  validator: Validator,
  { train, compared = train }: Pick<TrainingData<TrainingDataset>, 'train' | 'compared'>,
): Promise<ScoredBaseline | undefined> =>
  withLine((onProgress) => validator.baseline(asPairs(compared), onProgress), 'reading training images');

/** Begins a hash that tells samples apart. */
export const hash = (): Hash => createHash('sha256');
