import { countOf, findingOf, type Check } from './finding.js';

/** Pairs whose halves differ in size. */
export const checkHalves: Check = ({ kind, read }) => {
  const differing = read.filter(({ files, images: [a, b] }) => {
    if (kind !== 'pairs' || files.length !== 2 || b === undefined) return false;
    return a!.width !== b.width || a!.height !== b.height;
  });
  return findingOf(
    'error',
    'halves-differ',
    differing.map(({ files }) => files),
    (count) => `${countOf(count, 'pair')} with halves of different sizes`,
  );
};

/** Pairs side by side of an odd width, which have no middle. */
export const checkWidths: Check = ({ read }) =>
  findingOf(
    'error',
    'odd-width',
    read.filter(({ isOdd }) => isOdd).map(({ files }) => files),
    (count) => `${countOf(count, 'picture')} of odd width, which cannot be cut into two halves of one size`,
  );
