import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { joinLabelledSets } from '../../data/label-sets.js';
import { selfPairs } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import { longerSide, type PixelSize } from '../../pixel-size.js';
import type { TrainingDataset } from '../../training/batches.js';
import * as opening from '../../training/run/open-data.js';
import { heldOut, openDrawnImages, openPlainImages, verifySets, type DataPlace } from '../../training/run/open-data.js';
import type { DrawnData, ImagePlan } from '../../training/scheme.js';
import { columnsOf } from '../images/attributes.js';
import { withChosenLabels } from '../images/chosen-labels.js';
import { openDigits } from '../images/digits.js';
import type { ImageFolder } from '../images/image-sets.js';
import { labelsOfFolder, openLabelledImages, type LabelledImages, type LabelledImagesOptions } from '../images/labelled.js';
import { CACHE_BYTES, DISK, HELD_OUT, SYNTHETIC, withLine, type DataSource, type TrainingData } from './data.js';

export { countSamples, heldOut } from '../../training/run/open-data.js';

/** Opens two sets of images in a folder of the disk. @throws as in any place */
export const openUnpairedData = (
  source: DataSource,
  plan: ImagePlan & { readonly seed: number },
  note: (line: string) => void,
  { place = DISK }: { place?: DataPlace } = {},
): Promise<TrainingData<TrainingDataset>> => opening.openUnpairedData(place, source, plan, note);

/**
 * Opens what a scheme trains on that takes one set of images: a folder of them, MNIST's files of digits, or what the program draws: the
 * scheme's own images, or else photos of facades.
 *
 * @param plan with `labels` where the scheme learns labels: those to take, or null for all
 * @param note prints what the user should know about the data
 * @throws as openTrainingData()
 */
export async function openImagesData(
  source: DataSource,
  plan: ImagePlan & { readonly seed: number; readonly drawn?: DrawnData | undefined; readonly labels?: readonly string[] | null },
  note: (line: string) => void,
  { place = DISK }: { place?: DataPlace } = {},
): Promise<TrainingData<TrainingDataset>> {
  if (source === SYNTHETIC) return openDrawnImages(place, plan, (set) => withChosenLabels(set, plan.labels ?? null));
  // Larger than what is trained on, since an image is cut to a square first.
  const options = { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES, tree: place.tree };
  const openChosen = async (split: 'train' | 'test'): Promise<ImageFolder | null> => {
    const set = await openDigits(source, split, plan.labels !== undefined);
    return set && withChosenLabels(set, plan.labels ?? null);
  };
  const train = await openChosen('train');
  if (!train && plan.labels !== undefined)
    return openLabelled(source, { ...options, labels: plan.labels ?? undefined }, plan.loadSize, note);
  if (!train) return openPlainImages(place, source, plan, note);
  for (const line of train.notes) note(line);
  const other = await openChosen('test');
  const { validation, rest, ...more } = other ? { validation: other, rest: train } : heldOut(train, note);
  await withLine((onProgress) => verifySets([rest], onProgress), 'reading a sample of the images');
  return { train: rest, validation: selfPairs(validation), storedSize: plan.loadSize, fingerprint: await train.fingerprint(), ...more };
}

/** Images with labels: of a list of attributes, or in folders of classes. */
async function openLabelled(
  source: DataSource,
  options: Omit<LabelledImagesOptions, 'heldOut'>,
  storedSize: PixelSize,
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  const { train, validation, notes, fingerprint } = await openLabelledImages(source, { ...options, heldOut: HELD_OUT });
  for (const line of notes) note(line);
  await withLine((onProgress) => verifySets([train], onProgress), 'reading a sample of the images');
  return { train, validation: selfPairs(validation), storedSize, fingerprint: await fingerprint() };
}

/**
 * Opens several sets of images with labels of their own, as one data set for a scheme that takes such. Of labels that are chosen, each set
 * takes those that it has; one that has none of them takes all of its own.
 *
 * @param plan with the labels to take, or null for all
 * @param note prints what the user should know about the data
 * @throws as openTrainingData() for each set; DATA_UNREADABLE for a label that no set has, and for labels that two of them have
 */
export async function openJoinedData(
  sources: readonly DataSource[],
  plan: ImagePlan & { readonly labels?: readonly string[] | null },
  note: (line: string) => void,
  { tree }: DataPlace = DISK,
): Promise<TrainingData<TrainingDataset>> {
  const asked = plan.labels ?? null;
  const places = sources.map(printableName).join(' and in ');
  await expectDifferent(sources);
  const each = asked && (await Promise.all(sources.map(labelsOfFolder)));
  if (each) columnsOf(asked, [...new Set(each.flat())], `label of ${sources.map(printableName).join(' or of ')}`);
  const options = { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES / sources.length, heldOut: HELD_OUT, tree };
  const opened: LabelledImages[] = [];
  for (const [index, source] of sources.entries()) {
    const chosen = asked?.filter((name) => each![index]!.includes(name)) ?? [];
    const set = await openLabelledImages(source, { ...options, ...(chosen.length > 0 && { labels: chosen }) });
    for (const line of set.notes) note(`${printableName(basename(source))}: ${line}`);
    opened.push(set);
  }
  const names = opened.map(({ train }) => train.labels!.names);
  const twice = [
    ...new Set(names.flatMap((some, set) => some.filter((name) => names.slice(set + 1).some((later) => later.includes(name))))),
  ];
  if (twice.length > 0) {
    throw new ShadegradError(
      'DATA_UNREADABLE',
      `${twice.length === 1 ? '1 label is' : `${twice.length} labels are`} in more than one set, and which set is meant would be unclear`,
      {
        expected: 'sets whose labels have different names',
        received: `${twice.slice(0, 3).map(printableName).join(', ')}${twice.length > 3 ? ', ...' : ''} in ${places}`,
        fix:
          `rename ${twice.length === 1 ? 'it' : 'them'} in one of the sets (a folder of a class, or an attribute of the list); or name ` +
          'other labels, of one set alone (--labels): a set of which none is named takes all of its own',
      },
    );
  }
  const train = joinLabelledSets(opened.map((set) => set.train));
  const validation = joinLabelledSets(opened.map((set) => set.validation));
  await withLine(
    (onProgress) =>
      verifySets(
        opened.map((set) => set.train),
        onProgress,
      ),
    'reading a sample of the images of each set',
  );
  const fingerprints = await Promise.all(opened.map((set) => set.fingerprint()));
  return { train, validation: selfPairs(validation), storedSize: plan.loadSize, fingerprint: fingerprints.join(' ') };
}

/** @throws DATA_UNREADABLE for a folder that is named twice, links followed; what is not there is left to whoever opens it */
async function expectDifferent(sources: readonly DataSource[]): Promise<void> {
  const places = await Promise.all(sources.map((source) => realpath(source).catch(() => resolve(source))));
  const twice = sources.find((_, index) => places.indexOf(places[index]!) < index);
  if (twice === undefined) return;
  throw new ShadegradError('DATA_UNREADABLE', `The folder ${printableName(twice)} is named twice`, {
    expected: 'another folder for each set',
    received: sources.map(printableName).join(' and '),
    fix: 'leave out --with-data to train on one folder, or name another one there',
  });
}
