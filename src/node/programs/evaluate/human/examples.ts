import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { epochPermutation } from '../../../../data/shuffle.js';
import { ShadegradError } from '../../../../errors.js';
import { printableName } from '../../../../formats/names.js';
import { listed } from '../../../images/layout.js';
import { remark } from '../../../terminal/remarks.js';
import { picturesOf } from '../folders.js';
import type { PictureSource } from './protocol.js';

/** A picture by its name and the file that it is in. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

/** The files of a study. Those that belong together have one name; `input` has the order of `made`. */
export type StudyFiles = Readonly<Record<'made' | 'real', readonly NamedFile[]>> & { readonly input?: readonly NamedFile[] };

/** Where the pictures of a study are, and which of them are taken. */
export interface FolderChoice {
  readonly made: string;
  readonly real: string;
  readonly input: string | undefined;
  /** Whether made and real pictures need not belong together. */
  readonly unpaired: boolean;
}

/**
 * Finds the pictures of folders.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, DATA_EMPTY; DATA_UNREADABLE for made pictures without a partner of their name
 */
export async function filesOfFolders({ made, real, input, unpaired }: FolderChoice): Promise<StudyFiles> {
  const [ofMade, ofReal, ofInput] = [
    await picturesOf(made),
    await picturesOf(real),
    input === undefined ? undefined : await picturesOf(input),
  ];
  const partners = (folder: string, of: ReadonlyMap<string, string>): NamedFile[] => {
    const alone = [...ofMade.keys()].filter((name) => !of.has(name));
    if (alone.length === 0) return [...ofMade.keys()].map((name) => ({ name, path: join(folder, of.get(name)!) }));
    throw new ShadegradError('DATA_UNREADABLE', `Pictures of ${printableName(made)} have no partner in ${printableName(folder)}`, {
      expected: 'for each made picture one that is called the same but for the ending',
      received: `${listed(alone.map((name) => ofMade.get(name)!))} without one; there are ${listed([...of.values()])}`,
      fix: 'give both the same names, or take out what is not to be shown; --unpaired shows real pictures of other names',
    });
  };
  const all = (folder: string, of: ReadonlyMap<string, string>): NamedFile[] =>
    [...of].map(([name, file]) => ({ name, path: join(folder, file) }));
  const rest = ofReal.size - ofMade.size;
  if (!unpaired && rest > 0) remark(`${rest} of ${ofReal.size} pictures of ${printableName(real)} have no made one of their name`);
  return {
    made: all(made, ofMade),
    real: unpaired ? all(real, ofReal) : partners(real, ofReal),
    ...(ofInput && { input: partners(input!, ofInput) }),
  };
}

/** The numbers that a test of a run writes, as far as they say where its pictures are. */
interface TestNumbers {
  readonly columns?: readonly { readonly title: string; readonly role: string }[];
  readonly samples?: readonly { readonly name: string; readonly pictures: readonly string[] }[];
}

const ROLES: Readonly<Record<PictureSource, string>> = { input: 'given', made: 'made', real: 'wanted' };

/**
 * Finds the pictures that `shadegrad test` has written of a run.
 *
 * @param folder of the results, or that of the run whose `test/` holds them
 * @param needsInput whether pictures that were given are shown
 * @throws DATA_NOT_FOUND where it was not tested; DATA_UNREADABLE for numbers that do not say which picture is which
 */
export async function filesOfTest(folder: string, needsInput: boolean): Promise<StudyFiles> {
  const [path, text] = await firstText([join(folder, 'metrics.json'), join(folder, 'test', 'metrics.json')]);
  const again = `test the run once more (npx shadegrad test ${printableName(folder)}), or name folders: --made DIR --real DIR`;
  const numbers = parsed(text);
  const samples = numbers?.samples;
  const columnOf = (source: PictureSource): number => numbers?.columns?.findIndex(({ role }) => role === ROLES[source]) ?? -1;
  const whole = samples?.every(
    ({ name, pictures }) => typeof name === 'string' && pictures?.every((each) => /^images\/[^/\\]+$/.test(each)),
  );
  const lacking = (['made', 'real', ...(needsInput ? (['input'] as const) : [])] as const).filter((source) => columnOf(source) < 0);
  if (!samples || samples.length === 0 || !whole || lacking.length > 0) {
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(path)} does not say which pictures are made and real`, {
      expected: 'the numbers of shadegrad test, of a run that says of each picture what would be right',
      ...(numbers?.columns && { received: `no column of ${lacking.join(' and ')} pictures` }),
      fix: again,
    });
  }
  const of = (source: PictureSource): NamedFile[] =>
    samples.map(({ pictures }, at) => ({ name: String(at + 1), path: join(path, '..', pictures[columnOf(source)]!) }));
  const named = (files: readonly NamedFile[]): NamedFile[] =>
    files.map((file, at) => ({ ...file, name: `${at + 1} ${samples[at]!.name}` }));
  return { made: named(of('made')), real: named(of('real')), ...(columnOf('input') >= 0 && { input: named(of('input')) }) };
}

async function firstText(paths: readonly string[]): Promise<readonly [path: string, text: string]> {
  let reason: unknown;
  for (const path of paths) {
    try {
      return [path, await readFile(path, 'utf8')];
    } catch (error) {
      reason = error;
    }
  }
  const folder = join(paths[0]!, '..');
  throw new ShadegradError('DATA_NOT_FOUND', `There are no pictures of a test in ${printableName(folder)}`, {
    expected: 'metrics.json and images/, as shadegrad test writes them',
    fix: `test the run first (npx shadegrad test ${printableName(folder)}), or name folders: --made DIR --real DIR`,
    cause: reason,
  });
}

function parsed(text: string): TestNumbers | undefined {
  try {
    return JSON.parse(text) as TestNumbers;
  } catch {
    return undefined;
  }
}

/** So many examples at most, drawn by the seed, in the order of their names. Real pictures of unpaired files are drawn by themselves. */
export function drawExamples(files: StudyFiles, most: number, seed: number, unpaired: boolean): StudyFiles {
  const drawn = (length: number): number[] => [...epochPermutation(length, seed, 0)].slice(0, most).sort((a, b) => a - b);
  const taken = drawn(files.made.length);
  const real = unpaired ? drawn(files.real.length) : taken;
  const only = (some: readonly NamedFile[], places: readonly number[]): NamedFile[] => places.map((at) => some[at]!);
  return { made: only(files.made, taken), real: only(files.real, real), ...(files.input && { input: only(files.input, taken) }) };
}
