/** Entries that are neighbours stay together, because steps of several kinds may take turns. */
const STRETCH = 8;

/** Entries as they are while there are at most so many; of more, every second stretch is left out, or more of them. */
export function thinned<Entry>(entries: Entry[], most: number): Entry[] {
  let kept = entries;
  while (kept.length > most) kept = kept.filter((_, index) => Math.floor(index / STRETCH) % 2 === 0);
  return kept;
}
