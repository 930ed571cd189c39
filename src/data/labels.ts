import { ShadegradError } from '../errors.js';

/** Labels of the images of a set: for each a number for each name, such as 1 for an attribute that it has, and 0 for others. */
export interface ImageLabels {
  /** The names, such as those of classes or attributes. */
  readonly names: readonly string[];
  /** Whether each image is of just one of them, as of classes; else it may be of several, as of attributes. */
  readonly exclusive: boolean;
  /** Of attributes those of which an image has one at most, such as colours of hair, by their names. Default: none. */
  readonly groups?: readonly (readonly string[])[];
  /** The sets that the labels are of, where an image has those of just one of several; joinLabelledSets() makes such. Default: one set. */
  readonly sets?: readonly LabelSet[];
  /**
   * The labels of the image at `index` in the order of the names. Of several sets those of the others are 0, and after the labels there is
   * a number for each set: 1 for the one that the image is of.
   */
  of(index: number): readonly number[];
}

/** Which labels the images of a set have: their names, and which exclude one another. */
export type Labelling = Omit<ImageLabels, 'of'>;

/** Labels of one kind: classes, of which an image has just one, or attributes, of which it may have several. */
export interface LabelSet {
  /** Their names. */
  readonly names: readonly string[];
  /** Whether each image has just one of them. */
  readonly exclusive: boolean;
}

/** A set of labels among several, and where it begins among all of them. */
export interface PlacedLabelSet extends LabelSet {
  /** The place of its first label. */
  readonly start: number;
}

/** The sets that labels of images are of, in the order of their names. */
export const labelSetsOf = ({ names, exclusive, sets }: Omit<Labelling, 'groups'>): readonly LabelSet[] => sets ?? [{ names, exclusive }];

/** The sets of labels with their places; none where there is one set alone. */
export function placedSets({ sets = [] }: Pick<Labelling, 'sets'>): PlacedLabelSet[] {
  let start = 0;
  return sets.map((set) => ({ ...set, start: (start += set.names.length) - set.names.length }));
}

/** How many numbers a network is told of an image: its labels, and of several sets one for each set. */
export const toldOf = (names: readonly string[], sets: readonly LabelSet[] = []): number =>
  names.length + (sets.length > 1 ? sets.length : 0);

/** The length of a row of labels, as ImageLabels has them. */
export const rowLength = ({ names, sets }: Pick<Labelling, 'names' | 'sets'>): number => toldOf(names, sets);

/** Sets of labels as a checkpoint keeps them beside the names: how many of which kind, such as '5 attributes,8 classes'. */
export const encodeLabelSets = (sets: readonly LabelSet[]): string =>
  sets.map(({ names, exclusive }) => `${names.length} ${exclusive ? 'classes' : 'attributes'}`).join(',');

/**
 * Reads what encodeLabelSets() wrote.
 *
 * @param names of all sets, one after the other
 * @returns undefined for what is no such text, such as that of a checkpoint from before, or is of another number of names
 */
export function decodeLabelSets(text: unknown, names: readonly string[]): LabelSet[] | undefined {
  if (typeof text !== 'string') return undefined;
  let from = 0;
  const sets = text.split(',').map((part): LabelSet | undefined => {
    const [, count, kind] = /^([1-9]\d*) (classes|attributes)$/.exec(part) ?? [];
    return count === undefined ? undefined : { names: names.slice(from, (from += Number(count))), exclusive: kind === 'classes' };
  });
  return sets.every((set) => set !== undefined) && from === names.length ? sets : undefined;
}

/** Labels of which an image has one at most, as a checkpoint keeps them beside the names: their places, such as '0,1,2;5,6'. */
export const encodeLabelGroups = (names: readonly string[], groups: readonly (readonly string[])[]): string =>
  groups.map((group) => group.map((name) => names.indexOf(name)).join(',')).join(';');

/**
 * Reads what encodeLabelGroups() wrote.
 *
 * @returns undefined for what is no such text, or is of other names
 */
export function decodeLabelGroups(text: unknown, names: readonly string[]): string[][] | undefined {
  if (typeof text !== 'string' || !/^\d+(,\d+)*(;\d+(,\d+)*)*$/.test(text)) return undefined;
  const places = text.split(';').map((group) => group.split(',').map(Number));
  return places.flat().every((place) => place < names.length) ? places.map((group) => group.map((place) => names[place]!)) : undefined;
}

/**
 * The labels of an image, checked: a data set that others made may give anything.
 *
 * @param set what errors call the set
 * @throws INVALID_ARGUMENT unless it is a number from 0 to 1 for each name, and of labels that exclude one another 1 for one
 */
