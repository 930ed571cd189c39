import { ShadegradError } from '../../errors.js';
import type { FoundNetwork } from '../../exchange/read-weights.js';
import { oneLine } from '../../formats/names.js';
import type { Network } from '../../models/kind.js';
import { toldOf, type LabelSet } from '../../data/labels.js';
import { labelCount } from '../../models/registry.js';
import { nearest } from '../terminal/flags.js';

/** What stands for none of the labels. */
const NONE = 'none';

/** The labels of a network, and those of them that --label asks for. */
export interface AskedLabels {
  /** What labels are called: their names, or where the file of the network has none, their numbers from 0. */
  readonly names: readonly string[];
  /** The places of those that are asked for, in the order of the flag; null without the flag. */
  readonly asked: readonly number[] | null;
}

/**
 * Reads --label for a network.
 *
 * @param words of the flag, some of which may be joined by commas
 * @param known names of the labels, where the file of the network has them
 * @param others words beside the names that mean something
 * @param sets that the labels are of, where the file says so
 * @returns null for a network without labels
 * @throws BAD_FLAG for such a network and the flag, and for labels that there are not
 */
export function askedLabels(
  network: Network,
  words: readonly string[] | undefined,
  known: readonly string[] | undefined,
  others = '',
  sets: readonly LabelSet[] = [],
): AskedLabels | null {
  const count = labelCount(network);
  if (count === 0) {
    if (words === undefined) return null;
    throw new ShadegradError('BAD_FLAG', 'This network takes no labels', {
      expected: '--label with a network that does, such as one of StarGAN or of a conditional GAN',
      received: `--label ${oneLine(words.join(' '), 40)}`,
      fix: 'leave out --label',
    });
  }
  const names = known && toldOf(known, sets) === count ? known : Array.from({ length: count }, (_, index) => String(index));
  const split = words?.flatMap((word) => word.split(',')).filter((word) => word !== '');
  if (split === undefined) return { names, asked: null };
  const strange = split.find((word) => !names.includes(word));
  if (split.length > 0 && strange === undefined) return { names, asked: [...new Set(split.map((word) => names.indexOf(word)))] };
  const near = strange === undefined ? undefined : nearest(strange, names);
  throw new ShadegradError('BAD_FLAG', 'Bad value for --label', {
    expected: `labels of the network: ${listed(names, known)}${others}`,
    received: strange === undefined ? 'nothing' : oneLine(strange, 40),
    fix: near === undefined ? `write, for example, --label ${names[0]!}` : `did you mean ${near}?`,
  });
}

const listed = (names: readonly string[], known: readonly string[] | undefined): string =>
  names.join(', ') + (names === known ? '' : ', by its number as its file has no names');

/**
 * What --label says that images are to become: for each label of a generator 1 or 0; nothing for a generator without labels.
 *
 * @param known what the file of the network says of its labels; where it does not say which exclude one another, any go together
 * @throws BAD_FLAG as askedLabels(), for a generator with labels where none are asked for, and for labels that exclude one another
 */
export function wantedLabels(
  network: Network,
  words: readonly string[] | undefined,
  { labels: known, labelSets = [], labelGroups = [] }: Pick<FoundNetwork, 'labels' | 'labelSets' | 'labelGroups'>,
): number[] {
  // An image is always of some class, but may have no attribute: of several sets it is the one of attributes that none is said of.
  const ofAttributes = labelSets.filter(({ exclusive }) => !exclusive);
  const mayBeNone = labelSets.length === 0 || ofAttributes.length === 1;
  const orNone = mayBeNone ? `; or ${NONE}` : '';
  const isNone = labelCount(network) > 0 && words?.length === 1 && words[0] === NONE && !known?.includes(NONE);
  if (isNone && !mayBeNone) {
    const all = labelSets.map(({ names: some }) => listed(some, some)).join('; or ');
    throw new ShadegradError('BAD_FLAG', `Bad value for --label: ${NONE} of which labels?`, {
      expected: `labels of the network: ${all}; ${NONE} where just one set of them is of attributes, of which an image may have none`,
      received: `${NONE}, and ${ofAttributes.length === 0 ? 'no set' : `${ofAttributes.length} sets`} of attributes`,
      fix: `write, for example, --label ${labelSets[0]!.names[0]!}`,
    });
  }
  const found = askedLabels(network, isNone ? undefined : words, known, orNone, labelSets);
  if (found === null) return [];
  const { names, asked } = found;
  if (isNone && labelSets.length > 1) {
    return [...names.map(() => 0), ...labelSets.map(({ exclusive }) => Number(!exclusive))];
  }
  const classes = labelSets.filter(({ exclusive }) => exclusive).map((set) => set.names);
  for (const group of [...classes, ...labelGroups]) {
    const together = group.filter((name) => asked?.includes(names.indexOf(name)));
    if (together.length < 2) continue;
    throw new ShadegradError('BAD_FLAG', 'Labels that exclude one another', {
      expected: `one at most of ${listed(group, group)}: no image that the network was trained on has two of them`,
      received: `--label ${together.join(' ')}`,
      fix: `write one of them, such as --label ${together[0]!}`,
    });
  }
  if (asked !== null && labelSets.length > 1) return rowOfOneSet(names, asked, labelSets);
  if (asked !== null || isNone) return names.map((_, index) => Number(asked?.includes(index) ?? false));
  throw new ShadegradError('BAD_FLAG', '--label is missing', {
    expected: `every label that the images are to have, of ${listed(names, known)}${orNone}`,
    received: 'nothing',
    fix: `write, for example, --label ${names[0]!}`,
  });
}

/**
 * What a generator of several sets is told: its labels, and which set they are of.
 *
 * @throws BAD_FLAG for labels of two sets
 */
function rowOfOneSet(names: readonly string[], asked: readonly number[], labelSets: readonly LabelSet[]): number[] {
  const wanted = names.filter((_, index) => asked.includes(index));
  const of = labelSets.map((set) => wanted.filter((name) => set.names.includes(name)));
  const touched = of.filter((some) => some.length > 0);
  if (touched.length === 1) {
    return [...names.map((name) => Number(wanted.includes(name))), ...of.map((some) => Number(some.length > 0))];
  }
  throw new ShadegradError('BAD_FLAG', 'Labels of several sets at once', {
    expected: `labels of one set: ${labelSets.map((set) => listed(set.names, set.names)).join('; or ')}`,
    received: `--label ${wanted.join(' ')}`,
    fix: `translate twice, first with --label ${touched[0]!.join(' ')}, then what that has made with --label ${touched[1]!.join(' ')}`,
  });
}
