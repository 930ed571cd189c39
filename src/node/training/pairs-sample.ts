import { pairAt, type PairedDataset } from '../../data/dataset.js';
import type { ImagePair } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import type { ColoursOfPicture, PairsSample } from '../../training/diagnoses/diagnosis.js';
import { findPairs } from '../images/layout.js';
import { computeAside } from '../images/picture-workers.js';
import { readImage } from '../images/read.js';
import { spread } from '../images/spread.js';
import { SYNTHETIC, type DataSource } from './data.js';

/** Neighbours that are read, at so many places of the set. */
const NEIGHBOURS = { places: 2, pairs: 16 } as const;
/** Files whose colours are counted. */
const FILES = 8;

/**
 * Reads what is to be known of the training pairs before the first step: few of them, however many there are.
 *
 * @param fit brings a pair to the size of the networks
 * @param source where they lie as they are trained on; null for those that are made or drawn
 */
export async function samplePairs(
  train: PairedDataset,
  fit: (pair: ImagePair) => ImagePair,
  source: DataSource | null,
): Promise<PairsSample> {
  const places = train.length < 2 * NEIGHBOURS.pairs ? [0] : spread(train.length, NEIGHBOURS.places);
  const neighbours = await Promise.all(
    places.map(async (first) => {
      const length = Math.min(places.length === 1 ? 2 * NEIGHBOURS.pairs : NEIGHBOURS.pairs, train.length - first);
      const group: ImagePair[] = [];
      // One after the other: each may be a large file.
      for (let at = 0; at < length; at++) {
        const pair = await readable(() => pairAt(train, first + at));
        if (pair) group.push(fit(pair));
      }
      return group;
    }),
  );
  return { neighbours, colours: source === null || source === SYNTHETIC ? { a: [], b: [] } : await coloursOf(source) };
}

/** What is read; undefined of a damaged file, which ends the run when a step needs it, and not before. */
async function readable<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ShadegradError) return undefined;
    throw error;
  }
}

/** The colours of some pictures as they lie in their files; none where these cannot be had: opening the data has said why. */
async function coloursOf(folder: string): Promise<PairsSample['colours']> {
  const colours: { readonly a: ColoursOfPicture[]; readonly b: ColoursOfPicture[] } = { a: [], b: [] };
  try {
    const { pairs } = await findPairs(folder, 'train');
    for (const index of spread(pairs.length, FILES)) {
      const { a, b } = pairs[index]!;
      const images = await Promise.all([a, ...(b === undefined ? [] : [b])].map((path) => readImage(path)));
      const [first, second] = await computeAside(b === undefined ? 'measureHalves' : 'measure', images);
      if (first) colours.a.push(first);
      if (second) colours.b.push(second);
    }
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
  }
  return colours;
}
