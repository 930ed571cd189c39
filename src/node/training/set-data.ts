import { expectPrepared, isCutOnHost, keptSize, shrunkSize } from '../../data/preprocess/prepare.js';
import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { longerSide, type PixelSize } from '../../pixel-size.js';
import { joinLabelledSets } from '../../data/label-sets.js';
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
import { printableName } from '../../formats/names.js';
import type { ProgressCallback } from '../../data/dataset.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { DrawnData, ImagePlan } from '../../training/scheme.js';
import { columnsOf } from '../images/attributes.js';
import { verifySamples } from '../images/dataset.js';
import { withChosenLabels } from '../images/chosen-labels.js';
import type { SideLimit } from '../images/picture.js';
import { openDigits } from '../images/digits.js';
import { noImageSets, openImageFolder, openImageSets, type ImageFolder, type ImageSetsFolder } from '../images/image-sets.js';
import { findPairs } from '../images/layout.js';
import { labelsOfFolder, openLabelledImages, type LabelledImages, type LabelledImagesOptions } from '../images/labelled.js';
import { spread } from '../../data/spread.js';
import { formatCount } from '../terminal/format.js';
import {
  CACHE_BYTES,
  HELD_OUT,
  heldOutCount,
  openTrainingData,
  SAMPLED_PAIRS,
  SYNTHETIC,
  unvalidatedNote,
  withLine,
  type DataSource,
  type TrainingData,
} from './data.js';

/**
 * Opens what a scheme trains on that needs no pairs: two sets of images, or pairs whose halves are then two sets. A sample is decoded, so
 * that what is wrong with all of them is found before the training.
 *
 * @param note prints what the user should know about the data
 * @throws as openTrainingData()
 */
export async function openUnpairedData(
  source: DataSource,
  plan: ImagePlan & { readonly seed: number },
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  const options = { maxSide: shrunkSize(plan), cacheBytes: CACHE_BYTES };
  const train = source === SYNTHETIC ? null : await openImageSets(source, 'train', options);
  if (!train) {
    // What is wrong with pairs is no help to whoever needs none.
    if (source !== SYNTHETIC)
      await findPairs(source, 'train').catch(async (error: unknown) => {
        if (!(error instanceof ShadegradError) || !error.code.startsWith('DATA_') || error.cause !== undefined) throw error;
        throw await noImageSets(source, error.code);
      });
    const { train: pairs, ...rest } = await openTrainingData(source, plan, note);
    return { ...rest, train: unpaired(pairs) };
  }
  for (const line of train.notes) note(line);
  const other = await openValidation(source, options, note);
  const { validation, rest = train, unvalidated } = other ? { validation: other } : holdOut(train, note);
  await withLine((onProgress) => verifySets([rest.a, rest.b], onProgress, plan), 'reading a sample of both sets');
  return {
    ...{ train: rest, validation: serialPairs(validation), storedSize: keptSize(plan), fingerprint: await train.fingerprint() },
    ...(unvalidated && { unvalidated }),
  };
}

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
): Promise<TrainingData<TrainingDataset>> {
  if (source === SYNTHETIC && plan.drawn) {
    const open = (split: 'train' | 'val'): ImageSet =>
      withChosenLabels(plan.drawn!.open(plan.seed, split, longerSide(plan.loadSize)), plan.labels ?? null);
    return { train: open('train'), validation: selfPairs(open('val')), storedSize: plan.loadSize };
  }
  if (source === SYNTHETIC) {
    const { train, ...rest } = await openTrainingData(source, plan, note);
    return { ...rest, train: unpaired(train).a };
  }
  // Larger than what is trained on, since an image is cut to a square first.
  const options = { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES };
  const openChosen = async (split: 'train' | 'test'): Promise<ImageFolder | null> => {
    const set = await openDigits(source, split, plan.labels !== undefined);
    return set && withChosenLabels(set, plan.labels ?? null);
  };
  const digits = await openChosen('train');
  if (!digits && plan.labels !== undefined)
    return openLabelled(source, { ...options, labels: plan.labels ?? undefined }, plan.loadSize, note);
  const train = digits ?? (await openImageFolder(source, 'train', options))!;
  for (const line of train.notes) note(line);
  const other = digits
    ? await openChosen('test')
    : ((await openImageFolder(source, 'val', options)) ?? (await openImageFolder(source, 'test', options)));
  const { validation, rest, ...more } = other ? { validation: other, rest: train } : heldOut(train, note);
  await withLine((onProgress) => verifySets([rest], onProgress), 'reading a sample of the images');
  return { train: rest, validation: selfPairs(validation), storedSize: plan.loadSize, fingerprint: await train.fingerprint(), ...more };
}

