import { basename, join } from 'node:path';
import { greyImage } from '../../../data/grey.js';
import { splitPair, type RgbImage } from '../../../data/image.js';
import { resizeNearest } from '../../../data/fit.js';
import { resizedTo } from '../../../data/resize.js';
import { ShadegradError } from '../../../errors.js';
import { printableName } from '../../../formats/names.js';
import type { EvaluatedSample } from '../../../training/evaluation/metric.js';
import { listImages } from '../../images/folder.js';
import { listed, stemOf } from '../../images/layout.js';
import { readImage, readImageSides } from '../../images/read.js';
import { spread } from '../../../data/spread.js';
import { remark } from '../../terminal/remarks.js';
import { readAhead } from '../../../data/read-ahead.js';

/** Two folders whose pictures belong together by their names. */
export interface PictureFolders {
  readonly made: string;
  readonly real: string;
  /** The folder of what the made ones were made of; undefined where it is not known. */
  readonly input: string | undefined;
  /** What names have beside that of the pair, before their endings. */
  readonly madeSuffix: string;
  readonly realSuffix: string;
  /** The half of a real picture that is meant, where these are side-by-side pairs. */
  readonly half: 'left' | 'right' | undefined;
  /** Likewise of a picture of `input`; `whole` where these are known to be no pairs. */
  readonly inputHalf?: 'left' | 'right' | 'whole' | undefined;
  /** Whether luminance alone is compared. */
  readonly grey: boolean;
  /** Which of the two is resized to the size of the other, where they differ. */
  readonly resize: 'made' | 'real' | undefined;
  /** Whether the pictures are label maps, which are resized to the nearest pixel: blended colours are those of other classes. */
  readonly labels: boolean;
  /** Pictures that were made of each input. */
  readonly samples: number;
  /** Pairs at most, spread over the folder. */
  readonly count: number | undefined;
}

/** The pictures that were made of one input, and the real one, by their paths. */
interface Files {
  readonly name: string;
  readonly made: readonly string[];
  readonly real: string;
  readonly input: string | undefined;
}

/** The pairs of two folders, in the order of their names. */
export interface OpenFolders {
  readonly length: number;
  /** What a reader of the numbers should know of the folders. */
  readonly remarks: readonly string[];
  /** Reads them, one after the other. @throws SHAPE_MISMATCH for a pair of two sizes, or of grey and colours; what reading throws */
  samples(): AsyncGenerator<EvaluatedSample>;
}

/**
 * Finds the pairs of two folders.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, DATA_EMPTY; DATA_UNREADABLE for made pictures without a real one of their name
 */
export async function openFolders(folders: PictureFolders): Promise<OpenFolders> {
  const { made, real, samples, count } = folders;
  const found = await picturesOf(made, folders.madeSuffix);
  const [ofMade, ofReal] = [samples > 1 ? groupsOf(found, samples, made) : single(found), await picturesOf(real, folders.realSuffix)];
  const ofInput = folders.input === undefined ? undefined : await picturesOf(folders.input, '');
  expectPartners(made, ofMade, ofReal, 'real one');
  if (ofInput) expectPartners(made, ofMade, ofInput, 'input');
  const rest = ofReal.size - ofMade.size;
  if (rest > 0) remark(`${rest} of ${ofReal.size} pictures of ${printableName(real)} have no made one of their name, and are left out`);
  const all = [...ofMade].map(([name, names]): Files => {
    const input = ofInput && join(folders.input!, ofInput.get(name)!);
    return { name, made: names.map((each) => join(made, each)), real: join(real, ofReal.get(name)!), input };
  });
  const chosen = spread(all.length, count ?? all.length).map((at) => all[at]!);
  // Of two sizes that are not brought together, an error says the same.
  const [first] = chosen;
  const remarks = [
    ...(folders.resize === undefined ? [] : await remarksOnPairs(first?.made[0], first?.real, folders.half)),
    ...(await remarksOnPairs(first?.made[0], first?.input, folders.inputHalf, INPUT_PAIRS)),
  ];
  return { length: chosen.length, remarks, samples: () => readSamples(chosen, folders) };
}

/** @throws DATA_UNREADABLE for made pictures without a partner of their name */
function expectPartners(
  folder: string,
  made: ReadonlyMap<string, readonly string[]>,
  others: ReadonlyMap<string, string>,
  what: string,
): void {
  const alone = [...made.keys()].filter((stem) => !others.has(stem));
  if (alone.length === 0) return;
  throw new ShadegradError('DATA_UNREADABLE', `Pictures of ${printableName(folder)} have no ${what} of their name`, {
    expected: `for each made picture a${what === 'input' ? 'n' : ''} ${what} that is called the same but for the ending, and the suffixes`,
    received: `${listed(alone.map((stem) => made.get(stem)![0]!))} without one; the ${what}s are ${listed([...others.values()])}`,
    fix: 'give both the same names, name what differs (--made-suffix, --real-suffix), or take out what is not to be compared',
  });
}

