import { ShadegradError } from '../errors.js';
import { expectImage, expectOneSize, type ImagePair } from './image.js';

/**
 * A data set of aligned image pairs by index. Where the pixels come from (files, a drawing program, a camera) is up to the maker.
 *
 * ```ts
 * const pairs: PairedDataset = { name: 'mine', length: images.length, get: (index) => splitPair(images[index]!) };
 * ```
 */
export interface PairedDataset {
  /** What errors call the data set. */
  readonly name: string;
  /** The number of pairs, at least 1. */
  readonly length: number;
  /** Whether the halves have nothing to do with each other, so that their sizes may differ. Default false. */
  readonly unrelated?: boolean;
  /** The lengths of the sets that it was joined of, which follow one another, so that some of each can be shown. Default: one set. */
  readonly parts?: readonly number[];
  /** The pair at `index` in 0..length-1. The same index gives the same bytes each time. */
  get(index: number): ImagePair | Promise<ImagePair>;
  /** A hash of what the pair at `index` is made from, the same however it is decoded. Pairs without one are known by their pixels. */
  contentOf?(index: number): Promise<string>;
}

/** A function that is told how far a long piece of work has come; `done` runs from 0 or 1 to `total`. */
export type ProgressCallback = (done: number, total: number) => void;

/**
 * The pair at an index, checked: a data set that others made may give anything.
 *
 * @returns a pair with a name; one without gets its number
 * @throws INVALID_ARGUMENT for what is no pair of images; IMAGE_SIZE for an image whose data are not those of its sides, and for
 *   halves of different sides; what reading the data set throws
 */
export async function pairAt(dataset: PairedDataset, index: number): Promise<ImagePair> {
  const pair: Partial<ImagePair> | null | undefined = await dataset.get(index);
  const number = `pair ${index} of ${dataset.name}`;
  const what = typeof pair?.name === 'string' && pair.name !== '' ? `${pair.name} (${number})` : number;
  const { a, b } = pair ?? {};
  if (!isObject(a) || !isObject(b)) {
    const missing = isObject(pair)
      ? ['a', 'b']
          .filter((half) => !isObject(pair[half as 'a' | 'b']))
          .map((half) => `no image ${half}`)
          .join(', ')
      : String(pair);
    throw new ShadegradError('INVALID_ARGUMENT', `${what}: get(${index}) of the data set gives no pair of images`, {
      expected: '{ name, a, b } with an image { width, height, data } for each of a and b, or a promise of it',
      received: missing,
      fix: 'return the pair from get(): a function with braces needs a return',
    });
  }
  expectImage(a, `${what}, image a`);
  expectImage(b, `${what}, image b`);
  if (!dataset.unrelated) expectOneSize({ name: what, a, b });
  return { name: pair?.name ?? number, a, b, ...(pair?.labels && { labels: pair.labels }) };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** @throws INVALID_ARGUMENT unless a data set says how many pairs it has: at least one */
export function expectLength({ name, length }: PairedDataset): void {
  if (Number.isSafeInteger(length) && length >= 1) return;
  throw new ShadegradError('INVALID_ARGUMENT', `length of the data set ${name}`, {
    expected: 'a whole number of pairs from 1 up',
    received: String(length),
    fix: 'give the data set as many pairs as its `length` says, and at least one',
  });
}