/** The last images of a set, to validate on, and the rest; of a single image, that one is both. */
export function heldOut(set: ImageSet, note: (line: string) => void): { validation: ImageSet; rest: ImageSet; unvalidated?: true } {
  const count = heldOutCount(set.length);
  if (count === 0) {
    note(unvalidatedNote('image'));
    return { validation: set, rest: set, unvalidated: true };
  }
  note(`there is neither val/ nor test/; the last ${count} of ${formatCount(set.length)} images are held out to validate`);
  return { validation: part(set, set.length - count, count), rest: part(set, 0, set.length - count) };
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
): Promise<TrainingData<TrainingDataset>> {
  const asked = plan.labels ?? null;
  const places = sources.map(printableName).join(' and in ');
  await expectDifferent(sources);
  const each = asked && (await Promise.all(sources.map(labelsOfFolder)));
  if (each) columnsOf(asked, [...new Set(each.flat())], `label of ${sources.map(printableName).join(' or of ')}`);
  const options = { maxSide: 2 * longerSide(plan.loadSize), cacheBytes: CACHE_BYTES / sources.length, heldOut: HELD_OUT };
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

/** How many samples a data set has, in words: `400 pairs`, `400 and 380 images` of two sets, `400 images`. */
export function countSamples(dataset: TrainingDataset): string {
  if (isUnpaired(dataset)) return `${formatCount(dataset.a.length)} and ${formatCount(dataset.b.length)} images`;
  if (isImageSet(dataset) && dataset.parts) return `${dataset.parts.map(formatCount).join(' and ')} images`;
  return `${formatCount(dataset.length)} ${isImageSet(dataset) ? 'images' : 'pairs'}`;
}

async function openValidation(
  source: DataSource,
  options: { maxSide: SideLimit; cacheBytes: number },
  note: (line: string) => void,
): Promise<ImageSetsFolder | null> {
  for (const split of ['val', 'test'] as const) {
    const sets = await openImageSets(source, split, options).catch((error: unknown) => {
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

/** The last images of each set, and what is left to train on. */
function holdOut(
  train: UnpairedDataset,
  note: (line: string) => void,
): { validation: UnpairedDataset; rest?: UnpairedDataset; unvalidated?: true } {
  const counts = [train.a, train.b].map(({ length }) => heldOutCount(length));
  const parts = (from: (set: ImageSet, held: number) => [start: number, length: number]): UnpairedDataset => ({
    name: train.name,
    a: part(train.a, ...from(train.a, counts[0]!)),
    b: part(train.b, ...from(train.b, counts[1]!)),
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
    validation: parts(({ length }, held) => (held === 0 ? [0, length] : [length - held, held])),
    rest: parts(({ length }, held) => [0, length - held]),
  };
}

function part(set: ImageSet, start: number, length: number): ImageSet {
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
function verifySets(sets: readonly ImageSet[], onProgress: ProgressCallback, plan?: ImagePlan): Promise<void> {
  const read = (set: ImageSet, index: number) => async (): Promise<void> => {
    const { name, image } = await imageAt(set, index);
    if (plan && isCutOnHost(plan)) expectPrepared(image, plan, name);
  };
  const picked = sets.flatMap((set) => spread(set.length, SAMPLED_PAIRS / sets.length).map((index) => read(set, index)));
  return verifySamples('images', picked, onProgress);
}
