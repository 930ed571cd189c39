import { countOf, findingOf, type Check } from './finding.js';

/** A pair side by side is so wide, in its height. */
const LIKELY = { least: 1.8, most: 3 } as const;

/** Whether there is something to train on, and whether pairs side by side look like such. */
export const checkLayout: Check = ({ kind, samples, read, folder }) => {
  const none = samples.some(({ split }) => split === 'train') ? [] : [[folder]];
  const isLikely = (shape: number): boolean => shape >= LIKELY.least && shape <= LIKELY.most;
  const odd = read.filter(({ files, images: [a] }) => kind === 'pairs' && files.length === 1 && !isLikely((2 * a!.width) / a!.height));
  const wide = read.filter(({ images: [a] }) => kind === 'pictures' && isLikely(a!.width / a!.height));
  const areWide = 2 * wide.length > read.length;
  return [
    ...findingOf('error', 'nothing-to-train-on', none, () => 'there are no training samples'),
    ...findingOf(
      'warning',
      'pairs-elsewhere',
      areWide ? wide.map(({ files }) => files) : [],
      (count) =>
        `${countOf(count, 'picture')} about twice as wide as high: if they are pairs side by side, a training looks for them in train/, ` +
        'in the folder that is named to it',
    ),
    ...findingOf(
      'warning',
      'unlike-pair',
      odd.map(({ files }) => files),
      (count) => `${countOf(count, 'picture')} not about twice as wide as high: each is cut down the middle into two halves all the same`,
    ),
  ];
};