/**
 * Opens two folders of pictures that do not belong together: of the shorter one there are no more when it ends.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, DATA_EMPTY
 */
export async function openSets(folders: PictureFolders): Promise<OpenFolders> {
  const { made, real, half, grey, count } = folders;
  const pathsOf = async (folder: string, suffix: string): Promise<string[]> => {
    const names = [...(await picturesOf(folder, suffix)).values()];
    return spread(names.length, count ?? names.length).map((at) => join(folder, names[at]!));
  };
  const [ofMade, ofReal] = [await pathsOf(made, folders.madeSuffix), await pathsOf(real, folders.realSuffix)];
  const seen = (image: RgbImage): RgbImage => (grey ? greyImage(image) : image);
  const read = async (at: number): Promise<EvaluatedSample> => {
    const [first, second] = [ofMade[at], ofReal[at]];
    return {
      name: [first, second].flatMap((path) => (path === undefined ? [] : [basename(path)])).join(' and '),
      ...(first !== undefined && { made: seen(await readImage(first)) }),
      ...(second !== undefined && { real: seen(halfOf(await readImage(second), half, second)) }),
    };
  };
  const remarks = await remarksOnPairs(ofMade[0], ofReal[0], half);
  const length = Math.max(ofMade.length, ofReal.length);
  return { length, remarks, samples: () => readAhead([...Array(length).keys()], read) };
}

/** The half of a side-by-side pair; the whole picture where none is meant. @throws IMAGE_SIZE for an odd width */
export function halfOf(image: RgbImage, half: PictureFolders['inputHalf'], path: string): RgbImage {
  if (half === undefined || half === 'whole') return image;
  const { a, b } = splitPair(image, printableName(path));
  return half === 'left' ? a : b;
}

/** The pictures of a folder by their names without suffix and ending. @throws DATA_EMPTY; DATA_UNREADABLE where two have one name */
export async function picturesOf(folder: string, suffix = ''): Promise<Map<string, string>> {
  const images = await listImages(folder, (others) => remark(`left out of ${printableName(folder)}: ${others}`));
  const meant = images.filter((name) => stemOf(name).endsWith(suffix) && stemOf(name) !== suffix);
  if (meant.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `No picture of ${printableName(folder)} is called so`, {
      expected: `names that end in ${printableName(suffix)}, before .png or the like`,
      received: listed(images),
      fix: 'check --made-suffix and --real-suffix',
    });
  }
  const found = new Map<string, string>();
  for (const name of meant) {
    const stem = stemOf(name);
    const own = stem.slice(0, stem.length - suffix.length);
    const other = found.get(own);
    if (other !== undefined) {
      throw new ShadegradError('DATA_UNREADABLE', `Two pictures of one name in ${printableName(folder)}`, {
        expected: 'one picture a name: its partner is found by it',
        received: `${printableName(other)} and ${printableName(name)}`,
        fix: 'take one of them out',
      });
    }
    found.set(own, name);
  }
  return found;
}

const single = (found: ReadonlyMap<string, string>): Map<string, string[]> => new Map([...found].map(([name, file]) => [name, [file]]));

/** Pictures that are called NAME-1, NAME-2 and so on, by NAME. @throws DATA_UNREADABLE where some of them are not there */
function groupsOf(found: ReadonlyMap<string, string>, samples: number, folder: string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of found.keys()) {
    const own = /^(.+)-[1-9]\d*$/.exec(name)?.[1] ?? name;
    if (!groups.has(own)) groups.set(own, []);
  }
  for (const [own, files] of groups) {
    const names = Array.from({ length: samples }, (_, at) => `${own}-${at + 1}`);
    const missing = names.find((name) => !found.has(name));
    if (missing !== undefined) {
      throw new ShadegradError('DATA_UNREADABLE', `There is no picture ${printableName(missing)} in ${printableName(folder)}`, {
        expected: `with --samples ${samples}, as many pictures of each input: ${printableName(names[0]!)} and so on`,
        received: listed([...found.values()]),
        fix: 'make them (npx shadegrad translate --samples N), or leave out --samples',
      });
    }
    files.push(...names.map((name) => found.get(name)!));
  }
  return groups;
}

/** Whether a picture is grey all over, of whatever kind its file is. */
function isGrey({ data }: RgbImage): boolean {
  for (let at = 0; at < data.length; at += 3) if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  return true;
}

