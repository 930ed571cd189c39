import { ShadegradError } from '../../errors.js';
import type { Flag, Program } from '../../training/run/flag-table.js';
import { DEAD_OPTIONS, MEANINGS, MISSING_OPTIONS, type Typed } from './reference-options.js';

/** A flag with what follows it; operands before the first have no name. */
interface Entry {
  /** As it is typed, without dashes in front: `no-dropout`. */
  readonly name: string;
  /** The value that an equals sign joins to it. */
  readonly joined: string | undefined;
  /** The words after it, up to the next flag: its value, if it takes one, and operands. */
  readonly after: readonly string[];
}

/** An option of the reference program as it was typed; of one without a value, that is `true`. */
interface Theirs {
  readonly name: string;
  readonly values: readonly string[];
}

/** Options that say yes by being there. */
const FLAGS_WITHOUT_VALUE: ReadonlySet<string> = new Set(
  ['no_flip', 'no_dropout', 'serial_batches', 'continue_train', 'save_by_iter', 'use_wandb', 'eval'].concat(
    Object.keys(DEAD_OPTIONS).filter((name) => !DEAD_OPTIONS[name]!.takesValue),
  ),
);

const joinedByLines = (name: string): string => name.replaceAll('_', '-');

/** What words say of flags of ours, and which options of the reference program they have. */
interface Sorted {
  /** Entries that are no option of theirs: our flags, and what is unknown. */
  readonly entries: readonly { readonly entry: Entry; readonly flag: string | undefined }[];
  readonly ours: ReadonlyMap<string, readonly string[]>;
  readonly theirs: readonly Theirs[];
  /** Flags of which an option that takes no value was typed with false: as if it were not there, but a file does not bring it back. */
  readonly off: readonly string[];
}

/** A command line in the names of a program's own flags. */
export interface OurWords {
  readonly words: string[];
  /** Which options mean nothing here. */
  readonly notes: string[];
  /** The flags that were typed, by whatever name; those of a file are none of them. */
  readonly typed: ReadonlySet<string>;
}

/**
 * Says a command line in the names of a program's own flags. A name may be joined by `_`; options of pytorch-CycleGAN-and-pix2pix become
 * the flags that they are here. What is neither stays as it is.
 *
 * @param argv up to `--`
 * @param filed words of a file, over which those of `argv` win; options that are made of several see both
 * @throws BAD_FLAG for an option of the reference program that means what there is not here, for one with a value that there is not, and
 *   for one that contradicts another or a flag
 */
export function inOurWords(program: Program, argv: readonly string[], filed: readonly string[] = []): OurWords {
  const [typed, file] = [sortedWords(program, argv), sortedWords(program, filed)];
  const left = file.theirs.filter(({ name }) => typed.theirs.every((each) => each.name !== name));
  const given: Typed = (...names) => {
    for (const { theirs, ours } of [typed, { ...file, theirs: left }])
      for (const name of names) {
        const [value] = theirs.find((each) => each.name === name)?.values ?? ours.get(name) ?? [];
        if (value !== undefined) return value;
      }
    return undefined;
  };
  // A run that goes on has what it began with, which no command line says.
  const usual = given('resume', 'continue_train') === 'true' ? {} : (program.usual ?? {});
  const valueGiven: Typed = (...names) => given(...names) ?? names.map((name) => usual[name]).find((value) => value !== undefined);
  const none: ReadonlySet<string> = new Set();
  const first = flagsOf(program, typed, typed.theirs, valueGiven, none);
  const groups = program.alternatives ?? [];
  const settled = new Set(
    [...typed.ours.keys(), ...typed.off, ...first.flags].flatMap((flag) => groups.find((group) => group.includes(flag)) ?? [flag]),
  );
  const second = flagsOf(program, file, left, valueGiven, settled);
  return {
    words: [...second.words, ...first.words],
    notes: [...second.notes, ...first.notes],
    typed: new Set([...typed.ours.keys(), ...typed.off, ...first.flags]),
  };
}