export function labelsAt(labels: ImageLabels, index: number, set: string): readonly number[] {
  const found: unknown = labels.of(index);
  const count = rowLength(labels);
  const fits = Array.isArray(found) && found.length === count && found.every((each) => each >= 0 && each <= 1);
  if (fits && isOfOneSet(labels, found as number[])) return found as number[];
  const ofOne = labels.sets
    ? ', then 1 for the set that it is of; the labels of other sets 0'
    : labels.exclusive
      ? ', of which one is 1 and the others are 0'
      : '';
  throw new ShadegradError('INVALID_ARGUMENT', `labels of image ${index} of ${set}`, {
    expected: `an array of ${count} numbers from 0 to 1${ofOne}, for ${labels.names.join(', ')}`,
    received: Array.isArray(found) ? JSON.stringify(found).slice(0, 80) : String(found),
    fix: 'return from of() 1 for what the image has, and 0 (not -1) for what it has not',
  });
}

/** Whether just one number is 1, and the others are 0. */
const isOneHot = (row: readonly number[]): boolean => row.filter((each) => each !== 0).length === 1 && row.includes(1);

/** Whether a row of labels has one of those that exclude one another, and of several sets nothing of the others. */
function isOfOneSet(labelling: Labelling, row: readonly number[]): boolean {
  const { names, exclusive } = labelling;
  const sets = placedSets(labelling);
  if (sets.length === 0) return !exclusive || isOneHot(row);
  const own = row.indexOf(1, names.length) - names.length;
  return (
    isOneHot(row.slice(names.length)) &&
    sets.every(({ start, names: some, exclusive: oneOf }, set) => {
      const part = row.slice(start, start + some.length);
      return set === own ? !oneOf || isOneHot(part) : part.every((each) => each === 0);
    })
  );
}

/** Whether something is one or more names of labels; checkpoints join them by commas. */
const areNames = (names: unknown): boolean =>
  Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string' && /^[^,]+$/.test(name));

/**
 * Checks which labels a set says that there are.
 *
 * @param set what errors call the set
 * @throws INVALID_ARGUMENT for no names, one that is there twice, and groups of other names or with one name in two of them
 */
export function expectLabelling({ names, exclusive, groups = [], sets }: Labelling, set: string): void {
  const refuse = (what: string, expected: string, received: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of ${set}`, { expected, received, fix: 'see ImageLabels in the reference' });
  };
  if (!areNames(names) || new Set(names).size !== names.length) {
    refuse('names of the labels', 'one or more names without commas, each once', JSON.stringify(names));
  }
  if (typeof exclusive !== 'boolean') refuse('exclusive of the labels', 'true or false', String(exclusive));
  const together = (all: readonly LabelSet[]): boolean =>
    Array.isArray(all) &&
    all.length >= 2 &&
    all.every((each) => areNames(each?.names) && typeof each.exclusive === 'boolean') &&
    all.flatMap((each) => each.names).join() === names.join();
  if (sets && (exclusive || !together(sets))) {
    refuse(
      'sets of the labels',
      `two or more, each with names of its own and exclusive true or false, together ${names.join(', ')}; exclusive of all false`,
      JSON.stringify(sets),
    );
  }
  const grouped = groups.flat();
  const within = (group: readonly string[]): boolean => !sets || sets.some((each) => group.every((name) => each.names.includes(name)));
  const known = grouped.every((name) => names.includes(name)) && groups.every(within);
  if (known && new Set(grouped).size === grouped.length) return;
  refuse('groups of the labels', `names among ${names.join(', ')}, each in one group at most`, JSON.stringify(groups));
}

/** For each label the places of those that exclude one another with it, itself among them; of one that goes with any, itself alone. */
export function exclusiveGroups({ names, exclusive, groups = [], sets = [] }: Labelling): number[][] {
  const classes = exclusive ? [names] : sets.filter((set) => set.exclusive).map((set) => set.names);
  return names.map((name, index) => {
    const others = classes.find((each) => each.includes(name));
    if (others) return others.map((each) => names.indexOf(each));
    const group = groups.find((each) => each.includes(name));
    return group ? group.map((each) => names.indexOf(each)) : [index];
  });
}

/**
 * What an image is to become, one label after the other, as the authors' program of StarGAN shows its progress: for each label the labels
 * of the image with that one changed. One that excludes others takes their place; any other is turned round. Of several sets, a label of
 * another set than the image's is wanted alone, as nothing else of that set is known of the image.
 *
 * @param own labels of the image
 * @returns as many rows as there are labels
 */
export function targetLabels(labelling: Labelling, own: readonly number[]): number[][] {
  const count = labelling.names.length;
  const sets = placedSets(labelling);
  return exclusiveGroups(labelling).map((group, index) => {
    const set = sets.filter(({ start }) => start <= index).length - 1;
    if (set >= 0 && own[count + set] !== 1) return own.map((_, at) => Number(at === index || at === count + set));
    const target = [...own];
    for (const other of group) target[other] = 0;
    target[index] = group.length > 1 || own[index] === 0 ? 1 : 0;
    return target;
  });
}
