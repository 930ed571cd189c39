import { join, resolve } from 'node:path';
import { expectOneSize, joinPair, type RgbImage } from '../../../data/image.js';
import type { FilterName } from '../../../data/fit.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { COLOR_PROFILE_FLAG, type ReadImageOptions } from '../../images/colour-profiles.js';
import type { PictureFormatName } from '../../images/encode.js';
import { listSet } from '../../images/image-sets.js';
import { findPairs, listed, stemOf, type PairFiles, type Split } from '../../images/layout.js';
import { computeAside } from '../../images/picture-workers.js';
import { readImage } from '../../images/read.js';
import type { Program } from '../../terminal/flags.js';
import { remark } from '../../terminal/remarks.js';
import { FILTER_FLAG, FORMAT_FLAG, WRITING_FLAGS, makeAction, profilesOf, readingOf } from './action.js';
import { pictureJob, runJobs, type Job } from './jobs.js';
import { expectDifferent } from './operands.js';

const PROGRAM = {
  usage: 'npx shadegrad prepare combine A B OUT [flags]',
  summary:
    'Joins the halves of pairs side by side in one picture, A left and B right: pictures of equal names in two folders and in those ' +
    'within them, such as A/train and B/train, or of names that end in _A and _B. With one folder in place of two (combine IN OUT), the ' +
    'pairs that a training finds in it, such as photos beside their label maps, into train/, val/ and test/.',
  takesOperands: true,
  flags: [
    {
      name: 'resize',
      group: 'Pictures',
      type: 'boolean',
      description: 'bring a half B of another size to that of its half A, instead of refusing the pair',
    },
    FILTER_FLAG,
    { ...COLOR_PROFILE_FLAG, group: 'Pictures' },
    FORMAT_FLAG,
    ...WRITING_FLAGS,
  ],
  examples: [
    { command: 'npx shadegrad prepare combine photos/ labels/ pairs/', description: 'Two folders of one name each:' },
    { command: 'npx shadegrad prepare combine base/ pairs/', description: 'The CMP Facade Database as it is published:' },
  ],
} as const satisfies Program;

/** A pair to be made: the files of its halves, or one file that has both. */
interface Found extends PairFiles {
  /** The name of the result, without an ending. */
  readonly output: string;
}

/** The action that joins the halves of pairs. */
export const COMBINE = makeAction({
  name: 'combine',
  description: 'join the halves of pairs, in two folders or beside each other, in one picture',
  program: PROGRAM,
  folders: [2, 3],
  async work({ flags, inputs, output }) {
    await expectDifferent(inputs);
    const [a, b] = inputs as [string, string?];
    const found = b === undefined ? await pairsWithin(a) : await pairsOfFolders(a, b);
    const reading = readingOf(flags);
    const jobs = found.map((pair) => jobOf(pair, flags.format, flags.resize ? flags.filter : null, reading));
    const settings = {
      input: inputs.map((input) => resolve(input)),
      resize: flags.resize,
      filter: flags.filter,
      format: flags.format,
      ...profilesOf(flags),
    };
    return runJobs(output, { action: 'combine', settings }, jobs, flags.force, 'pair');
  },
});

function jobOf({ output, name, a, b }: Found, format: PictureFormatName, filter: FilterName | null, reading: ReadImageOptions): Job {
  return pictureJob(output, format, b === undefined ? [a] : [a, b], async () => {
    const first = await readImage(a, reading);
    return b === undefined
      ? first
      : joinPair({ name: printableName(name), a: first, b: await fitting(first, await readImage(b, reading), filter, a, b) });
  });
}

/** Half B at the size of half A. @throws IMAGE_SIZE for another one, unless it is to be resized */
async function fitting(first: RgbImage, second: RgbImage, filter: FilterName | null, a: string, b: string): Promise<RgbImage> {
  if (filter !== null && (first.width !== second.width || first.height !== second.height))
    return (
      await computeAside('fit', { images: [second], sides: { width: first.width, height: first.height }, fit: 'stretch', filter })
    )[0]!;
  try {
    expectOneSize({ name: printableName(a), a: first, b: second });
  } catch (error) {
    const { what, received } = error as ShadegradError;
    // Without --force, what was made before --resize would be results of another call.
    const fix = `bring ${printableName(b)} to the size of the other half, or write --resize --force to make all pairs with --resize`;
    throw new ShadegradError('IMAGE_SIZE', what, { expected: 'equal sizes', received, fix });
  }
  return second;
}

