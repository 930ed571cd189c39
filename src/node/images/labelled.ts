import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { pythonShuffle } from '../../data/python-random.js';
import type { ImageSet } from '../../data/unpaired.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { atMost } from '../../data/at-most.js';
import { columnsOf, readAttributes, withComma } from './attributes.js';
import type { ImageTree } from '../../training/files/image-tree.js';
import { describeContent, scanFolder } from './folder.js';
import { childNamed, fingerprintOf, IMAGES_AT_ONCE, imagesBelow, openSet, setFolders, type ImageSetsOptions } from './image-sets.js';
import type { Split } from './layout.js';

/** Options of openLabelledImages(). */
export interface LabelledImagesOptions extends ImageSetsOptions {
  /** The labels to take, in this order. Default: all that there are. */
  readonly labels?: readonly string[] | undefined;
  /** The share of the images that is held out, where the folder has none to validate on, and the most of a class. */
  readonly heldOut: { readonly share: number; readonly most: number };
  /** The folders that images are read from. Default: those of the disk, with profiles ignored. */
  readonly tree?: ImageTree | undefined;
}

/** Images with labels in files. */
export interface LabelledImages {
  readonly train: ImageSet;
  /** Has the labels of `train`, and none of its images unless there are too few. */
  readonly validation: ImageSet;
  /** What the user should know: which labels there are, what was left out. */
  readonly notes: readonly string[];
  /** Hashes the names of all training images, the sizes of their files, and their labels. */
  fingerprint(): Promise<string>;
}

/** The parts of a data set: names of files below its folder, and the labels of each. */
interface Listed {
  readonly folder: string;
  readonly labels: readonly string[];
  readonly exclusive: boolean;
  readonly groups?: readonly (readonly string[])[];
  readonly train: readonly Row[];
  readonly validation: readonly Row[];
  readonly notes: readonly string[];
}

interface Row {
  /** Below the folder. */
  readonly file: string;
  readonly labels: readonly number[];
}

const LISTS = /^list_attr.*\.txt$/i;
/** What the StarGAN program shuffles the rows of a list with, and how many of the first ones it tests on. */
const LIST_SPLIT = { seed: 1234, tested: 1999 } as const;
/** Attributes of CelebA that exclude one another where StarGAN's program makes other labels of them. */
const HAIR_COLOURS = ['Black_Hair', 'Blond_Hair', 'Brown_Hair', 'Gray_Hair'];
const SPLIT_NAME = /^(train|val|test)$/i;
/** Names that a note or an error lists. */
const LISTED = 3;

const LAYOUTS =
  'a list of attributes, list_attr_celeba.txt, with its images in a folder beside it; or a folder for each class, train/CLASS/ ' +
  '(and val/CLASS/ or test/CLASS/), or CLASS/ alone';

/**
 * Opens images with labels: those of a list of attributes, `list_attr*.txt` in the folder or one in it, or those in folders of classes,
 * `train/CLASS/` or `CLASS/`, as docs/data.md says. The rows of a list are split as the StarGAN program splits them; folders of classes by
 * `val/` or `test/`, or else the last images of each class are held out.
 *
 * @throws DATA_NOT_FOUND, DATA_EMPTY; DATA_UNREADABLE for a folder without labels, with fewer than two classes, or with others to validate
 *   on, for a list that does not fit its images, and for labels that there are not; `get` as that of openImageFolder()
 */
export async function openLabelledImages(directory: string, options: LabelledImagesOptions): Promise<LabelledImages> {
  const { maxSide = Infinity, cacheBytes = 2 ** 30 } = options;
  const list = await findList(directory);
  const { folder, labels, exclusive, groups, train, validation, notes } = await (list === null
    ? listClasses(directory, options)
    : listRows(directory, list, options));
  const source = { folder, maxSide, keepsShape: true, cache: { left: cacheBytes }, inTurn: atMost(IMAGES_AT_ONCE) };
  const open = (split: Split, rows: readonly Row[]): ImageSet => ({
    ...openSet(`${basename(resolve(directory))}/${split}`, { ...source, names: rows.map(({ file }) => file) }, options.tree),
    labels: { names: labels, exclusive, ...(groups && { groups }), of: (index) => rows[index]!.labels },
  });
  const counts = labels.map((label, at) => `${printableName(label)} (${train.filter((row) => row.labels[at] === 1).length})`);
  return {
    train: open('train', train),
    validation: open('val', validation),
    notes: [`labels, with the training images that have them: ${counts.join(', ')}`, ...notes],
    fingerprint: () =>
      fingerprintOf([{ folder, names: train.map(({ file }) => file) }], JSON.stringify([labels, train.map((row) => row.labels)])),
  };
}

