import type { RgbImage } from '../../data/image.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { describeContent, endingIn, leftOutOf, naturalOrder, type FolderContent } from './folder-content.js';
import type { ImageTree } from './image-tree.js';
import { blendOnWhite } from './samples.js';
import { spread } from '../../data/spread.js';

/** A part of a data set: what is trained on, what is measured on meanwhile, and what is kept for the end. */
export type Split = 'train' | 'val' | 'test';

/** The files of one pair. */
export interface PairFiles {
  /** Of the pair: the file's name within its folder. */
  name: string;
  /** The picture of both halves side by side; with `b`, that of half A alone. */
  a: string;
  b?: string;
}

export interface PairList {
  /** Where they were found, for errors. */
  folder: string;
  pairs: PairFiles[];
  /** What the user should know: how the pairs lie, what was left out. */
  notes: string[];
  /** Pictures without a partner, which are left out. */
  alone?: string[];
}

/** Every layout in a few words, for errors. */
const LAYOUTS = (split: Split): string =>
  `${split}/ with pairs side by side in one picture, or A/${split} and B/${split}, ${split}A and ${split}B, or ${split}/A and ${split}/B ` +
  (split === 'train' ? 'or A/ and B/ ' : '') +
  'with equal names, or NAME.jpg beside NAME.png';
const SPLIT_NAME = /^(train|val|test)$/i;
const JPEG = /\.(jpe?g|jfif)$/i;
const PNG = /\.png$/i;
/** Names that a note lists. */
const LISTED = 3;
/** Below this share of names with a partner, two folders hold no pairs but two sets of pictures. */
const PAIRED_SHARE = 0.5;
/** Times its height that a picture of two halves is wide, at least; photos are narrower. */
const WIDE = 1.8;
/** JPEGs that are compared with the PNGs of their names, to tell photos with label maps from pictures saved in both formats. */
const COMPARED = 4;
/** Mean difference of two pictures, in 255ths, below which one is a copy of the other that lost something in a JPEG. */
const COPY_DIFFERENCE = 16;
/** And at most, of halves that are no panoramas. */
const WIDEST = 3;
/** Folders within folders that are looked into. */
const DEEPEST = 8;

/** A file's name, or a path's, without its ending. */
export const stemOf = (name: string): string => name.slice(0, name.length - endingIn(name).length);
const childNamed = ({ folders }: FolderContent, name: string): string | undefined =>
  folders.find((folder) => folder.toLowerCase() === name.toLowerCase());

/**
 * Finds the pairs of a split in a data set's folder, in whichever known layout they lie:
 * - `train/x.jpg`: both halves side by side, also in folders within `train/` when it has no pictures of its own
 * - `A/train/x.jpg` and `B/train/x.png`, `trainA/` and `trainB/`, or `train/A/` and `train/B/`: a pair has one name in both
 * - `x.jpg` beside `x.png`, in `train/`, in the folder itself or in folders within either: the photo is A, the label map B, as in the
 *   CMP Facade Database with its `base/` and `extended/`
 *
 * @throws DATA_NOT_FOUND when the split is not there; DATA_EMPTY when it has no images; DATA_UNREADABLE when a folder cannot
 *   be read or its pictures are no pairs
 */
