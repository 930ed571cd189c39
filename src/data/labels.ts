import { ShadegradError } from '../errors.js';

/** Labels of the images of a set: for each a number for each name, such as 1 for an attribute that it has, and 0 for others. */
export interface ImageLabels {
  /** The names, such as those of classes or attributes. */
  readonly names: readonly string[];
  /** Whether each image is of just one of them, as of classes; else it may be of several, as of attributes. */
  readonly exclusive: boolean;
  /** Of attributes those of which an image has one at most, such as colours of hair, by their names. Default: none. */
  readonly groups?: readonly (readonly string[])[];
  /** The labels of the image at `index` in the order of the names. */
  of(index: number): readonly number[];
}

/** Which labels the images of a set have: their names, and which exclude one another. */
export type Labelling = Omit<ImageLabels, 'of'>;

/**
 * The labels of an image, checked: a data set that others made may give anything.
 *
 * @param set what errors call the set
 * @throws INVALID_ARGUMENT unless it is a number from 0 to 1 for each name, and of labels that exclude one another 1 for one
 */
export function labelsAt(labels: ImageLabels, index: number, set: string): readonly number[] {
  const found: unknown = labels.of(index);
  const count = labels.names.length;
  const fits = Array.isArray(found) && found.length === count && found.every((each) => each >= 0 && each <= 1);
  const shares = fits ? (found as number[]).filter((each) => each !== 0) : [];
  if (fits && (!labels.exclusive || (shares.length === 1 && shares[0] === 1))) return found as number[];
  const ofOne = labels.exclusive ? ', of which one is 1 and the others are 0' : '';
  throw new ShadegradError('INVALID_ARGUMENT', `labels of image ${index} of ${set}`, {
    expected: `an array of ${count} numbers from 0 to 1${ofOne}, for ${labels.names.join(', ')}`,
    received: Array.isArray(found) ? JSON.stringify(found).slice(0, 80) : String(found),
    fix: 'return from of() 1 for what the image has, and 0 (not -1) for what it has not',
  });
}

/**
 * Checks which labels a set says that there are.
 *
 * @param set what errors call the set
 * @throws INVALID_ARGUMENT for no names, one that is there twice, and groups of other names or with one name in two of them
 */
export function expectLabelling({ names, exclusive, groups = [] }: Labelling, set: string): void {
  const refuse = (what: string, expected: string, received: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of ${set}`, { expected, received, fix: 'see ImageLabels in the reference' });
  };
  // Checkpoints join names by commas.
  const texts = Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string' && /^[^,]+$/.test(name));
  if (!texts || new Set(names).size !== names.length) {
    refuse('names of the labels', 'one or more names without commas, each once', JSON.stringify(names));
  }
  if (typeof exclusive !== 'boolean') refuse('exclusive of the labels', 'true or false', String(exclusive));
  const grouped = groups.flat();
  if (grouped.every((name) => names.includes(name)) && new Set(grouped).size === grouped.length) return;
  refuse('groups of the labels', `names among ${names.join(', ')}, each in one group at most`, JSON.stringify(groups));
}

/** For each label the places of those that exclude one another with it, itself among them; of one that goes with any, itself alone. */
export function exclusiveGroups({ names, exclusive, groups = [] }: Labelling): number[][] {
  if (exclusive) return names.map(() => names.map((_, index) => index));
  return names.map((name, index) => {
    const group = groups.find((each) => each.includes(name));
    return group ? group.map((each) => names.indexOf(each)) : [index];
  });
}

/**
 * What an image is to become, one label after the other, as the authors' program of StarGAN shows its progress: for each label the labels
 * of the image with that one changed. One that excludes others takes their place; any other is turned round.
 *
 * @param own labels of the image
 * @returns as many rows as there are labels
 */
export function targetLabels(labelling: Labelling, own: readonly number[]): number[][] {
  return exclusiveGroups(labelling).map((group, index) => {
    const target = [...own];
    for (const other of group) target[other] = 0;
    target[index] = group.length > 1 || own[index] === 0 ? 1 : 0;
    return target;
  });
}
