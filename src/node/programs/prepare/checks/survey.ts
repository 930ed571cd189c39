import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RgbImage } from '../../../../data/image.js';
import { printableName } from '../../../../formats/names.js';
import { ShadegradError } from '../../../../errors.js';
import { atMost } from '../../../../data/at-most.js';
import { describeContent, scanFolder } from '../../../images/folder.js';
import { childNamed, listSet, setFolders } from '../../../images/image-sets.js';
import { findPairs, type Split } from '../../../images/layout.js';
import { mapClasses, type MapClasses } from '../../../images/palette.js';
import type { Measured } from '../../../images/picture-tasks.js';
import { computeAside } from '../../../images/picture-workers.js';
import { coloursOf } from '../../../images/profile.js';
import { decodeImage, readBytes, readImageSides } from '../../../images/read.js';
import { spread } from '../../../../data/spread.js';

/** What a training takes at a time: a pair, or a picture. */
export interface Sample {
  readonly split: Split;
  /** Which of two sets it is of. */
  readonly set?: 'A' | 'B';
  readonly files: readonly string[];
}

/** A sample that has been read. */
export interface ReadSample extends Sample {
  /** A hash of its files. */
  readonly content: string;
  /** Its picture, or those of both halves. */
  readonly images: readonly Measured[];
  /** The classes of each file that is a label map with a palette; null for others. */
  readonly classes: readonly (MapClasses | null)[];
  /** What the colour profile of each file says that its colours are; undefined for sRGB, and without one. */
  readonly colours: readonly (string | undefined)[];
  /** Whether it is a picture of two halves that has no middle. */
  readonly isOdd: boolean;
}

/** What kind of samples lie in a folder. */
export type SampleKind = 'pairs' | 'two sets' | 'pictures';

/** What lies in a folder, as a training would find it. */
export interface Layout {
  readonly kind: SampleKind;
  readonly samples: readonly Sample[];
  readonly notes: readonly string[];
  /** Pictures without a partner. */
  readonly alone: readonly string[];
}

/** Everything that the checks look at. */
export interface Survey extends Layout {
  readonly folder: string;
  /** Those that could be read. */
  readonly read: readonly ReadSample[];
  readonly unreadable: readonly { readonly sample: Sample; readonly error: ShadegradError }[];
}

const SPLITS: readonly Split[] = ['train', 'val', 'test'];
/** Samples that are read at the same time. */
const AT_ONCE = 8;
/** Pictures whose sides are looked at, to tell pairs side by side from single pictures. */
const LOOKED_AT = 25;
/** Times its height that a pair side by side is wide, at least. */
const WIDE = 1.8;

/**
 * Finds out what lies in a folder: pairs in any layout, two sets, or pictures, in folders of classes or not.
 *
 * @throws DATA_NOT_FOUND for a folder that is not there; DATA_EMPTY for one without pictures; DATA_UNREADABLE
 */
export async function findLayout(directory: string): Promise<Layout> {
  const notes: string[] = [];
  const refused: ShadegradError[] = [];
  const pairs = await pairsOf(directory, refused);
  if (pairs) return pairs;
  const sets = await setsOf(directory, notes);
  if (sets) return { ...sets, notes: [...refused.map(({ what }) => `as pairs: ${what}`), ...sets.notes] };
  notes.push(...refused.map(({ what, received, fix }) => `as pairs: ${what} (${received}): ${fix}`));
  const content = await scanFolder(directory);
  const folders = SPLITS.flatMap((split) => {
    const name = childNamed(content, split);
    return name === undefined ? [] : [{ split, folder: join(directory, name) }];
  });
  const places = folders.length > 0 ? folders : [{ split: 'train' as const, folder: directory }];
  const samples: Sample[] = [];
  for (const { split, folder } of places) {
    const names = await listed(folder, notes);
    const folders = new Set(names.filter((name) => name.includes('/')).map((name) => name.slice(0, name.indexOf('/'))));
    if (folders.size > 0)
      notes.push(`the pictures of ${printableName(folder)} lie in ${folders.size} folders: classes, where labels are learned`);
    for (const name of names) samples.push({ split, files: [join(folder, name)] });
  }
  if (samples.length > 0) return { kind: 'pictures', samples, notes, alone: [] };
  throw new ShadegradError('DATA_EMPTY', `There are no images in ${printableName(directory)}`, {
    expected: 'JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP files',
    received: describeContent(content),
    fix: 'name the folder of a data set',
  });
}

