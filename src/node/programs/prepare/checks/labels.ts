import { areLabelMaps, middleOf, MOST_LABEL_COLOURS } from '../../../../data/label-maps.js';
import type { Measured } from '../../../images/picture-tasks.js';
import { findingOf, type Check } from './finding.js';
import type { ReadSample, Survey } from './survey.js';

const SIDES = ['A', 'B'] as const;

/** Whether the pictures at a place of some samples are label maps or drawings, by the middle one of them. */
function areLabels(samples: readonly ReadSample[], half: number): boolean {
  return areLabelMaps(samples.flatMap(({ images: each }): Measured[] => (each[half] ? [each[half]] : [])));
}

/** The place of the photos among the pictures of a sample: by them samples are compared; null where all are label maps or drawings. */
export function photosOf({ read }: Pick<Survey, 'read'>, set: ReadSample['set']): number | null {
  const samples = read.filter((sample) => sample.set === set);
  const half = [0, 1].find((each) => samples.some(({ images }) => images[each]) && !areLabels(samples, each));
  return half ?? null;
}

/** Label maps whose colours have been blurred, by a JPEG or by resizing: a network sees shades where labels are meant. */
export const checkLabels: Check = ({ kind, read }) => {
  if (kind !== 'pairs') return [];
  return SIDES.flatMap((side, half) => {
    if (!areLabels(read, half)) return [];
    const blurred = read.filter(({ images }) => (images[half]?.colours ?? 0) > MOST_LABEL_COLOURS);
    const colours = middleOf(blurred.map(({ images }) => images[half]!.colours));
    return findingOf(
      'warning',
      'blurred-labels',
      blurred.map(({ files }) => [files[half] ?? files[0]!]),
      (count) =>
        `half ${side} looks like label maps, and ${count} of ${read.length} have more than ${MOST_LABEL_COLOURS} colours, ${colours} ` +
        'in the middle: JPEG, or resizing other than by the nearest pixel, blurs them; PNGs keep them',
    );
  });
};