/**
 * Reads the pairs. A grey picture among others may be one of a grey day; where all of one kind are grey and none of the other, they are
 * not what is meant to be compared.
 *
 * @throws SHAPE_MISMATCH
 */
async function* readSamples(all: readonly Files[], folders: PictureFolders): AsyncGenerator<EvaluatedSample> {
  const grey = { made: 0, real: 0 };
  for await (const sample of readAhead([...all.keys()], (at) => readSample(all[at]!, folders))) {
    for (const side of ['made', 'real'] as const) if (isGrey(sample[side]!)) grey[side]++;
    yield sample;
  }
  if (folders.grey || Math.abs(grey.made - grey.real) < all.length) return;
  const [ofGrey, ofColours] = grey.made > 0 ? ['made', 'real'] : ['real', 'made'];
  throw new ShadegradError('SHAPE_MISMATCH', `The ${ofGrey} pictures are grey, and the ${ofColours} ones in colours`, {
    expected: 'both grey, or both in colours',
    received: `${all.length} grey of ${all.length} ${ofGrey}, 0 of the ${ofColours}`,
    fix: 'compare the luminance of both: --grey',
  });
}

const WHICH_HALF = 'if the real ones are side-by-side pairs, say which half is meant: --half left or --half right';

/** What is said of pictures that look like side-by-side pairs: what they are called, and which flag says the half. */
const REAL_PAIRS = { called: 'real pictures', advice: WHICH_HALF };
export const INPUT_PAIRS = {
  called: 'pictures of --input',
  advice: 'if they are side-by-side pairs, say which half was given: --input-half left or --input-half right (whole if they are none)',
};

/**
 * Says so where a picture has the shape of two as the made one, side by side: taken as a whole, a pair is no real picture, and the numbers
 * mean nothing. It may be right all the same, such as photos of streets that were translated as squares.
 *
 * @returns the remark, or none
 */
export async function remarksOnPairs(
  made: string | undefined,
  other: string | undefined,
  half: PictureFolders['inputHalf'],
  { called, advice } = REAL_PAIRS,
): Promise<string[]> {
  if (half !== undefined || made === undefined || other === undefined) return [];
  const [{ width, height }, wide] = [await readImageSides(made), await readImageSides(other)];
  if (!isTwiceAsWide([wide.width, wide.height], [width, height])) return [];
  return [`${called} are twice as wide for their height as made ones; ${advice}`];
}

const isTwiceAsWide = (real: readonly [number, number], made: readonly [number, number]): boolean =>
  real[0] * made[1] === 2 * made[0] * real[1];

const sizeOf = ({ width, height }: RgbImage): [number, number] => [width, height];

async function readSample({ name, made: paths, real: realPath, input }: Files, folders: PictureFolders): Promise<EvaluatedSample> {
  const { half, inputHalf, grey, resize, labels } = folders;
  const resized = (image: RgbImage, [width, height]: [number, number]): RgbImage =>
    labels ? resizeNearest(image, width, height) : resizedTo(image, [width, height]);
  const [whole, ...pictures] = await Promise.all([realPath, ...paths].map((path) => readImage(path)));
  const halved = halfOf(whole!, half, realPath);
  const real = grey ? greyImage(halved) : halved;
  const made = pictures.map((image, at) => {
    const path = paths[at]!;
    const own = grey ? greyImage(image) : image;
    if (resize === 'made') return resized(own, sizeOf(real));
    const wanted = resize === 'real' ? sizeOf(pictures[0]!) : sizeOf(real);
    if (own.width === wanted[0] && own.height === wanted[1]) return own;
    throw ofTwoSizes(path, own, resize === 'real' ? paths[0]! : realPath, wanted);
  });
  const [first] = made as [RgbImage, ...RgbImage[]];
  const given = input === undefined ? {} : { given: halfOf(await readImage(input), inputHalf, input) };
  const wanted = resize === 'real' ? resized(real, sizeOf(first)) : real;
  return { name, made: first, real: wanted, ...given, ...(made.length > 1 && { outputs: made }) };
}

function ofTwoSizes(path: string, { width, height }: RgbImage, other: string, wanted: readonly [number, number]): ShadegradError {
  const wide = isTwiceAsWide(wanted, [width, height]);
  return new ShadegradError('SHAPE_MISMATCH', `${printableName(path)} and ${printableName(other)} are of two sizes`, {
    expected: 'a made picture as large as its real one',
    received: `${width} x ${height} and ${wanted.join(' x ')} pixels`,
    fix: wide
      ? `${WHICH_HALF}; otherwise write --resize made or --resize real`
      : 'write --resize made or --resize real to bring one to the size of the other',
  });
}
