/** Entries that are neighbours stay together, because steps of several kinds may take turns. */
const STRETCH = 8;

/**
 * Entries as they are while there are at most so many; of more, a stretch out of each part of the steps. The parts are of one length, so
 * that the beginning of a long run is left as much as its end, however often entries are added and thinned again.
 *
 * @param entries in the order of their steps
 * @param most at least two stretches
 */
export function thinned<Entry extends { readonly step: number }>(entries: Entry[], most: number): Entry[] {
  let kept = entries;
  // Parts that begin at their own multiples: what is left of two of them lies in one of twice the length.
  for (let length = STRETCH; kept.length > most; length *= 2) {
    let [part, count] = [-1, 0];
    kept = kept.filter(({ step }) => {
      const own = Math.floor(step / length);
      count = own === part ? count + 1 : 1;
      part = own;
      return count <= STRETCH;
    });
  }
  return kept;
}
