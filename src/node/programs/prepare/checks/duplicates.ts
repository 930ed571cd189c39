import { findAlike } from '../../../../data/picture-hash.js';
import { countOf, findingOf, type Check, type Finding } from './finding.js';
import { photosOf } from './labels.js';
import type { ReadSample } from './survey.js';

/** Samples that are one and the same, or look alike: within a split, and, worse, of those trained on among those measured. */
export const checkDuplicates: Check = (survey) => {
  const sets = [...new Set(survey.read.map(({ set }) => set))];
  return sets.flatMap((set) =>
    duplicatesAmong(
      survey.read.filter((sample) => sample.set === set),
      photosOf(survey, set),
    ),
  );
};

function duplicatesAmong(samples: readonly ReadSample[], photo: number | null): Finding[] {
  const byContent = new Map<string, ReadSample[]>();
  for (const sample of samples) byContent.set(sample.content, [...(byContent.get(sample.content) ?? []), sample]);
  const same = [...byContent.values()].filter((group) => group.length > 1);
  // One of each content stands for all.
  const each = [...byContent.values()].map(([first]) => first!);
  const shown = photo === null ? [] : each.filter(({ images }) => images[photo] !== undefined);
  const alike = findAlike(shown.map(({ images }) => images[photo!]!)).map((pair) => pair.map((index) => shown[index]!));
  return [
    ...findingOf(
      'error',
      'leak',
      same.filter(isLeak).map(firstFiles),
      (count) =>
        `${countOf(count, 'sample')} trained on, and measured or tested on, too: what is measured then is not what has been learned`,
    ),
    ...findingOf(
      'warning',
      'duplicate',
      same.filter((group) => !isLeak(group)).map(firstFiles),
      (count) => `${countOf(count, 'sample')} there more than once, byte by byte`,
    ),
    ...findingOf(
      'warning',
      'leak-alike',
      alike.filter(isLeak).map(firstFiles),
      (count) => `${countOf(count, 'pair')} of pictures that look alike, one of them trained on, the other measured or tested on`,
    ),
    ...findingOf(
      'warning',
      'alike',
      alike.filter((group) => !isLeak(group)).map(firstFiles),
      (count) => `${countOf(count, 'pair')} of pictures that look alike`,
    ),
  ];
}

/** Whether some of them are trained on and some are not. */
const isLeak = (group: readonly ReadSample[]): boolean =>
  group.some(({ split }) => split === 'train') && group.some(({ split }) => split !== 'train');

const firstFiles = (group: readonly ReadSample[]): string[] => group.map(({ files }) => files[0]!);
