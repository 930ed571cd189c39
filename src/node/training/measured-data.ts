import { isCutOnHost, keptSize, shrunkSize } from '../../data/preprocess/prepare.js';
import { longerSide } from '../../pixel-size.js';
import type { PairedDataset } from '../../data/dataset.js';
import { parseInput } from '../../data/inputs/registry.js';
import { firstSamples } from '../../data/first-samples.js';
import { asPairs, type ImageSet, isUnpaired, selfPairs, serialPairs, unpaired } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { TrainingScheme } from '../../training/scheme.js';
import { completeOptions } from '../../training/trainer-options.js';
import { readingProfiles } from '../images/colour-profiles.js';
import type { Split } from '../images/dataset.js';
import { openDigits } from '../images/digits.js';
import { openImageFolder, openImageSets } from '../../training/files/image-sets.js';
import type { ImageTree } from '../../training/files/image-tree.js';
import { openPairedTree } from '../../training/files/paired-folder.js';
import { foldersRead } from '../images/tree.js';
import { CACHE_BYTES, heldOutCount, SYNTHETIC, type DataSource, type TrainingData } from './data.js';
import { madePairs } from './made-data.js';
import { countSamples } from './set-data.js';
import { AS_STORED } from '../../training/run/open-data.js';
import { optionsOf, wayOf, type RunSettings } from '../../training/run/settings.js';

/** What is measured, as training data of which nothing is trained on, and the split that it is. */
export interface MeasuredData extends TrainingData<TrainingDataset> {
  readonly split: Split;
  /** The images of the same folder that a training would have, where there are some: what those that are measured are compared with. */
  readonly besides: TrainingDataset | undefined;
}

/** What is measured where no split is named: images that are meant for it before those to train on. */
const IN_ORDER: readonly Split[] = ['val', 'test', 'train'];

/**
 * Opens one split of a folder to measure networks on, all of it and nothing else: of other images than those of the run, what a training
 * would hold out is measured, too, and images to train on need not be there. Of the run's own training images those are measured that it
 * was trained on.
 *
 * @param split to measure; undefined for val/, or else test/, or else those that a training would take
 * @param own whether the images are those of the run
 * @param say prints what the user should know about the data
 * @throws BAD_FLAG for a split that is not there, and for a source that has none to choose; and what opening it throws
 */
export async function openMeasuredData(
  scheme: TrainingScheme,
  source: DataSource,
  settings: RunSettings,
  split: Split | undefined,
  say: (line: string) => void,
  own = false,
): Promise<MeasuredData> {
  if (source === SYNTHETIC || scheme.labelled) {
    throw new ShadegradError(
      'BAD_FLAG',
      source === SYNTHETIC ? 'images that are drawn have no splits' : 'images with labels have no splits to choose',
      {
        expected: 'no --split',
        received: `--split ${String(split)}`,
        fix:
          source === SYNTHETIC
            ? 'leave it out, or name a folder with --data'
            : 'leave it out: val/ or test/ is measured, or what the run held out',
      },
    );
  }
  const { hush: _, ...reading } = readingProfiles(wayOf(settings), say);
  const opening: Opening = { scheme, source, settings, tree: foldersRead(reading) };
  for (const each of split === undefined ? IN_ORDER : [split]) {
    const opened = await openSplit(opening, each).catch((error: unknown) => {
      const absent = error instanceof ShadegradError && ['DATA_NOT_FOUND', 'DATA_EMPTY'].includes(error.code);
      // Of the last one the error says what is wrong with the folder.
      if (!absent || (split === undefined && each === 'train')) throw error;
      return null;
    });
    if (!opened) continue;
    for (const line of opened.notes) say(line);
    if (split === undefined && each === 'train') say(`there is neither val/ nor test/: all ${countSamples(opened.train)} are measured`);
    if (split === undefined && each === 'val' && (await isThere(opening, 'test')))
      say('val/ is measured; there is test/, too: --split test');
    if (each !== 'train') return { ...opened, split: each, besides: await trainingImages(opening, own) };
    if (!own) return { ...opened, split: each, besides: opened.train };
    const train = await trainedOn(opening, opened.train);
    const [some, all] = [countSamples(train), countSamples(opened.train)];
    if (some !== all) say(`${some} of ${all} in train/ are measured: those that the run was trained on`);
    return { ...opened, train, validation: asPairs(train), split: each, besides: train };
  }
  throw new ShadegradError(
    'DATA_NOT_FOUND',
    `${printableName(source)} has no images of ${split === undefined ? 'any split' : `the split ${split}`}`,
    {
      expected: split === undefined ? 'val/, test/ or train/' : `a folder ${split}/, or another layout of docs/data.md with that name`,
      fix: 'name another folder (--data), or another split (--split train, val or test)',
    },
  );
}