export async function findPairs(tree: ImageTree, directory: string, split: Split): Promise<PairList> {
  const content = await tree.scan(directory);
  const own = childNamed(content, split);
  if (own !== undefined) return pairsOfSplit(tree, tree.join(directory, own), split);
  const sides = [childNamed(content, 'A'), childNamed(content, 'B')] as const;
  if (sides[0] !== undefined && sides[1] !== undefined) {
    const [a, b] = [tree.join(directory, sides[0]), tree.join(directory, sides[1])];
    const [inA, inB] = [await tree.scan(a), await tree.scan(b)];
    const [splitA, splitB] = [childNamed(inA, split), childNamed(inB, split)];
    if (splitA !== undefined && splitB !== undefined) return pairsOfSides(tree, tree.join(a, splitA), tree.join(b, splitB));
    if (split === 'train' && inA.images.length + inB.images.length > 0) return pairsOfSides(tree, a, b);
  }
  const [a, b] = [childNamed(content, `${split}A`), childNamed(content, `${split}B`)];
  if (a !== undefined && b !== undefined) return pairsOfSides(tree, tree.join(directory, a), tree.join(directory, b));
  const isSplit = content.folders.some((name) => SPLIT_NAME.test(name));
  const stems =
    split !== 'train'
      ? undefined
      : ((await pairsByStem(tree, directory, content)) ?? (isSplit ? undefined : await stemsBelow(tree, directory)));
  if (stems) return stems;
  throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${printableName(tree.join(directory, split))}`, {
    expected: LAYOUTS(split),
    received: `${describeContent(content)} in ${printableName(directory)}`,
    fix: (await missingHalf(tree, directory, content, split)) ?? adviceFor(tree, directory, content, split),
  });
}

/** What to do about a folder of halves whose other half has none. */
async function missingHalf(tree: ImageTree, directory: string, content: FolderContent, split: Split): Promise<string | undefined> {
  const pairs: [have: string, want: string][] = [
    ['A', 'B'],
    ['B', 'A'],
    [`${split}A`, `${split}B`],
    [`${split}B`, `${split}A`],
  ];
  for (const [have, want] of pairs) {
    const there = childNamed(content, have);
    if (there !== undefined && childNamed(content, want) === undefined) {
      return `there is ${printableName(there)}/ and no ${want}/: put the other half of each pair into ${want}/, under the same name`;
    }
  }
  const sides = [childNamed(content, 'A'), childNamed(content, 'B')];
  if (sides[0] === undefined || sides[1] === undefined) return undefined;
  const within = await Promise.all(sides.map(async (side) => childNamed(await tree.scan(tree.join(directory, side!)), split)));
  const at = within.findIndex((folder) => folder !== undefined);
  if (at < 0) return undefined;
  const [has, lacks] = [sides[at]!, sides[1 - at]!];
  return `there is ${has}/${within[at]!} and no ${lacks}/${split}: put the other half of each pair there, under the same name`;
}

function adviceFor(tree: ImageTree, directory: string, { images, folders }: FolderContent, split: Split): string {
  const name = tree.nameOf(directory);
  if (SPLIT_NAME.test(name)) return `name the folder above, ${printableName(tree.above(directory))}`;
  if (images.length > 0) return `put the pairs into a folder ${split} within it`;
  if (folders.length === 1 && !SPLIT_NAME.test(folders[0]!))
    return `name the folder within it, ${printableName(tree.join(directory, folders[0]!))}, if the pairs are there`;
  return 'name the folder that holds the pairs, or arrange them in one of these ways';
}

/** Pairs of a folder that is named after the split. */
async function pairsOfSplit(tree: ImageTree, folder: string, split: Split): Promise<PairList> {
  const content = await tree.scan(folder);
  if (content.images.length > 0)
    return (await pairsByStem(tree, folder, content)) ?? (await sideBySide(tree, folder, content.images, leftOutOf(content)));
  const [a, b] = [childNamed(content, 'A'), childNamed(content, 'B')];
  if (a !== undefined && b !== undefined) return pairsOfSides(tree, tree.join(folder, a), tree.join(folder, b));
  if (content.folders.length === 1 && (a ?? b) !== undefined) {
    const [there, missing] = a === undefined ? [b!, 'A'] : [a, 'B'];
    throw new ShadegradError('DATA_UNREADABLE', `There is ${printableName(tree.join(folder, there))}/ and no ${missing}/ beside it`, {
      expected: LAYOUTS(split),
      received: describeContent(content),
      fix:
        `put the other half of each pair into ${printableName(tree.join(folder, missing))}/, under the same name; ` +
        `if each picture is a whole pair, put the pictures into ${printableName(folder)}/ itself`,
    });
  }
  const stems = await stemsBelow(tree, folder);
  if (stems) return stems;
  const inside = await imagesBelow(tree, folder, content);
  if (inside.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(folder)}`, {
      expected: `JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP files: ${LAYOUTS(split)}`,
      received: describeContent(content),
      fix: 'put the pairs there, or name another folder',
    });
  }
  const twins = twinFolders(inside);
  if (twins && !(await isWide(tree, tree.join(folder, inside[0]!)))) {
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(folder)} holds folders with pictures of the same names`, {
      expected: LAYOUTS(split),
      received: twins.map((name) => `${printableName(name)}/`).join(' and '),
      fix: 'if they are the two halves of pairs, name the folders A and B; if each picture is a pair, give the pictures names of their own',
    });
  }
  const folders = new Set(inside.map((name) => name.slice(0, name.lastIndexOf('/')))).size;
  const found = await sideBySide(tree, folder, inside, content.others);
  found.notes.unshift(`the pairs lie in ${folders} ${folders === 1 ? 'folder' : 'folders'} within ${printableName(folder)}`);
  return found;
}

async function sideBySide(tree: ImageTree, folder: string, images: readonly string[], leftOut: string): Promise<PairList> {
  const odd = await unlikePair(tree, folder, images);
  return {
    folder,
    pairs: images.map((name) => ({ name, a: tree.join(folder, name) })),
    notes: [...(odd === undefined ? [] : [odd]), ...(leftOut === '' ? [] : [`left out of ${printableName(folder)}: ${leftOut}`])],
  };
}

/** Of the first, the middle and the last picture, one that does not look like two beside each other, in words. */
async function unlikePair(tree: ImageTree, folder: string, images: readonly string[]): Promise<string | undefined> {
  for (const name of new Set([images[0]!, images[images.length >> 1]!, images[images.length - 1]!])) {
    // What cannot be read is named when it is decoded.
    const sides = await tree.sides(tree.join(folder, name)).catch(() => undefined);
    if (sides === undefined || (sides.width >= WIDE * sides.height && sides.width <= WIDEST * sides.height)) continue;
    return (
      `note: ${printableName(name)} is ${sides.width} x ${sides.height} pixels, not about twice as wide as high; each picture in ` +
      `${printableName(folder)} is cut down the middle into its two halves: if they are single pictures, the other halves are missing`
    );
  }
  return undefined;
}

/** Images in the folders within one, as `day/1.png`, in natural order. */
async function imagesBelow(tree: ImageTree, folder: string, { folders }: FolderContent, depth = 1): Promise<string[]> {
  const names: string[] = [];
  if (depth > DEEPEST) return names;
  for (const child of folders) {
    const content = await tree.scan(tree.join(folder, child));
    names.push(
      ...content.images.map((name) => `${child}/${name}`),
      ...(await imagesBelow(tree, tree.join(folder, child), content, depth + 1)).map((name) => `${child}/${name}`),
    );
  }
  return names;
}

/** True for a picture that looks like two beside each other. */
async function isWide(tree: ImageTree, path: string): Promise<boolean> {
  const { width, height } = await tree.sides(path);
  return width >= WIDE * height;
}

/** Two folders whose pictures have the same names, if there are such: whether they are halves cannot be known. */
function twinFolders(names: readonly string[]): [string, string] | undefined {
  const byFolder = new Map<string, Set<string>>();
  for (const name of names) {
    const folder = name.slice(0, name.lastIndexOf('/'));
    byFolder.set(folder, (byFolder.get(folder) ?? new Set()).add(stemOf(name.slice(name.lastIndexOf('/') + 1))));
  }
  const seen = new Map<string, string>();
  for (const [folder, stems] of byFolder) {
    const key = JSON.stringify([...stems].sort());
    const other = seen.get(key);
    if (other !== undefined) return [other, folder];
    seen.set(key, folder);
  }
  return undefined;
}

/** The pictures of one name in a folder, apart by what they are. */
interface Namesakes {
  readonly photos: readonly string[];
  readonly labels: readonly string[];
}

/**
 * Pictures of one name but for the ending that are a photo and its label map: a JPEG and a PNG, or, of other formats, one without and one
 * with a palette.
 */
async function namesakes(tree: ImageTree, folder: string, images: readonly string[]): Promise<Map<string, Namesakes>> {
  const groups = new Map<string, string[]>();
  for (const name of images) groups.set(stemOf(name), [...(groups.get(stemOf(name)) ?? []), name]);
  const found = new Map<string, Namesakes>();
  for (const [stem, names] of groups) {
    if (names.length < 2) continue;
    let [photos, labels] = [JPEG, PNG].map((ending) => names.filter((name) => ending.test(name))) as [string[], string[]];
    if (photos.length === 0 || labels.length === 0) {
      const indexed = await Promise.all(names.map((name) => tree.hasPalette(tree.join(folder, name))));
      [photos, labels] = [names.filter((_, at) => !indexed[at]), names.filter((_, at) => indexed[at])];
    }
    if (photos.length > 0 && labels.length > 0) found.set(stem, { photos, labels });
  }
  return found;
}

/**
 * A photo and its label map, told by their formats; undefined where most pictures have no such partner. Where the PNGs are
 * copies of the JPEGs there are no label maps: each picture is a pair, and the copies are left out.
 *
 * @throws DATA_UNREADABLE when some of the PNGs are copies and others are not, and for two photos or two label maps of one name
 */
async function pairsByStem(tree: ImageTree, folder: string, content: FolderContent): Promise<PairList | undefined> {
  const found = await namesakes(tree, folder, content.images);
  const stems = [...found.keys()].sort(naturalOrder);
  if (stems.length === 0 || 2 * stems.length < content.images.length * PAIRED_SHARE) return undefined;
  const photoOf = (stem: string): string => found.get(stem)!.photos[0]!;
  const labelOf = (stem: string): string => found.get(stem)!.labels[0]!;
  const copies = await copiesAmong(
    tree,
    stems.map((stem) => [tree.join(folder, photoOf(stem)), tree.join(folder, labelOf(stem))]),
  );
  if (copies.count > 0) {
    const left = new Set(stems.flatMap((stem) => found.get(stem)!.labels));
    if (copies.count < copies.of) {
      throw new ShadegradError('DATA_UNREADABLE', `The JPEGs and PNGs of ${printableName(folder)} may be pairs in two ways`, {
        expected: 'each JPEG a photo and the PNG its label map, or both halves side by side in each picture',
        received: `of ${copies.of} PNGs that were compared, ${copies.count} show what the JPEG of their name shows`,
        fix:
          'if each JPEG is a photo, put the JPEGs into a folder A and the PNGs into a folder B; ' +
          'if each picture is a pair, take the copies out',
      });
    }
    const rest = content.images.filter((name) => !left.has(name));
    const list = await sideBySide(tree, folder, rest, leftOutOf(content));
    list.notes.unshift(`left out of ${printableName(folder)}, as copies of the JPEGs of their names: ${listed([...left])}`);
    return list;
  }
  for (const { photos, labels } of found.values()) {
    const twice = photos.length > 1 ? photos : labels;
    if (twice.length === 1) continue;
    throw new ShadegradError(
      'DATA_UNREADABLE',
      `Two ${twice === photos ? 'photos' : 'label maps'} of one name in ${printableName(folder)}`,
      {
        expected: 'of each name a photo (a JPEG) and its label map (a PNG)',
        received: twice.map(printableName).join(' and '),
        fix: `take one of them out: ${printableName((twice === photos ? labels : photos)[0]!)} can be the other half of one alone`,
      },
    );
  }
  const used = new Set(stems.flatMap((stem) => [photoOf(stem), labelOf(stem)]));
  const single = content.images.filter((name) => !used.has(name));
  const leftOut = leftOutOf(content);
  const areJpegs = stems.every((stem) => JPEG.test(photoOf(stem)));
  const told = areJpegs ? 'each JPEG is a photo (A), the PNG' : 'each picture without a palette is a photo (A), that with one';
  return {
    folder,
    pairs: stems.map((stem) => ({ name: photoOf(stem), a: tree.join(folder, photoOf(stem)), b: tree.join(folder, labelOf(stem)) })),
    notes: [
      `pairs in ${printableName(folder)}: ${told} of the same name its label map (B)`,
      ...(single.length === 0 ? [] : [`left out, without a partner: ${listed(single)}`]),
      ...(leftOut === '' ? [] : [`left out of ${printableName(folder)}: ${leftOut}`]),
    ],
    alone: single.map((name) => tree.join(folder, name)),
  };
}

/** Photos with their label maps in the folders within one, as `base/` and `extended/`; undefined where none holds such. */
async function stemsBelow(tree: ImageTree, folder: string): Promise<PairList | undefined> {
  const { images, folders } = await tree.scan(folder);
  if (images.length > 0) return undefined;
  const lists: PairList[] = [];
  const others: string[] = [];
  for (const child of folders) {
    const path = tree.join(folder, child);
    const list = await pairsByStem(tree, path, await tree.scan(path));
    // Pictures side by side are found elsewhere.
    if (list?.pairs.every(({ b }) => b !== undefined)) {
      lists.push({ ...list, pairs: list.pairs.map((pair) => ({ ...pair, name: `${child}/${pair.name}` })) });
    } else others.push(child);
  }
  if (lists.length === 0) return undefined;
  const left = others.map((name) => `${printableName(name)}/`).join(', ');
  return {
    folder,
    pairs: lists.flatMap(({ pairs }) => pairs),
    notes: [
      ...lists.flatMap(({ notes }) => notes),
      ...(left === '' ? [] : [`left out of ${printableName(folder)}, without photos beside label maps: ${left}`]),
    ],
    alone: lists.flatMap(({ alone = [] }) => alone),
  };
}

const pictureIn = async (tree: ImageTree, path: string): Promise<RgbImage> =>
  blendOnWhite(await tree.decode(await tree.bytes(path), printableName(path)));

/** How many of a sample of files show what the file beside them shows; those that cannot be read are not counted. */
async function copiesAmong(tree: ImageTree, files: readonly (readonly [string, string])[]): Promise<{ count: number; of: number }> {
  const counted = { count: 0, of: 0 };
  for (const index of spread(files.length, COMPARED)) {
    const [a, b] = await Promise.all(files[index]!.map((path) => pictureIn(tree, path).catch(() => null)));
    if (!a || !b) continue;
    counted.of++;
    if (showsSame(a, b)) counted.count++;
  }
  return counted;
}

function showsSame(a: RgbImage, b: RgbImage): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  let difference = 0;
  for (let at = 0; at < a.data.length; at++) difference += Math.abs(a.data[at]! - b.data[at]!);
  return difference <= COPY_DIFFERENCE * a.data.length;
}

/** Two folders whose pictures are pairs by their names; the endings may differ. */
async function pairsOfSides(tree: ImageTree, a: string, b: string): Promise<PairList> {
  const contents = [await tree.scan(a), await tree.scan(b)] as const;
  const [inA, inB] = [stemsOf(a, contents[0]), stemsOf(b, contents[1])];
  const stems = [...inA.keys()].filter((stem) => inB.has(stem)).sort(naturalOrder);
  const onlyA = [...inA.keys()].filter((stem) => !inB.has(stem)).map((stem) => inA.get(stem)!);
  const onlyB = [...inB.keys()].filter((stem) => !inA.has(stem)).map((stem) => inB.get(stem)!);
  const alone = [
    ...(onlyA.length === 0 ? [] : [`only in ${printableName(a)}: ${listed(onlyA)}`]),
    ...(onlyB.length === 0 ? [] : [`only in ${printableName(b)}: ${listed(onlyB)}`]),
  ];
  if (inA.size + inB.size === 0) {
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(a)} and ${printableName(b)}`, {
      received: `${describeContent(contents[0])}; ${describeContent(contents[1])}`,
      fix: 'put the two halves of the pairs there, under equal names',
    });
  }
  if (inA.size === 0 || inB.size === 0) {
    const [bare, full, count, content] = inA.size === 0 ? [a, b, inB.size, contents[0]] : [b, a, inA.size, contents[1]];
    throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(bare)}`, {
      expected: `the other half of each of the ${count} pictures in ${printableName(full)}, under the same name`,
      received: describeContent(content),
      fix: 'put them there',
    });
  }
  if (2 * stems.length < (inA.size + inB.size) * PAIRED_SHARE) {
    throw new ShadegradError('DATA_UNREADABLE', `The pictures of ${printableName(a)} and ${printableName(b)} are no pairs`, {
      expected: 'the two halves of a pair under the same name in both folders',
      received: `${stems.length} equal names; ${alone.join('; ')}`,
      fix: 'give both halves of a pair one name; two sets without pairs are for a scheme that needs none: train --scheme cyclegan',
    });
  }
  const leftOut = [a, b].map((folder, index) => ({ folder, what: leftOutOf(contents[index]!) })).filter(({ what }) => what !== '');
  return {
    folder: a,
    pairs: stems.map((stem) => ({ name: inA.get(stem)!, a: tree.join(a, inA.get(stem)!), b: tree.join(b, inB.get(stem)!) })),
    notes: [
      `pairs by name: A in ${printableName(a)}, B in ${printableName(b)}`,
      ...alone.map((text) => `left out, ${text}`),
      ...leftOut.map(({ folder, what }) => `left out of ${printableName(folder)}: ${what}`),
    ],
    alone: [...onlyA.map((name) => tree.join(a, name)), ...onlyB.map((name) => tree.join(b, name))],
  };
}

/** @throws DATA_UNREADABLE when two pictures have one name but for the ending */
function stemsOf(folder: string, { images }: FolderContent): Map<string, string> {
  const stems = new Map<string, string>();
  for (const name of images) {
    const other = stems.get(stemOf(name));
    if (other !== undefined) {
      throw new ShadegradError('DATA_UNREADABLE', `Two pictures of one name in ${printableName(folder)}`, {
        expected: 'one picture a name: its partner is found by it',
        received: `${printableName(other)} and ${printableName(name)}`,
        fix: 'take one of them out',
      });
    }
    stems.set(stemOf(name), name);
  }
  return stems;
}

/** `3 pictures (a.png, b.png, c.png)`, of many the first few. */
export function listed(names: readonly string[]): string {
  const shown = [...names].sort(naturalOrder).slice(0, LISTED).map(printableName);
  return `${names.length} ${names.length === 1 ? 'picture' : 'pictures'} (${shown.join(', ')}${names.length > LISTED ? ', ...' : ''})`;
}