/** The labels that the images of a folder have, before any are chosen. @throws as openLabelledImages() for a folder without labels */
export async function labelsOfFolder(directory: string): Promise<readonly string[]> {
  const list = await findList(directory);
  if (list !== null) return (await readAttributes(list, undefined)).names;
  return (await classesOf(directory, 'train')).classes.map(({ name }) => name);
}

/** The list of attributes of a folder, or null. @throws DATA_UNREADABLE for several */
async function findList(directory: string): Promise<string | null> {
  const { folders } = await scanFolder(directory);
  const within = await Promise.all(
    // A folder that cannot be read is named when its images are looked for.
    ['', ...folders].map(async (name) => (await readdir(join(directory, name)).catch(() => [])).map((file) => join(name, file))),
  );
  const lists = within.flat().filter((path) => LISTS.test(basename(path)));
  if (lists.length <= 1) return lists[0] === undefined ? null : join(directory, lists[0]);
  throw refused(`There are several lists of attributes in ${printableName(directory)}`, {
    expected: 'one list_attr*.txt',
    received: lists.map(printableName).join(', '),
    fix: 'take out all but one',
  });
}

/** Images of a list of attributes. */
async function listRows(directory: string, list: string, { labels, heldOut }: LabelledImagesOptions): Promise<Listed> {
  const { names, rows } = await readAttributes(list, labels);
  const content = await scanFolder(directory);
  const files = [...content.images, ...(await imagesBelow(directory, content))];
  // A row may say in which folder its file lies; where it does not, the name alone has to do.
  const byPath = new Set(files);
  const byName = byBaseName(files);
  const found: Row[] = [];
  const missing: string[] = [];
  const used = new Set<string>();
  for (const index of pythonShuffle(rows.length, LIST_SPLIT.seed)) {
    const { file, labels: values } = rows[index]!;
    const same = byPath.has(file) ? [file] : (byName.get(file) ?? []);
    if (same.length > 1) {
      throw refused(`${same.length} pictures have the name ${printableName(file)}, of a row in ${printableName(list)}`, {
        expected: 'one picture of this name in all folders, or its folder in the list, as DIR/NAME',
        received: same.slice(0, LISTED).map(printableName).join(', '),
        fix: 'take one of the folders out, such as that of images that are not aligned',
      });
    }
    if (same[0] === undefined) missing.push(file);
    else {
      found.push({ file: same[0], labels: values });
      used.add(same[0]);
    }
  }
  const single = files.filter((file) => !used.has(file));
  const apart = [
    ...(missing.length === 0 ? [] : [`${missing.length} of ${rows.length} rows name no file that is there (${some(missing.sort())})`]),
    ...(single.length === 0 ? [] : [`${single.length} of ${files.length} images have no row (${some(single)})`]),
  ];
  if (files.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(directory)}`, {
      expected: `the ${rows.length} images of ${printableName(list)} in a folder beside it`,
      received: describeContent(content),
      fix: 'put them there',
    });
  }
  if (found.length < 2 || 2 * found.length < Math.min(rows.length, files.length)) {
    throw refused(`${printableName(list)} is not of the images in ${printableName(directory)}`, {
      expected: 'a row for each image, with the name of its file',
      received: apart.join('; ') || `${rows.length} rows, ${files.length} images`,
      fix: 'put the images of the list there, or the list of the images; names have their ending, as 000001.jpg',
    });
  }
  const tested = Math.min(LIST_SPLIT.tested, Math.ceil(found.length * heldOut.share));
  return {
    folder: directory,
    labels: names,
    exclusive: false,
    groups: [HAIR_COLOURS.filter((name) => names.includes(name))].filter((group) => group.length > 1),
    validation: found.slice(0, tested),
    train: found.slice(tested),
    notes: [
      ...apart.map((text) => `left out: ${text}`),
      `${tested} of ${found.length} images are held out to validate, as StarGAN's program splits them`,
    ],
  };
}

