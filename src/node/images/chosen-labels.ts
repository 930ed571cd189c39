import type { ImageSet } from '../../data/unpaired.js';
import { columnsOf } from './attributes.js';

/**
 * Chooses among the labels of a set of images, in an order: those of a class that is not chosen are left out, and of attributes the others
 * are forgotten.
 *
 * @param names those to take; null for all that there are
 * @throws DATA_UNREADABLE for a label that there is not, and for one that is given twice
 */
export function withChosenLabels<S extends ImageSet>(set: S, names: readonly string[] | null): S {
  const { labels } = set;
  if (!labels || names === null || names.join() === labels.names.join()) return set;
  const columns = columnsOf(names, labels.names, `label of ${set.name}`);
  const row = (index: number): number[] => {
    const all = labels.of(index);
    return columns.map((column) => all[column]!);
  };
  const indices = Array.from({ length: set.length }, (_, index) => index).filter((index) => !labels.exclusive || row(index).includes(1));
  const groups = labels.groups?.map((group) => group.filter((name) => names.includes(name))).filter((group) => group.length > 1);
  return {
    ...set,
    length: indices.length,
    get: (index: number) => set.get(indices[index]!),
    ...(set.contentOf && { contentOf: (index: number) => set.contentOf!(indices[index]!) }),
    labels: { names, exclusive: labels.exclusive, ...(groups && { groups }), of: (index: number) => row(indices[index]!) },
  };
}
