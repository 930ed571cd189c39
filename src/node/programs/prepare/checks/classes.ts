import type { MapClasses } from '../../../images/palette.js';
import { countOf, findingOf, type Check, type Finding } from './finding.js';

/** With fewer label maps than these, nobody can say what is a surprise. */
const LEAST_MAPS = 4;
/** A class is known where at least this share of the maps, and two of them, have it. */
const KNOWN_SHARE = 0.05;

/** A label map, and the classes in it. */
interface ClassMap extends MapClasses {
  readonly file: string;
}

/** Label maps with a palette, photos beside them, whose classes or colours are not those of the others. */
export const checkClasses: Check = ({ kind, read }) => {
  if (kind !== 'pairs') return [];
  return [0, 1].flatMap((half) =>
    compare(read.flatMap(({ files, classes }) => (files.length === 2 && classes[half] ? [{ file: files[half]!, ...classes[half] }] : []))),
  );
};

function compare(maps: readonly ClassMap[]): Finding[] {
  if (maps.length < LEAST_MAPS) return [];
  const counts = new Map<number, number>();
  for (const number of maps.flatMap(({ used }) => used)) counts.set(number, (counts.get(number) ?? 0) + 1);
  const known = [...counts].filter(([, count]) => count >= Math.max(2, KNOWN_SHARE * maps.length)).map(([number]) => number);
  // Maps that have no class in common say nothing of which there are.
  if (known.length === 0) return [];
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const isKnown = (number: number): boolean => number >= least && number <= most;
  const strange = maps.filter(({ used }) => !used.every(isKnown));
  const numbers = [...new Set(strange.flatMap(({ used }) => used.filter((number) => !isKnown(number))))].sort((a, b) => a - b);
  const usual = usualColours(maps);
  const others = maps.filter(({ used, colours }) => used.some((number, at) => isKnown(number) && colours[at] !== usual.get(number)));
  // Where most differ, the palettes are those of pictures and no classes.
  const recoloured = 2 * others.length < maps.length ? others : [];
  const each = (found: readonly { readonly file: string }[]): string[][] => found.map(({ file }) => [file]);
  return [
    ...findingOf(
      'warning',
      'unknown-class',
      each(strange),
      (count) =>
        `${countOf(count, 'label map')} with classes beyond those of the others, ${least} to ${most}: ${numbers.slice(0, 5).join(', ')}` +
        `${numbers.length > 5 ? ', ...' : ''}; give these pixels a class that there is, or take the pairs out`,
    ),
    ...findingOf(
      'warning',
      'other-palette',
      each(recoloured),
      (count) =>
        `${countOf(count, 'label map')} whose palette has other colours for the same classes, so that a network sees other classes: ` +
        'save them with the palette of the others, or train on the numbers (--one-hot)',
    ),
  ];
}

/** The colour that most maps have for each class. */
function usualColours(maps: readonly MapClasses[]): Map<number, string | undefined> {
  const votes = new Map<number, Map<string | undefined, number>>();
  for (const { used, colours } of maps) {
    for (const [at, number] of used.entries()) {
      const own = votes.get(number) ?? new Map<string | undefined, number>();
      votes.set(number, own.set(colours[at], (own.get(colours[at]) ?? 0) + 1));
    }
  }
  return new Map([...votes].map(([number, own]) => [number, [...own].sort((a, b) => b[1] - a[1])[0]![0]]));
}
