import { readFileSync } from 'node:fs';
import { printableName, quoteName } from '../../formats/names.js';
import { repeatedKey, type RepeatedKey } from '../../formats/repeated-key.js';
import { ShadegradError } from '../../errors.js';
import type { Flag, Program } from '../../training/run/flag-table.js';
import { nearest } from './nearest.js';
import { flagNamed, inOurWords, namedOnly, wordsOfFlag, type OurWords } from './our-words.js';

/** The flag of programs that read flags out of a file. */
export const OPTIONS_FLAG = {
  name: 'options',
  type: 'string',
  placeholder: 'FILE.json',
  description: 'a file of flags: a JSON object with their names and values, such as the options.json of a run; what is typed wins over it',
} as const satisfies Flag;

/**
 * The words of a command line in the names of a program's own flags, with those of the file that `--options` names in front of them, and
 * in front of these the set of flags that one of either names. What is typed wins over the file, and the file over the set.
 *
 * @param argv up to `--`
 * @param onlyNamed leaves out all flags that are not the program's, instead of refusing those of a file
 * @throws BAD_FLAG for a file that holds no flags, names that there are not, and values of another type; what inOurWords() throws;
 *   DATA_NOT_FOUND
 */
export function commandLine(program: Program, argv: readonly string[], onlyNamed = false): OurWords {
  const known = (words: readonly string[]): readonly string[] => (onlyNamed ? namedOnly(program, words) : words);
  const takesFile = program.flags.some(({ name }) => name === OPTIONS_FLAG.name);
  const path = takesFile ? (wordsOfFlag(argv, OPTIONS_FLAG.name)?.[0] ?? '') : '';
  const filed = path === '' ? [] : known(wordsOfObject(readObject(path), printableName(path), program, onlyNamed));
  const { sets } = program;
  const name = sets && (wordsOfFlag(argv, sets.flag) ?? wordsOfFlag(filed, sets.flag))?.[0];
  const set = name === undefined ? undefined : sets?.of(name);
  const words = set === undefined ? [] : known(wordsOfObject(set, name!, program, onlyNamed));
  if (words.length === 0 || filed.length === 0) return inOurWords(program, known(argv), [...words, ...filed]);
  const below = inOurWords(program, filed, words);
  const all = inOurWords(program, known(argv), below.words);
  return { ...all, notes: [...below.notes, ...all.notes] };
}

/** Words for an object of flags. @param what it is, for errors */
function wordsOfObject(flags: Readonly<Record<string, unknown>>, what: string, program: Program, onlyNamed: boolean): string[] {
  const wrong = (key: string, expected: string, value: unknown): ShadegradError =>
    new ShadegradError('BAD_FLAG', `${what}: ${JSON.stringify(key)} has a wrong value`, {
      expected,
      received: (JSON.stringify(value) ?? 'nothing').slice(0, 60),
      fix: `change it in the file, or leave it out`,
    });
  return Object.entries(flags).flatMap(([key, value]): string[] => {
    const flag = key === OPTIONS_FLAG.name ? undefined : flagNamed(program, key);
    if (flag === undefined && !onlyNamed) throw unknownKey(what, key, program);
    if (flag === undefined || value === null) return [];
    if (
      flag.type === 'list' &&
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((word) => typeof word === 'string' && !word.startsWith('--'))
    )
      return [`--${key}`, ...(value as string[])];
    const expected = {
      integer: 'number',
      number: 'number',
      string: 'string',
      choice: 'string',
      list: 'string',
      boolean: 'boolean',
      any: undefined,
    }[flag.type];
    const simple = ['string', 'number', 'boolean'].includes(typeof value);
    if (!simple || (expected !== undefined && typeof value !== expected)) {
      throw wrong(
        key,
        flag.type === 'list'
          ? 'an array of texts'
          : expected === 'boolean'
            ? 'true or false'
            : `a ${expected ?? 'text, a number, or true or false'}`,
        value,
      );
    }
    if (typeof value !== 'boolean') return [`--${key}=${String(value)}`];
    if (flag.says === undefined) return [`--${key}=${value}`];
    return [`--${flag.says === value ? '' : 'no-'}${flag.name}`];
  });
}

function readObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    // Editors of Windows begin a file with a mark that JSON does not know.
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new ShadegradError('DATA_NOT_FOUND', `${printableName(path)} cannot be read`, {
      received: (cause as NodeJS.ErrnoException).code ?? String(cause),
      fix: 'check the path given with --options',
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notOptions(path, (cause as Error).message, cause);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw keyTwice(printableName(path), twice);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw notOptions(path, text.slice(0, 40));
}

/** The error of a file that says something twice: which of the two is meant cannot be known. @param what the file, for people */
export const keyTwice = (what: string, { key, lines: [first, again] }: RepeatedKey): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${what}: ${quoteName(key)} is there twice in one object`, {
    expected: 'each key once',
    received: first === again ? `both on line ${first}` : `on line ${first}, and again on line ${again}`,
    fix: 'leave out one of the two',
  });

const notOptions = (path: string, received: string, cause?: unknown): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${printableName(path)} is no file of flags`, {
    expected: 'a JSON object such as {"data": "my/pairs", "size": 128, "dropout": false}',
    received,
    fix: 'mend the file, or write the flags on the command line',
    cause,
  });

function unknownKey(what: string, key: string, program: Program): ShadegradError {
  const near = nearest(
    key,
    program.flags.flatMap(({ name, reference = [] }) => (name === OPTIONS_FLAG.name ? [] : [name, ...reference])),
  );
  return new ShadegradError('BAD_FLAG', `${what}: ${JSON.stringify(key)} is no flag of this call`, {
    fix: near === undefined ? 'leave it out; --help lists the flags' : `did you mean ${JSON.stringify(near)}?`,
  });
}