function byBaseName(files: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const group = groups.get(basename(file));
    if (group) group.push(file);
    else groups.set(basename(file), [file]);
  }
  return groups;
}

/** A class of a split: its images by their names below the data set's folder. */
interface Class {
  readonly name: string;
  readonly files: readonly string[];
}

/** Images in a folder for each class. */
async function listClasses(directory: string, { labels, heldOut }: LabelledImagesOptions): Promise<Listed> {
  const found = await classesOf(directory, 'train');
  const comma = found.classes.find(({ name }) => name.includes(','));
  if (comma) throw withComma(`class of ${printableName(directory)}`, comma.name);
  const all = found.classes.map(({ name }) => name);
  const names = labels ?? all;
  const classes = columnsOf(names, all, `class in ${printableName(found.folder)}`).map((at) => found.classes[at]!);
  const empty = classes.filter(({ files }) => files.length === 0);
  if (empty.length > 0) {
    throw new ShadegradError(
      'DATA_EMPTY',
      `${empty.length} of ${classes.length} classes in ${printableName(found.folder)} have no images`,
      {
        expected: 'images in the folder of each class',
        received: `none in ${some(empty.map(({ name }) => `${name}/`))}`,
        fix: 'put images there, take these folders out, or name the classes to train on (--labels)',
      },
    );
  }
  if (classes.length < 2) {
    throw refused(`There is one class of images in ${printableName(found.folder)}`, {
      expected: 'at least two, a folder for each',
      received: `${printableName(classes[0]!.name)}/ with ${count(classes[0]!.files)}`,
      fix: all.length > 1 ? `name more of them: ${some(all)} (--labels)` : 'sort the images into folders of what they show',
    });
  }
  const labelsOf = (name: string): number[] => names.map((each) => (each === name ? 1 : 0));
  const rows = (some: readonly Class[]): Row[] =>
    some.flatMap(({ name, files }) => files.map((file) => ({ file, labels: labelsOf(name) })));
  const notes = [...found.notes, ...leftOut(all, names)];
  const other = await validationClasses(directory, found.folder, names, all);
  const common = { folder: directory, labels: names, exclusive: true };
  if (other) return { ...common, train: rows(classes), validation: rows(other.classes), notes: [...notes, ...other.notes] };
  const held = classes.map(({ files }) => (files.length === 1 ? 0 : Math.min(Math.ceil(files.length * heldOut.share), heldOut.most)));
  const part = (from: (count: number, held: number) => [start: number, end: number]): Row[] =>
    rows(classes.map(({ name, files }, at) => ({ name, files: files.slice(...from(files.length, held[at]!)) })));
  const train = part((count, out) => [0, count - out]);
  const validation = part((count, out) => [count - out, count]);
  const none = validation.length === 0;
  return {
    ...common,
    train,
    validation: none ? train : validation,
    notes: [
      ...notes,
      none
        ? 'there is neither val/ nor test/, and one image of each class: the training images are used to validate, too'
        : `there is neither val/ nor test/; the last images of each class are held out to validate, ${validation.length} in all`,
    ],
  };
}

const leftOut = (all: readonly string[], names: readonly string[]): string[] => {
  const others = all.filter((name) => !names.includes(name));
  return others.length === 0 ? [] : [`left out: ${others.length} of ${all.length} classes (${some(others)})`];
};