function sortedWords(program: Program, argv: readonly string[]): Sorted {
  const entries: { entry: Entry; flag: string | undefined }[] = [];
  const theirs: Theirs[] = [];
  const ours = new Map<string, string[]>();
  const off: string[] = [];
  for (const entry of entriesOf(argv)) {
    const own = ownName(program.flags, entry.name);
    const name = own === undefined ? theirName(program, entry.name) : undefined;
    if (name === undefined) {
      const flag = own?.replace(/^no-/, '');
      if (own !== undefined) ours.set(flag!, ownValues(entry, own, program.flags));
      entries.push({ entry: { ...entry, name: own ?? entry.name }, flag });
      continue;
    }
    const row = rowOf(program.flags, name);
    const { values, operands } = valuesOf(entry, name, row);
    if (operands.length > 0) entries.push({ entry: { name: '', joined: undefined, after: operands }, flag: undefined });
    if (theirs.some((each) => each.name === name)) throw twice(entry.name);
    if (values[0] !== 'false' || takesValue(name, row)) theirs.push({ name, values });
    else if (row) off.push(row.name);
  }
  return { entries, ours, theirs, off };
}

/** Words of ours for what was sorted. @param settled flags that are given already by what wins over these words */
function flagsOf(
  program: Program,
  { entries, ours }: Sorted,
  theirs: readonly Theirs[],
  typed: Typed,
  settled: ReadonlySet<string>,
): { words: string[]; notes: string[]; flags: string[] } {
  const words = entries.filter(({ flag }) => flag === undefined || !settled.has(flag)).flatMap(({ entry }) => wordsOfEntry(entry));
  const notes: string[] = [];
  const meant = new Map<string, { by: string; values: readonly string[] }>();
  for (const option of theirs) {
    const note = deadNote(program, option);
    if (note !== undefined) notes.push(note);
    // What is made of several options need not be made where its flag is given: they may not even go together.
    const row = rowOf(program.flags, option.name);
    const decided = row !== undefined && isDecided(row, option.name, settled);
    const flags = note === undefined && !decided ? meaningOf(program, option, typed) : [];
    const implied: string[] = [];
    for (const [flag, values] of flags) {
      if (settled.has(flag)) continue;
      const own = ours.get(flag);
      const before = own ? { by: flag, values: own } : meant.get(flag);
      if (before && !same(before.values, values)) throw contradiction(before, { by: option.name, values }, flag);
      meant.set(flag, { by: option.name, values });
      if (before) continue;
      words.push(...wordsOf(program.flags, flag, values));
      implied.push(`--${flag} ${values.join(' ')}`);
    }
    if (implied.length > 0 && saysMore(option)) notes.push(`--${option.name} ${option.values[0]!} is ${implied.join(' ')} here`);
  }
  return { words, notes, flags: [...meant.keys()] };
}

/** Whether what is made of several options is given by its own name already. */
function isDecided(row: Flag, name: string, settled: ReadonlySet<string>): boolean {
  const meaning = MEANINGS[name];
  if (meaning === undefined || 'values' in meaning) return false;
  return settled.has(row.name) || ('main' in meaning && settled.has(meaning.main));
}

/** The names in the reference program of a program's flags, as they may be typed. */
export const referenceNames = ({ flags }: Program): string[] => flags.flatMap(({ reference = [] }) => reference);

/** The words of a command line that belong to a program's flags, by any of their names. */
export function namedOnly(program: Program, argv: readonly string[]): string[] {
  const names = [...program.flags.map(({ name }) => name), ...referenceNames(program)].map(joinedByLines);
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return entriesOf(argv.slice(0, end))
    .filter(({ name }) => names.includes(joinedByLines(name)))
    .flatMap(wordsOfEntry);
}

/** What follows a flag on a command line in our words, the value that is joined to it first; nothing where it is not there. */
export function wordsOfFlag(words: readonly string[], flag: string): readonly string[] | undefined {
  const entry = entriesOf(words).find(({ name }) => name === flag || name === `no-${flag}`);
  return entry && [...(entry.joined === undefined ? [] : [entry.joined]), ...entry.after];
}

/** What is known of a name before its value: its type, and of a flag of ours that takes none what the name says. */
export interface NamedFlag {
  readonly name: string;
  /** `any` for an option of the reference program that is more than another name of a flag. */
  readonly type: Flag['type'] | 'any';
  readonly says?: boolean;
}

