import { areLabelMaps, middleOf, MOST_LABEL_COLOURS } from '../../data/label-maps.js';
import type { Diagnosis, PairsSample } from './diagnosis.js';

const SIDES = ['a', 'b'] as const;
/** Pictures that tell anything. */
const FEWEST = 4;

/** Label maps whose colours a JPEG has blurred: the network sees shades where labels are meant. */
export const labelsBlurred: Diagnosis<PairsSample> = {
  name: 'labels-blurred',
  title: 'labels are blurred',
  find({ colours }) {
    const found = SIDES.flatMap((side) => {
      const pictures = colours[side];
      if (pictures.length < FEWEST || !areLabelMaps(pictures)) return [];
      const blurred = pictures.filter((picture) => picture.colours > MOST_LABEL_COLOURS);
      if (2 * blurred.length <= pictures.length) return [];
      const middle = middleOf(blurred.map((picture) => picture.colours));
      return [`half ${side.toUpperCase()} looks like label maps, and ${blurred.length} of ${pictures.length} have some ${middle} colours`];
    });
    return found.length === 0 ? undefined : found.join('; ');
  },
  tries: () => [
    'label maps as they were before a JPEG or a resize, as PNGs (prepare resize keeps labels with --filter nearest)',
    'the files by name: shadegrad prepare check DIR',
  ],
};