/** The pairs of two folders, by their names below them. */
async function pairsOfFolders(a: string, b: string): Promise<Found[]> {
  const [inA, inB] = [(await listSet(a)).names, (await listSet(b)).names];
  // As the reference program takes them with --use_AB.
  const marked = inA.every((name) => /_A$/i.test(stemOf(name))) && inB.every((name) => /_B$/i.test(stemOf(name)));
  const keyOf = (name: string): string => (marked ? stemOf(name).slice(0, -2) : stemOf(name));
  const partners = byKey(b, inB, keyOf);
  const firsts = byKey(a, inA, keyOf);
  const alone = [
    { folder: a, names: [...firsts].flatMap(([key, name]) => (partners.has(key) ? [] : [name])) },
    { folder: b, names: [...partners].flatMap(([key, name]) => (firsts.has(key) ? [] : [name])) },
  ].filter(({ names }) => names.length > 0);
  const pairs = [...firsts].flatMap(([key, name]): Found[] => {
    const partner = partners.get(key);
    return partner === undefined ? [] : [{ name, a: join(a, name), b: join(b, partner), output: key }];
  });
  const words = alone.map(({ folder, names }) => `only in ${printableName(folder)}: ${listed(names)}`);
  if (pairs.length === 0) {
    throw new ShadegradError('DATA_UNREADABLE', `No picture of ${printableName(a)} has a partner in ${printableName(b)}`, {
      expected: 'the halves of a pair under one name in both folders, endings aside, such as A/train/1.jpg and B/train/1.png',
      received: words.join('; '),
      fix: 'give both halves of a pair one name',
    });
  }
  for (const text of words) remark(`left out, ${text}`);
  return pairs;
}

/** @throws DATA_UNREADABLE when two pictures have one name but for the ending */
function byKey(folder: string, names: readonly string[], keyOf: (name: string) => string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const other = found.get(keyOf(name));
    if (other !== undefined) {
      throw new ShadegradError('DATA_UNREADABLE', `Two pictures of one name in ${printableName(folder)}`, {
        expected: 'one picture a name: its partner is found by it',
        received: `${printableName(other)} and ${printableName(name)}`,
        fix: 'take one of them out',
      });
    }
    found.set(keyOf(name), name);
  }
  return found;
}

/** The pairs that a training would find in a folder, of each split that is there. */
async function pairsWithin(directory: string): Promise<Found[]> {
  const found: Found[] = await pairsByMark(directory);
  if (found.length > 0) return found;
  let missing: unknown;
  for (const split of ['train', 'val', 'test'] as const satisfies readonly Split[]) {
    try {
      const { pairs, notes } = await findPairs(directory, split);
      for (const note of notes) remark(note);
      for (const pair of pairs) found.push({ ...pair, output: `${split}/${stemOf(pair.name)}` });
    } catch (error) {
      if (!(error instanceof ShadegradError) || error.code !== 'DATA_NOT_FOUND') throw error;
      missing ??= error;
    }
  }
  if (found.length > 0) return found;
  const { code, what, expected, received, fix } = missing as ShadegradError;
  throw new ShadegradError(code, what, {
    ...{ expected, received, cause: missing },
    fix: `${fix}; of two names the second is the folder of the results: halves in two folders are joined by combine A B OUT`,
  });
}

/** A name with _A or _B at its end. */
const MARKED = /^(.*)_([AB])$/i;

/** Pairs whose halves lie in one folder, as NAME_A and NAME_B; none where a picture is called otherwise. */
async function pairsByMark(directory: string): Promise<Found[]> {
  const { names } = await listSet(directory).catch((error: unknown) => {
    if (error instanceof ShadegradError) return { names: [] };
    throw error;
  });
  const marks = names.map((name) => ({ name, mark: MARKED.exec(stemOf(name)) }));
  if (!marks.every(({ mark }) => mark !== null)) return [];
  const half = (which: string): Map<string, string> =>
    byKey(
      directory,
      marks.filter(({ mark }) => mark![2]!.toUpperCase() === which).map(({ name }) => name),
      (name) => MARKED.exec(stemOf(name))![1]!,
    );
  const [firsts, seconds] = [half('A'), half('B')];
  const pairs = [...firsts].flatMap(([key, name]): Found[] => {
    const partner = seconds.get(key);
    const output = /^(train|val|test)\//i.test(key) ? key : `train/${key}`;
    return partner === undefined ? [] : [{ name, a: join(directory, name), b: join(directory, partner), output }];
  });
  const alone = marks.filter(({ mark }) => !(firsts.has(mark![1]!) && seconds.has(mark![1]!))).map(({ name }) => name);
  if (pairs.length > 0 && alone.length > 0) remark(`left out, without a partner: ${listed(alone)}`);
  return pairs;
}
