import { ShadegradError } from '../../errors.js';
import { oneLine } from '../../formats/names.js';
import type { Network } from '../../models/kind.js';
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
 * @returns null for a network without labels
 * @throws BAD_FLAG for such a network and the flag, and for labels that there are not
 */
export function askedLabels(
  network: Network,
  words: readonly string[] | undefined,
  known: readonly string[] | undefined,
  others = '',
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
  const names = known?.length === count ? known : Array.from({ length: count }, (_, index) => String(index));
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
 * @throws BAD_FLAG as askedLabels(), and for a generator with labels where none are asked for
 */
export function wantedLabels(network: Network, words: readonly string[] | undefined, known: readonly string[] | undefined): number[] {
  const isNone = labelCount(network) > 0 && words?.length === 1 && words[0] === NONE && !known?.includes(NONE);
  const labels = askedLabels(network, isNone ? undefined : words, known, `; or ${NONE}`);
  if (labels === null) return [];
  const { names, asked } = labels;
  if (asked !== null || isNone) return names.map((_, index) => Number(asked?.includes(index) ?? false));
  throw new ShadegradError('BAD_FLAG', '--label is missing', {
    expected: `every label that the images are to have, of ${listed(names, known)}; or ${NONE}`,
    received: 'nothing',
    fix: `write, for example, --label ${names[0]!}`,
  });
}
