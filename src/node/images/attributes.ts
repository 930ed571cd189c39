import { printableName, quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { nearest } from '../terminal/flags.js';
import { readBytes } from './read.js';

/** What a list says of images: for each file a number for each name that was asked for. */
export interface AttributeList {
  readonly names: readonly string[];
  /** In the order of the list. */
  readonly rows: readonly { readonly file: string; readonly labels: readonly number[] }[];
}

/** Examples that an error lists. */
const LISTED = 3;
/** Names that an error lists of those that there are: as many as CelebA has. */
const MOST_NAMES = 40;
/** What a value may be; the label is 1 for the first alone, as in the StarGAN program. */
const VALUES: readonly string[] = ['1', '-1', '0'];

/**
 * Reads a list of attributes as CelebA has it: the number of images, the names of the attributes, then a row for each image, its file and
 * 1 or -1 for each attribute.
 *
 * @param asked the attributes to take, in this order; all of the list where that is undefined
 * @throws DATA_UNREADABLE for a file of another form, with the number of lines that are wrong and the first of them; DATA_EMPTY for one
 *   without rows
 */
export async function readAttributes(path: string, asked: readonly string[] | undefined): Promise<AttributeList> {
  const name = printableName(path);
  const lines = new TextDecoder().decode(await readBytes(path)).split(/\r\n|\n|\r/);
  const numbered = lines.map((line, index) => ({ number: index + 1, words: words(line) })).filter(({ words }) => words.length > 0);
  const [head, titles, ...rows] = numbered;
  const joined = numbered.length > 1 ? numbered.slice(1, 3) : numbered;
  if (joined.length > 0 && joined.every(({ words }) => hasCommas(words))) {
    throw refused(`${name} separates its columns by commas`, {
      expected: 'columns separated by spaces, as list_attr_celeba.txt has them',
      received: `line ${joined[0]!.number}: ${quoteName(joined[0]!.words.join(' ').slice(0, 60))}`,
      fix: 'write spaces instead of the commas, and above the rows the number of images and the names of the attributes, a line each',
    });
  }
  const count = head?.words.length === 1 && /^\d+$/.test(head.words[0]!) ? Number(head.words[0]) : undefined;
  if (count === undefined || titles === undefined) {
    throw refused(`${name} is no list of attributes`, {
      expected: 'the number of images in the first line, the names of the attributes in the second, then a row for each image',
      received: head === undefined ? 'an empty file' : `a first line of ${quoteName(head.words.join(' '))}${titles ? '' : ' and no other'}`,
      fix: 'write these two lines above the rows, as list_attr_celeba.txt has them',
    });
  }
  if (rows.length === 0) {
    throw new ShadegradError('DATA_EMPTY', `${name} is empty: it lists no images`, {
      expected: `a row for each image below its line of ${titles.words.length} names`,
      received: `0 rows, and a first line of ${count}`,
      fix: 'fetch the list again if it is cut short; else write its rows',
    });
  }
  const all = titles.words;
  const twice = all.find((title, index) => all.indexOf(title) !== index);
  if (twice !== undefined) {
    throw refused(`${name} names the attribute ${printableName(twice)} twice`, {
      expected: 'names that differ',
      received: quoteName(all.join(' ')),
      fix: 'rename one of them',
    });
  }
  const comma = all.find((title) => title.includes(','));
  if (comma !== undefined) throw withComma(`attribute of ${name}`, comma);
  const columns = columnsOf(asked ?? all, all, `attribute of ${name}`);
  const wrong = (what: string, expected: string, found: readonly string[], fix: string): void => {
    if (found.length === 0) return;
    const some = `${found.slice(0, LISTED).join('; ')}${found.length > LISTED ? '; ...' : ''}`;
    throw refused(`${found.length} of ${rows.length} rows of ${name} ${what}`, { expected, received: some, fix });
  };
  const where = (number: number, words: readonly string[]): string => `line ${number} (${printableName(words[0]!.slice(0, 40))})`;
  wrong(
    `have another length than its line of ${all.length} names`,
    `the name of a file, without spaces, and ${all.length} values`,
    rows
      .filter(({ words }) => words.length !== all.length + 1)
      .map(({ number, words }) => `${where(number, words)}: ${words.length - 1} values`),
    'give each row a value for each name',
  );
  wrong(
    'have values that are neither 1 nor -1',
    '1 for an image that has the attribute, -1 or 0 for one that has not',
    rows.flatMap(({ number, words }) => {
      const at = words.findIndex((word, index) => index > 0 && !VALUES.includes(word));
      return at < 0 ? [] : [`${where(number, words)}: ${quoteName(words[at]!)} for ${printableName(all[at - 1]!)}`];
    }),
    'correct these rows',
  );
  const seen = new Map<string, number>();
  wrong(
    'are of a file that has a row already',
    'one row for each file',
    rows.flatMap(({ number, words }) => {
      const before = seen.get(words[0]!);
      if (before === undefined) seen.set(words[0]!, number);
      return before === undefined ? [] : [`${where(number, words)}, as line ${before}`];
    }),
    'take out all but one of the rows of each file',
  );
  if (count !== rows.length) {
    throw refused(`${name} has another number of rows than it says`, {
      expected: `${count} rows, by its first line`,
      received: `${rows.length}`,
      fix: 'fetch the list again if it is cut short; else write the number of its rows into the first line',
    });
  }
  return {
    names: columns.map((column) => all[column]!),
    rows: rows.map(({ words }) => ({ file: words[0]!, labels: columns.map((column) => (words[column + 1] === '1' ? 1 : 0)) })),
  };
}

/**
 * The places of names among those that there are.
 *
 * @param what a name is, such as `class of DIR`
 * @throws DATA_UNREADABLE for a name that there is not, and for one that is given twice
 */
export function columnsOf(asked: readonly string[], all: readonly string[], what: string): number[] {
  const unknown = asked.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    const near = nearest(unknown[0]!, all);
    throw refused(`There is no ${what} called ${unknown.map(printableName).join(', ')}`, {
      expected: `${all.slice(0, MOST_NAMES).map(printableName).join(', ')}${all.length > MOST_NAMES ? ', ...' : ''}`,
      received: unknown.map(printableName).join(', '),
      fix: near === undefined ? 'name one that there is (--labels)' : `did you mean ${printableName(near)}?`,
    });
  }
  const twice = asked.find((name, index) => asked.indexOf(name) !== index);
  if (twice !== undefined) {
    throw refused(`The ${what} called ${printableName(twice)} is asked for twice`, {
      expected: 'each label once',
      received: asked.map(printableName).join(', '),
      fix: 'leave out all but one (--labels)',
    });
  }
  return asked.map((name) => all.indexOf(name));
}

/** The error of a label that could not be told from two where labels are joined by commas, as on the command line and in checkpoints. */
export function withComma(what: string, name: string): ShadegradError {
  return refused(`The ${what} called ${printableName(name)} has a comma in its name`, {
    expected: 'a name without commas',
    received: quoteName(name),
    fix: 'rename it',
  });
}

/** Whether commas end all words of a line but the last, or join them to one. */
const hasCommas = (words: readonly string[]): boolean =>
  words.length === 1 ? words[0]!.includes(',') : words.slice(0, -1).every((word) => word.endsWith(','));
const words = (line: string): string[] => (/\S/.test(line) ? line.trim().split(/\s+/) : []);
const refused = (what: string, more: { expected: string; received: string; fix: string }): ShadegradError =>
  new ShadegradError('DATA_UNREADABLE', what, more);
