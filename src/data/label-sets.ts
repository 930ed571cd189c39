import { described } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { expectLabelling, labelsAt, type ImageLabels } from './labels.js';
import { expectSet, type ImageSet } from './unpaired.js';

/**
 * Joins sets of images that have labels of their own, such as attributes of faces and classes of expressions, to a data set for a training
 * scheme that takes several. Each of its images has the labels of its own set, 0 for those of the others, and 1 for its set.
 *
 * ```ts
 * const both = joinLabelledSets([faces, expressions]);                  // two sets with `labels`
 * const trainer = await Trainer.create(gpu, stargan, both, options);    // a step of one, then a step of the other
 * ```
 *
 * @param sets two or more, no label of which has the name of one of another set: what is meant by it would be unclear
 * @throws INVALID_ARGUMENT for no array of sets, for fewer, for one without images, without labels or with several sets in it,
 *   and for a label that two have
 */
export function joinLabelledSets(sets: readonly ImageSet[]): ImageSet {
  if (!Array.isArray(sets) || !sets.every((set) => typeof set === 'object' && set !== null))
    throw refused('sets of images to join', 'an array of sets', described(sets), 'write joinLabelledSets([first, second])');
  const name = sets.map((set) => set.name).join(' and ');
  if (sets.length < 2) throw refused('sets of images to join', 'two or more', `${sets.length}`, 'train on a single set as it is');
  const labels = sets.map((set): ImageLabels => {
    const found = set.labels;
    if (!found || found.sets)
      throw refused(`labels of ${set.name}, to be joined`, 'labels of one set', found ? 'several sets' : 'none', SEE);
    expectLabelling(found, set.name);
    expectSet(set);
    return found;
  });
  const names = labels.flatMap((each) => each.names);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) {
    const having = sets.filter((_, set) => labels[set]!.names.includes(twice)).map((set) => set.name);
    throw refused(
      `labels of ${name}`,
      'labels that differ',
      `${twice} in ${having.join(' and in ')}`,
      'rename it in one of the sets, or leave it out',
    );
  }
  const parts = sets.map(({ length }) => length);
  const starts = parts.map((_, set) => parts.slice(0, set).reduce((sum, each) => sum + each, 0));
  const own = (index: number): [set: number, index: number] => {
    const set = starts.filter((start) => start <= index).length - 1;
    return [set, index - starts[set]!];
  };
  const groups = labels.flatMap((each) => each.groups ?? []);
  return {
    kind: 'images',
    name,
    length: parts.reduce((sum, each) => sum + each, 0),
    parts,
    get: (index) => {
      const [set, at] = own(index);
      return sets[set]!.get(at);
    },
    ...(sets.every((set) => set.contentOf) && {
      contentOf: (index: number) => {
        const [set, at] = own(index);
        return sets[set]!.contentOf!(at);
      },
    }),
    labels: {
      names,
      exclusive: false,
      ...(groups.length > 0 && { groups }),
      sets: labels.map((each) => ({ names: each.names, exclusive: each.exclusive })),
      of: (index) => {
        const [set, at] = own(index);
        const before = labels.slice(0, set).flatMap((each) => each.names).length;
        const row = new Array<number>(names.length + sets.length).fill(0);
        row.splice(before, labels[set]!.names.length, ...labelsAt(labels[set]!, at, sets[set]!.name));
        row[names.length + set] = 1;
        return row;
      },
    },
  };
}

const SEE = 'see ImageLabels in the reference';

const refused = (what: string, expected: string, received: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });
