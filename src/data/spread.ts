import type { PairedDataset } from './dataset.js';

/** Up to `count` indices, evenly over a set of so many; always the same ones. */
export function spread(length: number, count: number): number[] {
  const used = Math.min(length, count);
  return Array.from({ length: used }, (_, index) => Math.floor((index * length) / used));
}

/**
 * Likewise over a data set; of one that was joined of several sets, as many of each as there are, in turn. Of a small set all are taken,
 * and more of the others make up for it: asked for as many as it gave, it gives the same ones again.
 */
export function spreadOver({ length, parts = [length] }: Pick<PairedDataset, 'length' | 'parts'>, count: number): number[] {
  const most = mostOfEach(parts, count);
  let start = 0;
  const ofParts = parts.map((part) => {
    start += part;
    return spread(part, most).map((index) => start - part + index);
  });
  const turns = Math.max(...ofParts.map((some) => some.length));
  return Array.from({ length: turns }, (_, turn) => ofParts.flatMap((some) => some.slice(turn, turn + 1)))
    .flat()
    .slice(0, count);
}

/** How many of each part make at least `count` together, where there are so many. */
function mostOfEach(parts: readonly number[], count: number): number {
  let left = count;
  for (const [index, part] of [...parts].sort((a, b) => a - b).entries()) {
    const share = Math.ceil(left / (parts.length - index));
    if (part >= share) return share;
    left -= part;
  }
  return Infinity;
}
