import { join } from 'node:path';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { describeContent, leftOutOf, scanFolder } from '../../images/folder.js';
import { childNamed, imagesBelow } from '../../images/image-sets.js';
import { stemOf } from '../../images/layout.js';

/** Files that stay together, below the folder that is split. */
export interface Unit {
  /** What it is known by: files of one key are one unit. */
  readonly key: string;
  readonly files: readonly string[];
}

/** Units of which each split gets its share. */
export interface UnitGroup {
  readonly units: readonly Unit[];
  /** Where a file of a split goes. */
  target(split: string, file: string): string;
}

/** What is split, and how. */
export interface SplitPlan {
  readonly groups: readonly UnitGroup[];
  /** The layout that was found, and what is left out, in words. */
  readonly notes: readonly string[];
}

/** Below this share of names that are in both folders, A/ and B/ are two sets and no halves of pairs. */
const PAIRED_SHARE = 0.5;
const SPLITS = ['train', 'val', 'test'] as const;

/**
 * Finds what belongs together in a folder:
 * - `A/` and `B/`, or `trainA/` and `trainB/`: halves of pairs where most names are in both, else two sets, each split by itself
 * - other folders: classes, each split by itself
 * - pictures: each by itself; those of one name but for the ending, as a photo and its label map, together
 *
 * @throws DATA_UNREADABLE for a folder that is split already, DATA_EMPTY for one without pictures
 */
export async function planSplit(directory: string): Promise<SplitPlan> {
  const content = await scanFolder(directory);
  const already = SPLITS.map((split) => childNamed(content, split)).find((name) => name !== undefined);
  if (already !== undefined) {
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(directory)} is split already`, {
      expected: 'a folder of pictures, of A/ and B/, or of a folder for each class',
      received: describeContent(content),
      fix: `name what is to be split, such as ${printableName(join(directory, already))}`,
    });
  }
  const sides = ['', 'train'].flatMap((before) => {
    const [a, b] = [childNamed(content, `${before}A`), childNamed(content, `${before}B`)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  })[0];
  const leftOut = (others: string): string[] => (others === '' ? [] : [`left out of ${printableName(directory)}: ${others}`]);
  if (sides) {
    const others = leftOutOf({ ...content, folders: content.folders.filter((name) => !sides.includes(name)) });
    const found = await planSides(directory, sides);
    return { ...found, notes: [...found.notes, ...leftOut(others)] };
  }
  const inside = await imagesBelow(directory, content);
  const classes = [...new Set(inside.map((name) => name.slice(0, name.indexOf('/'))))];
  const groups = [
    ...classes.map((name) => groupOf(inside.filter((file) => file.startsWith(`${name}/`)))),
    ...(content.images.length > 0 ? [groupOf(content.images)] : []),
  ];
  if (groups.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(directory)}`, {
      expected: 'JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP files',
      received: describeContent(content),
      fix: 'put the pictures there, or name another folder',
    });
  }
  const said = classes.length > 0 ? [`${classes.length} ${classes.length === 1 ? 'folder' : 'folders'}, each split by itself`] : [];
  return { groups, notes: [...said, ...leftOut(content.others)] };
}

/** Pictures that go to `SPLIT/` under their names. */
const groupOf = (files: readonly string[]): UnitGroup => ({ units: unitsOf(files), target: (split, file) => `${split}/${file}` });

async function planSides(directory: string, [a, b]: readonly [string, string]): Promise<SplitPlan> {
  const listed = async (side: string): Promise<string[]> => {
    const content = await scanFolder(join(directory, side));
    const names = [...content.images, ...(await imagesBelow(join(directory, side), content))];
    if (names.length > 0) return names;
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(join(directory, side))}`, {
      received: describeContent(content),
      fix: 'put the pictures of this half, or of this set, there',
    });
  };
  const [inA, inB] = [await listed(a), await listed(b)];
  const keysB = new Set(inB.map(stemOf));
  const both = new Set(inA.map(stemOf).filter((key) => keysB.has(key)));
  // A/train and B/train, or trainA and trainB, as they were called.
  const target = (split: string, file: string): string => {
    const [side, name] = [file.slice(0, file.indexOf('/')), file.slice(file.indexOf('/') + 1)];
    return side.length === 1 ? `${side}/${split}/${name}` : `${split}${side.slice(-1)}/${name}`;
  };
  if (2 * both.size < (inA.length + inB.length) * PAIRED_SHARE) {
    const sets = [a, b].map((side, at) => ({ units: unitsOf([inA, inB][at]!.map((name) => `${side}/${name}`)), target }));
    return { groups: sets, notes: [`two sets, ${a} and ${b}, each split by itself`] };
  }
  const files = [...inA.map((name) => `${a}/${name}`), ...inB.map((name) => `${b}/${name}`)];
  const keyOf = (file: string): string => stemOf(file.slice(file.indexOf('/') + 1));
  const units = unitsOf(
    files.filter((file) => both.has(keyOf(file))),
    keyOf,
  );
  const alone = files.filter((file) => !both.has(keyOf(file)));
  const few = alone.slice(0, 3).map(printableName).join(', ');
  const notes = [`pairs by name, halves in ${a} and ${b}`];
  if (alone.length > 0) notes.push(`left out, without a partner: ${alone.length} (${few}${alone.length > 3 ? ', ...' : ''})`);
  return { groups: [{ units, target }], notes };
}

/** Files by their keys, in an order that no disk and no language decides. */
function unitsOf(files: readonly string[], keyOf: (file: string) => string = stemOf): Unit[] {
  const byKey = new Map<string, string[]>();
  for (const file of files) byKey.set(keyOf(file), [...(byKey.get(keyOf(file)) ?? []), file]);
  return [...byKey].map(([key, own]) => ({ key, files: own })).sort((one, other) => (one.key < other.key ? -1 : 1));
}
