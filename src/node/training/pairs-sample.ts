import { spread } from '../../data/spread.js';
import { ShadegradError } from '../../errors.js';
import type { ColoursOfPicture, PairsSample } from '../../training/diagnoses/diagnosis.js';
import type { ReadImageOptions } from '../images/colour-profiles.js';
import { findPairs } from '../images/layout.js';
import { computeAside } from '../images/picture-workers.js';
import { readImage } from '../images/read.js';

/** Files whose colours are counted. */
const FILES = 8;

/** The colours of some pictures as they lie in their files; none where these cannot be had: opening the data has said why. */
export async function coloursOf(folder: string, reading: ReadImageOptions): Promise<PairsSample['colours']> {
  const colours: { readonly a: ColoursOfPicture[]; readonly b: ColoursOfPicture[] } = { a: [], b: [] };
  try {
    const { pairs } = await findPairs(folder, 'train');
    for (const index of spread(pairs.length, FILES)) {
      const { a, b } = pairs[index]!;
      const images = await Promise.all([a, ...(b === undefined ? [] : [b])].map((path) => readImage(path, reading)));
      const [first, second] = await computeAside(b === undefined ? 'measureHalves' : 'measure', images);
      if (first) colours.a.push(first);
      if (second) colours.b.push(second);
    }
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
  }
  return colours;
}