/** The flag, or the option of the reference program, that has a name. */
export function flagNamed(program: Program, typed: string): NamedFlag | undefined {
  const own = ownName(program.flags, typed);
  if (own !== undefined) {
    const flag = program.flags.find(({ name }) => name === own);
    const { name, type } = flag ?? program.flags.find((each) => `no-${each.name}` === own)!;
    return { name, type, ...(type === 'boolean' && { says: flag !== undefined }) };
  }
  const name = theirName(program, typed);
  if (name === undefined) return undefined;
  const row = rowOf(program.flags, name);
  return { name, type: row && MEANINGS[name] === undefined ? row.type : FLAGS_WITHOUT_VALUE.has(name) ? 'boolean' : 'any' };
}

function wordsOfEntry({ name, joined, after }: Entry): string[] {
  if (joined !== undefined) return [`--${name}=${joined}`, ...after];
  return name === '' ? [...after] : [`--${name}`, ...after];
}

function entriesOf(argv: readonly string[]): Entry[] {
  const starts = [0, ...argv.flatMap((word, at) => (at > 0 && word.startsWith('--') ? [at] : []))];
  return starts.flatMap((start, index): Entry[] => {
    const [first, ...rest] = argv.slice(start, starts[index + 1]);
    if (first === undefined) return [];
    if (!first.startsWith('--')) return [{ name: '', joined: undefined, after: [first, ...rest] }];
    const equals = first.indexOf('=');
    const name = first.slice(2, equals < 0 ? undefined : equals);
    return [{ name, joined: equals < 0 ? undefined : first.slice(equals + 1), after: rest }];
  });
}

/** The name of a flag of the program, `no-` in front of that of a boolean; nothing for what is none. */
function ownName(flags: readonly Flag[], typed: string): string | undefined {
  const names = flags.flatMap(({ name, type }) => (type === 'boolean' ? [name, `no-${name}`] : [name]));
  return names.find((name) => name === typed) ?? names.find((name) => name === joinedByLines(typed));
}

/** The name that the reference program has for an option, if it has it, and the program knows what to say to it. */
function theirName(program: Program, typed: string): string | undefined {
  const known = referenceNames(program);
  const foreign = (program.foreign ?? []).flatMap(({ flag }) => flag.reference ?? []);
  const all =
    known.length === 0
      ? []
      : [...known, ...Object.keys(program.fixed ?? {}), ...(program.saidByRun ?? []), ...Object.keys(DEAD_OPTIONS), ...missing(foreign)];
  return all.find((name) => joinedByLines(name) === joinedByLines(typed));
}

/** Options that are missing; of one that another call of the program has, that call is told. */
const missing = (foreign: readonly string[]): string[] => Object.keys(MISSING_OPTIONS).filter((name) => !foreign.includes(name));

const rowOf = (flags: readonly Flag[], name: string): Flag | undefined => flags.find(({ reference }) => reference?.includes(name));

function takesValue(name: string, row: Flag | undefined): boolean {
  return row === undefined || MEANINGS[name] ? !FLAGS_WITHOUT_VALUE.has(name) : row.type !== 'boolean';
}

/** The values of a flag of ours as texts, `true` or `false` of a boolean. */
function ownValues({ joined, after }: Entry, own: string, flags: readonly Flag[]): string[] {
  if (own.startsWith('no-')) return ['false'];
  if (joined !== undefined) return [joined];
  return flags.find(({ name }) => name === own)!.type === 'boolean' ? ['true'] : [...after];
}

function valuesOf({ name: typed, joined, after }: Entry, name: string, row: Flag | undefined): { values: string[]; operands: string[] } {
  if (joined !== undefined) {
    if (!takesValue(name, row) && joined !== 'true' && joined !== 'false') {
      throw new ShadegradError('BAD_FLAG', `--${typed} has a wrong value`, {
        expected: 'no value, or true or false',
        received: JSON.stringify(joined),
        fix: `write --${typed} alone, or leave it out`,
      });
    }
    return { values: [joined], operands: [...after] };
  }
  if (!takesValue(name, row)) return { values: ['true'], operands: [...after] };
  if (row?.type === 'list') return { values: [...after], operands: [] };
  const [value, ...operands] = after;
  if (value !== undefined) return { values: [value], operands };
  throw new ShadegradError('BAD_FLAG', `--${typed} has a wrong value`, {
    expected: 'a value',
    received: 'nothing',
    fix: `write --${typed} VALUE`,
  });
}

/** Whether an option of the reference program is more than one flag here, which its user should know. */
function saysMore({ name, values }: Theirs): boolean {
  const meaning = MEANINGS[name];
  return meaning !== undefined && 'values' in meaning && Object.keys(meaning.values[values[0]!] ?? {}).length > 1;
}