/** The classes to validate on; null where there are none. @throws DATA_UNREADABLE for one that there is not to train on */
async function validationClasses(
  directory: string,
  trained: string,
  names: readonly string[],
  all: readonly string[],
): Promise<{ classes: Class[]; notes: string[] } | null> {
  for (const split of ['val', 'test'] as const) {
    const found = await classesOf(directory, split).catch((error: unknown) => {
      // One that is there and empty is no more than one that is missing.
      if (error instanceof ShadegradError && ['DATA_NOT_FOUND', 'DATA_EMPTY'].includes(error.code)) return null;
      throw error;
    });
    if (!found) continue;
    const strange = found.classes.filter(({ name }) => !all.includes(name));
    if (strange.length > 0) {
      throw refused(`${printableName(found.folder)} has classes that ${printableName(trained)} has not`, {
        expected: `those to train on: ${all.map(printableName).join(', ')}`,
        received: some(strange.map(({ name }) => name)),
        fix: 'give the folders of a class one name in both',
      });
    }
    const classes = found.classes.filter(({ name, files }) => names.includes(name) && files.length > 0);
    if (classes.length === 0) continue;
    const without = names.filter((name) => !classes.some((each) => each.name === name));
    return {
      classes,
      notes: [
        ...found.notes,
        ...(split === 'val' ? [] : ['there is no val/ with classes; test/ is used to validate']),
        ...(without.length === 0 ? [] : [`note: ${printableName(found.folder)} has no images of ${some(without)}`]),
      ],
    };
  }
  return null;
}

/**
 * The classes of a split in the order of their names, as Python sorts them. Two sets, trainA/ and trainB/ or A/train/ and B/train/, are two
 * classes.
 *
 * @throws DATA_NOT_FOUND where there is no such split; DATA_EMPTY for one without anything; DATA_UNREADABLE for images in no folders
 */
async function classesOf(directory: string, split: Split): Promise<{ folder: string; classes: Class[]; notes: string[] }> {
  const content = await scanFolder(directory);
  const sets = await setFolders(directory, split);
  // Folders that are called A and B alone may be two of many.
  if (sets?.every((path) => basename(path).toLowerCase().startsWith(split))) {
    const classes = await Promise.all(sets.map(async (folder, at) => ({ name: 'AB'[at]!, files: await filesBelow(directory, folder) })));
    return { folder: directory, classes, notes: [] };
  }
  const own = childNamed(content, split);
  const parts = content.folders.filter((name) => SPLIT_NAME.test(name));
  if (own === undefined && (split !== 'train' || parts.length > 0)) {
    throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${printableName(join(directory, split))}`, {
      expected: LAYOUTS,
      received: `${describeContent(content)} in ${printableName(directory)}`,
      fix: `put the folders of the classes into ${split}/`,
    });
  }
  const folder = own === undefined ? directory : join(directory, own);
  const inside = await scanFolder(folder);
  if (inside.folders.length + inside.images.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(folder)}`, {
      expected: LAYOUTS,
      received: describeContent(inside),
      fix: 'put the folders of the classes there, or name another folder',
    });
  }
  if (inside.folders.length === 0) {
    throw refused(`The images of ${printableName(folder)} have no labels`, {
      expected: LAYOUTS,
      received: describeContent(inside),
      fix: 'this scheme learns labels: sort the images into a folder for each class, or put the list of their attributes beside them',
    });
  }
  const classes: Class[] = [];
  for (const name of [...inside.folders].sort()) classes.push({ name, files: await filesBelow(directory, join(folder, name)) });
  const { images } = inside;
  const beside = images.length === 0 ? [] : [`left out: ${count(images)} beside the folders of the classes (${some(images)})`];
  return { folder, classes, notes: beside };
}

/** The images of a class, by their names below the data set's folder. */
async function filesBelow(directory: string, folder: string): Promise<string[]> {
  const content = await scanFolder(folder);
  const below = relative(directory, folder).split(sep).join('/');
  return [...content.images, ...(await imagesBelow(folder, content))].map((name) => `${below}/${name}`);
}

const count = ({ length }: readonly string[]): string => `${length} ${length === 1 ? 'image' : 'images'}`;

const some = (names: readonly string[]): string =>
  `${names.slice(0, LISTED).map(printableName).join(', ')}${names.length > LISTED ? ', ...' : ''}`;

const refused = (what: string, more: { expected: string; received: string; fix: string }): ShadegradError =>
  new ShadegradError('DATA_UNREADABLE', what, more);
