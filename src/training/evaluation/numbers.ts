import type { SeenImage } from '../../data/codings/coding.js';
import type { RgbImage } from '../../data/image.js';

/** Two images with the numbers that they consist of. */
type Numbers = readonly [made: SeenImage, real: SeenImage];

/** Images that are more than eight-bit colours (depth, heat, any channels), to be compared by their numbers; undefined for pictures. */
export const asNumbers = (made: RgbImage, real: RgbImage): Numbers | undefined =>
  made.values?.kind === 'numbers' && real.values?.kind === 'numbers' ? [made as SeenImage, real as SeenImage] : undefined;