/** The pictures of a folder and of those in it; none where there are none, which is noted. */
async function listed(folder: string, notes: string[]): Promise<readonly string[]> {
  try {
    const { names, leftOut } = await listSet(folder);
    if (leftOut !== '') notes.push(`left out of ${printableName(folder)}: ${leftOut}`);
    return names;
  } catch (error) {
    if (!(error instanceof ShadegradError) || error.code !== 'DATA_EMPTY') throw error;
    notes.push(`there are no images in ${printableName(folder)}`);
    return [];
  }
}

/** Pairs; null where there are none, or only pictures that are none side by side. @param refused gets why, where that is worth a word */
async function pairsOf(directory: string, refused: ShadegradError[]): Promise<Layout | null> {
  const found: string[] = [];
  const samples: Sample[] = [];
  const alone: string[] = [];
  for (const split of SPLITS) {
    const list = await findPairs(directory, split).catch((error: unknown) => {
      if (!(error instanceof ShadegradError) || !error.code.startsWith('DATA_') || error.cause !== undefined) throw error;
      if (error.code !== 'DATA_NOT_FOUND') refused.push(error);
      return null;
    });
    if (!list) continue;
    found.push(...list.notes);
    for (const name of list.alone ?? []) alone.push(name);
    for (const { a, b } of list.pairs) samples.push({ split, files: b === undefined ? [a] : [a, b] });
  }
  const single = samples.filter(({ files }) => files.length === 1);
  if (samples.length === 0 || (single.length === samples.length && !(await areWide(single.map(({ files }) => files[0]!))))) return null;
  return { kind: 'pairs', samples, notes: [...refused.map(({ what }) => `as pairs: ${what}`), ...found], alone };
}

/** Whether most of some pictures look like two beside each other. */
async function areWide(paths: readonly string[]): Promise<boolean> {
  const looked = spread(paths.length, LOOKED_AT).map((index) => readImageSides(paths[index]!).catch(() => null));
  const sides = (await Promise.all(looked)).filter((each) => each !== null);
  return 2 * sides.filter(({ width, height }) => width >= WIDE * height).length >= sides.length;
}

async function setsOf(directory: string, notes: string[]): Promise<Layout | null> {
  const samples: Sample[] = [];
  for (const split of SPLITS) {
    const folders = await setFolders(directory, split);
    for (const [at, folder] of (folders ?? []).entries()) {
      const names = await listed(folder, notes);
      for (const name of names) samples.push({ split, set: at === 0 ? 'A' : 'B', files: [join(folder, name)] });
    }
  }
  return samples.length === 0 ? null : { kind: 'two sets', samples, notes, alone: [] };
}

/** Reads everything that lies in a folder. @param onProgress told how many samples are read */
export async function survey(directory: string, onProgress: (done: number, total: number) => void): Promise<Survey> {
  const layout = await findLayout(directory);
  const inTurn = atMost(AT_ONCE);
  const unreadable: { sample: Sample; error: ShadegradError }[] = [];
  let done = 0;
  const each = layout.samples.map((sample) =>
    inTurn(async (): Promise<ReadSample | null> => {
      try {
        return await readSample(sample, layout.kind);
      } catch (error) {
        if (!(error instanceof ShadegradError) || error.code === 'IMAGE_DECODER') throw error;
        unreadable.push({ sample, error });
        return null;
      } finally {
        onProgress(++done, layout.samples.length);
      }
    }),
  );
  const read = (await Promise.all(each)).filter((sample) => sample !== null);
  const place = new Map(layout.samples.map((sample, index) => [sample, index]));
  unreadable.sort((a, b) => place.get(a.sample)! - place.get(b.sample)!);
  return { ...layout, folder: directory, read, unreadable };
}

async function readSample(sample: Sample, kind: SampleKind): Promise<ReadSample> {
  const hash = createHash('sha256');
  const pictures: RgbImage[] = [];
  const classes: (MapClasses | null)[] = [];
  const colours: (string | undefined)[] = [];
  for (const path of sample.files) {
    const bytes = await readBytes(path);
    hash.update(`${bytes.length} `).update(bytes);
    pictures.push(await decodeImage(bytes, printableName(path)));
    classes.push(mapClasses(bytes, printableName(path)));
    colours.push(await coloursOf(bytes));
  }
  const halved = kind === 'pairs' && pictures.length === 1;
  const images = await computeAside(halved ? 'measureHalves' : 'measure', pictures);
  return { ...sample, content: hash.digest('hex'), images, classes, colours, isOdd: halved && pictures[0]!.width % 2 === 1 };
}