/** What is said of an option that means nothing here; nothing for one that does. */
function deadNote(program: Program, { name }: Theirs): string | undefined {
  if (rowOf(program.flags, name) !== undefined || program.fixed?.[name] !== undefined) return undefined;
  if (program.saidByRun?.includes(name)) return `--${name} means nothing here: the run says it`;
  const dead = DEAD_OPTIONS[name];
  // A note about flags that this program has not is no help to whoever calls it.
  return dead && `--${name} means nothing here${namesOwnFlags(program, dead.note) ? `: ${dead.note}` : ''}`;
}

/** The flags that an option of the reference program is, with their values. */
function meaningOf(program: Program, { name, values }: Theirs, typed: Typed): [flag: string, values: readonly string[]][] {
  const fixed = program.fixed?.[name];
  const row = rowOf(program.flags, name);
  if (row === undefined) {
    if (fixed !== undefined && same([fixed], values)) return [];
    throw new ShadegradError('BAD_FLAG', `--${name} ${values.join(' ')} is not there`, {
      ...(fixed !== undefined && { expected: `--${name} ${fixed}, or the flag left out`, received: values.join(' ') }),
      fix:
        fixFor(program, name) ??
        (fixed === undefined ? 'leave it out: --help lists the flags that there are' : `leave it out for ${fixed}`),
    });
  }
  const meaning = MEANINGS[name];
  if (meaning === undefined) return [[row.name, row.type === 'boolean' && name.startsWith('no_') ? ['false'] : values]];
  if ('value' in meaning) return [[row.name, [meaning.value(typed)]]];
  if ('flags' in meaning) return Object.entries(meaning.flags(typed)).map(([flag, value]) => [flag, [value]]);
  const choices = Object.entries(meaning.values).filter(([, flags]) => row.name in flags);
  const chosen = choices.find(([choice]) => choice === values[0]);
  if (chosen) {
    const flags = Object.entries(chosen[1]).filter(([flag]) => program.flags.some((each) => each.name === flag));
    return flags.map(([flag, value]) => [flag, [value]]);
  }
  throw new ShadegradError('BAD_FLAG', `--${name} has a wrong value`, {
    expected: `one of ${choices.map(([choice]) => choice).join(', ')}`,
    received: values.join(' '),
    fix: `write one of these, or --${row.name}: ${row.description}`,
  });
}

/** What to do about an option that there is not; undefined where that would be flags that the program has not. */
function fixFor({ flags }: Program, name: string): string | undefined {
  const fix = MISSING_OPTIONS[name];
  return namesOwnFlags({ flags }, fix ?? '', name) ? fix : undefined;
}

/** Whether a text names no flags but those of a program, and the one that it is about. */
function namesOwnFlags({ flags }: Pick<Program, 'flags'>, text: string, about?: string): boolean {
  const named = [...text.matchAll(/--(?:no-)?([a-z][a-z-]*)/g)].map(([, flag]) => flag!);
  return named.every((each) => each === about || flags.some((flag) => flag.name === each));
}

/** Whether two values are one: as texts, or as numbers. */
function same(a: readonly string[], b: readonly string[]): boolean {
  const equal = (x: string, y = ''): boolean => x === y || (x.trim() !== '' && y.trim() !== '' && Number(x) === Number(y));
  return a.length === b.length && a.every((each, at) => equal(each, b[at]));
}

function wordsOf(flags: readonly Flag[], flag: string, values: readonly string[]): string[] {
  const { type } = flags.find(({ name }) => name === flag)!;
  return type === 'list' ? [`--${flag}`, ...values] : [`--${flag}=${values[0]!}`];
}

type Said = { readonly by: string; readonly values: readonly string[] };

function contradiction(first: Said, second: Said, flag: string): ShadegradError {
  const said = ({ by, values }: Said): string => `--${by} (${values.join(' ')})`;
  return new ShadegradError('BAD_FLAG', `--${first.by} and --${second.by} contradict each other`, {
    expected: `one value of --${flag}, which both of them are`,
    received: `${said(first)} and ${said(second)}`,
    fix: 'leave one of them out',
  });
}

function twice(name: string): ShadegradError {
  return new ShadegradError('BAD_FLAG', `--${name} is given twice`, {
    expected: `--${name} once`,
    received: 'more than one value',
    fix: 'leave out all but one',
  });
}
