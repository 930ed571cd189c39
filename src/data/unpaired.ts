import { ShadegradError } from '../errors.js';
import { pairAt, type PairedDataset } from './dataset.js';
import { expectImage, type RgbImage } from './image.js';
import { labelsAt, type ImageLabels } from './labels.js';

export type { ImageLabels, Labelling } from './labels.js';

/** A set of images by index. */
export interface ImageSet {
  /** Tells it from pairs. */
  readonly kind: 'images';
  /** What errors call the set. */
  readonly name: string;
  /** The number of images, at least 1. */
  readonly length: number;
  /** The image at `index` in 0..length-1, with its name. The same index gives the same bytes each time. */
  get(index: number): NamedImage | Promise<NamedImage>;
  /** A hash of what the image at `index` is made from, the same however it is decoded. Images without one are known by their pixels. */
  contentOf?(index: number): Promise<string>;
  /** What is known of each image; left out where that is nothing. */
  readonly labels?: ImageLabels;
  /** The lengths of the sets that it was joined of, whose images follow one another. Default: one set. */
  readonly parts?: readonly number[];
}

/** An image and what it is called. */
export interface NamedImage {
  /** What errors and reports call it, such as the name of its file. */
  readonly name: string;
  /** Its pixels. */
  readonly image: RgbImage;
}

/** A data set of two sets of images, no image of which belongs to one of the other: horses and zebras. */
export interface UnpairedDataset {
  /** What errors call the data set. */
  readonly name: string;
  /** The first set. */
  readonly a: ImageSet;
  /** The second set. */
  readonly b: ImageSet;
}

/** Whether a data set is of two sets of images. */
export function isUnpaired(dataset: PairedDataset | UnpairedDataset | ImageSet): dataset is UnpairedDataset {
  return typeof (dataset as Partial<UnpairedDataset> | null)?.a === 'object';
}

/** Whether a data set is one set of images. */
export function isImageSet(dataset: PairedDataset | UnpairedDataset | ImageSet): dataset is ImageSet {
  // Pairs have a get() and a length, too: what it gives is not known before it is called. Sets say so.
  return (dataset as Partial<ImageSet> | null)?.kind === 'images';
}

/** The halves of a paired data set as two sets of images. */
export function unpaired(pairs: PairedDataset): UnpairedDataset {
  const half = (which: 'a' | 'b'): ImageSet => ({
    kind: 'images',
    name: pairs.name,
    length: pairs.length,
    async get(index) {
      const pair = await pairAt(pairs, index);
      return { name: pair.name, image: pair[which] };
    },
    ...(pairs.contentOf && { contentOf: (index: number) => pairs.contentOf!(index) }),
  });
  return { name: pairs.name, a: half('a'), b: half('b') };
}

/**
 * Two sets of images as pairs in the order of their files, to measure and to show: as many as the larger set has, the images of the
 * smaller one again and again.
 */
export function serialPairs({ name, a, b }: UnpairedDataset): PairedDataset {
  const length = Math.max(a.length, b.length);
  return {
    name,
    length,
    unrelated: true,
    async get(index) {
      const [first, second] = [await imageAt(a, index % a.length), await imageAt(b, index % b.length)];
      return { name: first.name === second.name ? first.name : `${first.name}, ${second.name}`, a: first.image, b: second.image };
    },
    ...(a.contentOf &&
      b.contentOf && {
        contentOf: async (index: number) => `${await a.contentOf!(index % a.length)} ${await b.contentOf!(index % b.length)}`,
      }),
  };
}

/**
 * The image at an index of a set, checked: a data set that others made may give anything.
 *
 * @throws INVALID_ARGUMENT for what is no image; IMAGE_SIZE for one whose data are not those of its sides; what reading it throws
 */
export async function imageAt(set: ImageSet, index: number): Promise<NamedImage> {
  const found: Partial<NamedImage> | null | undefined = await set.get(index);
  const number = `image ${index} of ${set.name}`;
  const image = found?.image;
  if (typeof image !== 'object' || image === null) {
    throw new ShadegradError('INVALID_ARGUMENT', `${number}: get(${index}) of the set gives no image`, {
      expected: '{ name, image } with an image { width, height, data }, or a promise of it',
      received: found === null || found === undefined ? String(found) : 'no image',
      fix: 'return the image from get(): a function with braces needs a return',
    });
  }
  const name = typeof found?.name === 'string' && found.name !== '' ? found.name : number;
  expectImage(image, name === number ? number : `${name} (${number})`);
  return { name, image };
}

/** @throws INVALID_ARGUMENT unless both sets say how many images they have: at least one each */
export function expectSets({ name, a, b }: UnpairedDataset): void {
  for (const [half, set] of Object.entries({ a, b })) {
    if (Number.isSafeInteger(set?.length) && set.length >= 1) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `length of set ${half} of the data set ${name}`, {
      expected: 'a whole number of images from 1 up',
      received: String(set?.length),
      fix: 'give each set as many images as its `length` says, and at least one',
    });
  }
}

/**
 * A set of images as pairs of an image with itself, to measure and to show, with its labels where it has some.
 */
export function selfPairs(set: ImageSet): PairedDataset {
  return {
    name: set.name,
    length: set.length,
    async get(index) {
      const { name, image } = await imageAt(set, index);
      return { name, a: image, b: image, ...(set.labels && { labels: labelsAt(set.labels, index, set.name) }) };
    },
    ...(set.parts && { parts: set.parts }),
    ...(set.contentOf && { contentOf: (index: number) => set.contentOf!(index) }),
  };
}

/** @throws INVALID_ARGUMENT unless a set says how many images it has: at least one */
export function expectSet({ name, length }: ImageSet): void {
  if (Number.isSafeInteger(length) && length >= 1) return;
  throw new ShadegradError('INVALID_ARGUMENT', `length of the set ${name}`, {
    expected: 'a whole number of images from 1 up',
    received: String(length),
    fix: 'give the set as many images as its `length` says, and at least one',
  });
}

/** Any data set as pairs, to measure and to show. */
export function asPairs(dataset: PairedDataset | UnpairedDataset | ImageSet): PairedDataset {
  if (isImageSet(dataset)) return selfPairs(dataset);
  return isUnpaired(dataset) ? serialPairs(dataset) : dataset;
}
