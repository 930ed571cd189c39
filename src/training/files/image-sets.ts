import type { ImageSet, NamedImage, UnpairedDataset } from '../../data/unpaired.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { atMost } from '../../data/at-most.js';
import type { Split } from './pair-layout.js';
import { describeContent, leftOutOf, type FolderContent } from './folder-content.js';
import type { ImageTree } from './image-tree.js';
import { limitFor, type SideLimit } from './picture.js';

/** Options of openImageSets() and openImageFolder(): what is kept in memory. */
export interface ImageSetsOptions {
  /**
   * The longest side in pixels, or the longest width and height: images with a longer one are shrunk before they are cached, each side on
   * its own; those of openImageFolder() keep their shape, and it is their shorter side.
   */
  maxSide?: SideLimit;
  /** The bytes of decoded images to keep, of both sets together; the rest is read again each time. Default 1 GiB. */
  cacheBytes?: number;
}

/** Two sets of images in files. */
export interface ImageSetsFolder extends UnpairedDataset {
  /** What the user should know: where the sets lie, what was left out of them. */
  readonly notes: readonly string[];
  /** Hashes the names of all images and the sizes of their files in bytes: it tells one data set from another without reading any. */
  fingerprint(): Promise<string>;
}

/** Images of both folders that are read at the same time. */
export const IMAGES_AT_ONCE = 8;
/** Files whose sizes are asked for at the same time. */
const AT_ONCE = 16;
/** Folders within folders that are looked into. */
const DEEPEST = 8;

/**
 * Opens two sets of images of one split of a folder, none of which belongs to one of the other set: `trainA/` and `trainB/`, `train/A/` and
 * `train/B/`, `A/train/` and `B/train/`, or, of the training images, `A/` and `B/`. Folders within them are looked into.
 *
 * @returns null where no two folders are called so
 * @throws DATA_NOT_FOUND for a folder that is not there; DATA_EMPTY for a set without images; DATA_UNREADABLE; `get` also IMAGE_CORRUPT,
 *   IMAGE_UNSUPPORTED, IMAGE_SIZE and IMAGE_DECODER, naming the file
 */
export async function openImageSets(
  tree: ImageTree,
  directory: string,
  split: Split,
  options: ImageSetsOptions = {},
): Promise<ImageSetsFolder | null> {
  const { maxSide = Infinity, cacheBytes = 2 ** 30 } = options;
  const folders = await setFolders(tree, directory, split);
  if (!folders) return null;
  const cache = { left: cacheBytes };
  const inTurn = atMost(IMAGES_AT_ONCE);
  const [a, b] = [await listSet(tree, folders[0]), await listSet(tree, folders[1])];
  const open = ({ folder, names }: ListedSet, half: string): ImageSet =>
    openSet(tree, `${tree.nameOf(directory)}/${split}, set ${half}`, { folder, names, maxSide, cache, inTurn });
  return {
    name: `${tree.nameOf(directory)}/${split}`,
    a: open(a, 'A'),
    b: open(b, 'B'),
    notes: [a, b].flatMap(({ folder, leftOut }) => (leftOut === '' ? [] : [`left out of ${printableName(folder)}: ${leftOut}`])),
    fingerprint: () => fingerprintOf(tree, [a, b]),
  };
}

/**
 * The error of a folder whose training images are neither two sets nor pairs: it says what two sets are, whose images need no partners.
 *
 * @param code of what was found wrong
 */
