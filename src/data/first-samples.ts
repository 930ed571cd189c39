import type { PairedDataset } from './dataset.js';
import { isImageSet, isUnpaired, type ImageSet, type UnpairedDataset } from './unpaired.js';

/**
 * Takes the first samples of a data set; of two sets of images, the first of each. A set that has no more stays as it is.
 *
 * @param dataset of one set, or of two that are not joined
 * @param count at least 1
 */
export function firstSamples(
  dataset: PairedDataset | UnpairedDataset | ImageSet,
  count: number,
): PairedDataset | UnpairedDataset | ImageSet {
  if (isUnpaired(dataset)) return { name: dataset.name, a: firstImages(dataset.a, count), b: firstImages(dataset.b, count) };
  if (isImageSet(dataset)) return firstImages(dataset, count);
  if (dataset.length <= count) return dataset;
  const { name, unrelated } = dataset;
  return { name, length: count, ...(unrelated !== undefined && { unrelated }), get: (index) => dataset.get(index), ...contentsOf(dataset) };
}

function firstImages(set: ImageSet, count: number): ImageSet {
  if (set.length <= count) return set;
  const { kind, name, labels } = set;
  return { kind, name, length: count, get: (index) => set.get(index), ...contentsOf(set), ...(labels && { labels }) };
}

const contentsOf = (dataset: Pick<PairedDataset, 'contentOf'>): Pick<PairedDataset, 'contentOf'> =>
  dataset.contentOf ? { contentOf: (index: number) => dataset.contentOf!(index) } : {};