/** The training images of a folder, those of its own as a run has them; undefined where there are none that can be opened. */
async function trainingImages(opening: Opening, own: boolean): Promise<TrainingDataset | undefined> {
  const opened = await openSplit(opening, 'train').catch((error: unknown) => {
    // What is measured does not need them.
    if (error instanceof ShadegradError && error.code.startsWith('DATA_')) return null;
    throw error;
  });
  if (!opened) return undefined;
  return own ? trainedOn(opening, opened.train) : opened.train;
}

/** The training images of a run without those that it held out, or was told to leave aside. */
async function trainedOn(opening: Opening, all: TrainingDataset): Promise<TrainingDataset> {
  const other = (await isThere(opening, 'val')) || (await isThere(opening, 'test'));
  const rest = <Set extends PairedDataset | ImageSet>(set: Set) =>
    (other ? set : firstSamples(set, set.length - heldOutCount(set.length))) as Set;
  const trained = isUnpaired(all) ? { name: all.name, a: rest(all.a), b: rest(all.b) } : rest(all);
  const most = opening.settings.maxDatasetSize;
  return typeof most === 'number' ? firstSamples(trained, most) : trained;
}

/** Whether a folder has images of a split. */
const isThere = (opening: Opening, split: Split): Promise<boolean> =>
  openSplit(opening, split).then(
    (opened) => opened !== null,
    () => false,
  );

type Opened = TrainingData<TrainingDataset> & { readonly notes: readonly string[] };

/** What is opened, for which scheme, and where its files lie. */
interface Opening {
  readonly scheme: TrainingScheme;
  readonly source: DataSource;
  readonly settings: RunSettings;
  readonly tree: ImageTree;
}

async function openSplit({ scheme, source, settings, tree }: Opening, split: Split): Promise<Opened | null> {
  const complete = completeOptions(scheme, optionsOf(scheme, settings));
  const plan = scheme.sizes(complete);
  const halves = scheme.readings?.(complete) ?? {};
  const storedSize = keptSize(plan);
  const pairs = async (): Promise<Opened> => {
    const train = await openPairedTree(tree, source, split, { ...AS_STORED, halves });
    return { train, validation: train, storedSize, notes: train.notes };
  };
  if (settings.make !== null) {
    const set = await openImageFolder(tree, source, split, AS_STORED);
    if (!set) return null;
    const made = madePairs(set, {
      size: isCutOnHost(plan) ? shrunkSize(plan) : plan.size,
      choice: parseInput(settings.make),
      seed: settings.seed,
      cache: { left: CACHE_BYTES },
    });
    return { train: made, validation: made, storedSize, notes: set.notes };
  }
  if (scheme.data === 'unpaired') {
    const sets = await openImageSets(tree, source, split, AS_STORED);
    if (sets) return { train: sets, validation: serialPairs(sets), storedSize, notes: sets.notes };
    const { train, ...rest } = await pairs();
    return { ...rest, train: isUnpaired(train) ? train : unpaired(train as PairedDataset) };
  }
  if (scheme.data === 'images') {
    const digits = await openDigits(source, split === 'train' ? 'train' : 'test', false);
    const set = digits ?? (await openImageFolder(tree, source, split, { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES }));
    return set && { train: set, validation: selfPairs(set), storedSize, notes: set.notes };
  }
  return pairs();
}
