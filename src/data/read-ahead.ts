/** Samples that are read before their turn, so that reading and measuring go side by side. */
const AHEAD = 4;

/**
 * Reads samples in their order, a few before their turn: of any number, no more are in memory at once.
 *
 * @throws what reading the sample at hand throws; what a later one throws is left to its turn
 */
export async function* readAhead<Sample>(indices: readonly number[], read: (index: number) => Promise<Sample>): AsyncGenerator<Sample> {
  const waiting: Promise<Sample>[] = [];
  let next = 0;
  while (next < indices.length || waiting.length > 0) {
    while (waiting.length < AHEAD && next < indices.length) {
      const sample = read(indices[next++]!);
      // It is waited for in its turn, which does not come if the caller ends before.
      sample.catch(() => {});
      waiting.push(sample);
    }
    yield await waiting.shift()!;
  }
}