export async function noImageSets(tree: ImageTree, directory: string, code: ShadegradError['code']): Promise<ShadegradError> {
  const content = await tree.scan(directory);
  const train = childNamed(content, 'train');
  const inside = train === undefined ? undefined : await tree.scan(tree.join(directory, train));
  const lacking = [
    { within: content, above: '', names: ['trainA', 'trainB'] },
    { within: content, above: '', names: ['A', 'B'] },
    ...(inside ? [{ within: inside, above: `${train!}/`, names: ['A', 'B'] }] : []),
  ].flatMap(({ within, above, names }) => {
    const there = names.map((name) => childNamed(within, name));
    const at = there.findIndex((name) => name !== undefined);
    return at < 0 || there[1 - at] !== undefined ? [] : [{ has: above + there[at]!, lacks: above + names[1 - at]! }];
  })[0];
  return new ShadegradError(code, `There are no two sets of images to train on in ${printableName(directory)}`, {
    expected:
      'two sets, each of any number of images under any names: trainA/ and trainB/, train/A/ and train/B/, A/train/ and B/train/, ' +
      'or A/ and B/; or pictures in train/ that hold an image of either set side by side',
    received: `${describeContent(content)} in ${printableName(directory)}`,
    fix: lacking
      ? `there is ${printableName(lacking.has)}/ and no ${lacking.lacks}/: put the images of the other set into ${lacking.lacks}/`
      : /^(train|val|test)$/i.test(tree.nameOf(directory))
        ? `name the folder above, ${printableName(tree.above(directory))}, with trainA/ and trainB/ in it`
        : 'put the images of one set into a folder trainA within it, and those of the other into trainB',
  });
}

/** A set of images in a folder. */
export interface ImageFolder extends ImageSet {
  /** What the user should know: what was left out. */
  readonly notes: readonly string[];
  /** Hashes the names of all images and the sizes of their files in bytes. */
  fingerprint(): Promise<string>;
}

/**
 * Opens a set of images of one split of a folder: those in a folder of its name, or, of the training images, those in the folder itself.
 * Folders within are looked into.
 *
 * @returns null where there is no folder of that name, and the images of the folder itself are not asked for
 * @throws as openImageSets()
 */
export async function openImageFolder(
  tree: ImageTree,
  directory: string,
  split: Split,
  options: ImageSetsOptions = {},
): Promise<ImageFolder | null> {
  const { maxSide = Infinity, cacheBytes = 2 ** 30 } = options;
  const content = await tree.scan(directory);
  const own = childNamed(content, split);
  if (own === undefined && split !== 'train') return null;
  const listed = await listSet(tree, own === undefined ? directory : tree.join(directory, own));
  const name = `${tree.nameOf(directory)}/${split}`;
  const source = { ...listed, maxSide, keepsShape: true, cache: { left: cacheBytes }, inTurn: atMost(IMAGES_AT_ONCE) };
  return {
    ...openSet(tree, name, source),
    notes: listed.leftOut === '' ? [] : [`left out of ${printableName(listed.folder)}: ${listed.leftOut}`],
    fingerprint: () => fingerprintOf(tree, [listed]),
  };
}

/** The folder of a name, in capitals or not. */
export const childNamed = ({ folders }: FolderContent, name: string): string | undefined =>
  folders.find((folder) => folder.toLowerCase() === name.toLowerCase());

/** The folders of both sets; null where there are no two of such names. */
export async function setFolders(tree: ImageTree, directory: string, split: Split): Promise<readonly [string, string] | null> {
  const content = await tree.scan(directory);
  const within = async (folder: string): Promise<FolderContent> => tree.scan(tree.join(directory, folder));
  const pick = (names: readonly (string | undefined)[]): readonly [string, string] | null =>
    names[0] !== undefined && names[1] !== undefined ? [tree.join(directory, names[0]), tree.join(directory, names[1])] : null;

  const direct = pick([childNamed(content, `${split}A`), childNamed(content, `${split}B`)]);
  if (direct) return direct;
  const own = childNamed(content, split);
  if (own !== undefined) {
    const inside = await within(own);
    const [a, b] = [childNamed(inside, 'A'), childNamed(inside, 'B')];
    return pick([a && tree.join(own, a), b && tree.join(own, b)]);
  }
  const [a, b] = [childNamed(content, 'A'), childNamed(content, 'B')];
  if (a === undefined || b === undefined) return null;
  const [splitA, splitB] = [childNamed(await within(a), split), childNamed(await within(b), split)];
  if (splitA !== undefined && splitB !== undefined) return pick([tree.join(a, splitA), tree.join(b, splitB)]);
  return split === 'train' ? pick([a, b]) : null;
}

/** Images of a folder by their names. */
export interface ListedSet {
  readonly folder: string;
  /** Below the folder. */
  readonly names: readonly string[];
  /** What else is there, in words. */
  readonly leftOut: string;
}

/** Lists the images of a folder and of those within it. @throws DATA_NOT_FOUND, DATA_UNREADABLE; DATA_EMPTY when there is none */
export async function listSet(tree: ImageTree, folder: string): Promise<ListedSet> {
  const content = await tree.scan(folder);
  const names = [...content.images, ...(await imagesBelow(tree, folder, content))];
  if (names.length > 0) return { folder, names, leftOut: leftOutOf({ ...content, folders: [] }) };
  throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(folder)}`, {
    expected: 'JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP files',
    received: describeContent(content),
    fix: 'put the images of this set there, or name another folder',
  });
}

/** Images in the folders within one, as `day/1.png`. */
export async function imagesBelow(tree: ImageTree, folder: string, { folders }: FolderContent, depth = 1): Promise<string[]> {
  if (depth > DEEPEST) return [];
  const names: string[] = [];
  for (const child of folders) {
    const content = await tree.scan(tree.join(folder, child));
    const below = [...content.images, ...(await imagesBelow(tree, tree.join(folder, child), content, depth + 1))];
    // One by one, here and wherever a list may be as long as a data set: a call takes no hundred thousand arguments.
    for (const name of below) names.push(`${child}/${name}`);
  }
  return names;
}

/** What a set is made of. */
export interface SetSource {
  readonly folder: string;
  readonly names: readonly string[];
  readonly maxSide: SideLimit;
  /** Whether images that are shrunk keep their shape, as those do that are cut to a square later. */
  readonly keepsShape?: boolean;
  /** Bytes that may still be kept, of both sets. */
  readonly cache: { left: number };
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A set of images that are read when they are asked for. */
export function openSet(
  tree: ImageTree,
  called: string,
  { folder, names, maxSide, keepsShape = false, cache, inTurn }: SetSource,
): ImageSet {
  const kept = new Map<number, NamedImage>();
  const pathOf = (index: number): string => {
    const name = Number.isInteger(index) ? names[index] : undefined;
    if (name !== undefined) return tree.join(folder, name);
    throw new ShadegradError('INVALID_ARGUMENT', `no such image in ${printableName(folder)}`, {
      expected: `an index from 0 to ${names.length - 1}`,
      received: String(index),
      fix: 'ask for an index below the length of the set',
    });
  };
  const load = async (index: number): Promise<NamedImage> => {
    const path = pathOf(index);
    const samples = await tree.decode(await tree.bytes(path), printableName(path));
    const [image] = await tree.finish({ samples, inHalves: false, maxSide: limitFor(samples, maxSide), keepsShape });
    const named = { name: names[index]!, image: image! };
    if (!kept.has(index) && image!.data.length <= cache.left) {
      kept.set(index, named);
      cache.left -= image!.data.length;
    }
    return named;
  };
  return {
    kind: 'images',
    name: called,
    length: names.length,
    get: (index) => (pathOf(index), kept.get(index) ?? inTurn(() => load(index))),
    contentOf: (index) =>
      inTurn(async () =>
        tree
          .hash()
          .update(await tree.bytes(pathOf(index)))
          .digest('hex'),
      ),
  };
}

/** Hashes names and sizes of files. @param more what else tells one data set from another */
export async function fingerprintOf(tree: ImageTree, sets: readonly Pick<ListedSet, 'folder' | 'names'>[], more = ''): Promise<string> {
  const hash = tree.hash();
  for (const { folder, names } of sets) {
    for (let start = 0; start < names.length; start += AT_ONCE) {
      const some = names.slice(start, start + AT_ONCE);
      // A file that is gone meanwhile is named when it is read.
      const sizes = await Promise.all(some.map((name) => tree.size(tree.join(folder, name))));
      hash.update(JSON.stringify(some.map((name, index) => [name, sizes[index]])));
    }
    hash.update('|');
  }
  return hash.update(more).digest('hex').slice(0, 16);
}
