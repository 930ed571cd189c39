import { Command, CommanderError, Option } from 'commander';
import { ShadegradError } from '../../errors.js';
import type { BooleanFlag, ChoiceFlag, Flag, FlagCommon, NumberFlag, Program } from '../../training/run/flag-table.js';
import { nearest } from './nearest.js';
import { commandLine } from './options-file.js';
import { referenceNames } from './our-words.js';
import { expectTogether } from './flags-together.js';
import { quoted } from './program-call.js';

export { nearest } from './nearest.js';
export type { BooleanFlag, ChoiceFlag, Flag, ListFlag, NumberFlag, Program, StringFlag } from '../../training/run/flag-table.js';

/** The type of the value that a flag gives. */
type ValueOf<F extends Flag> = F extends { type: 'number' | 'integer' }
  ? number
  : F extends { type: 'choice'; choices: readonly (infer C)[] }
    ? C
    : F extends { type: 'boolean' }
      ? boolean
      : F extends { type: 'list' }
        ? string[]
        : string;

/** Whether a flag has a value when it is not given. */
type HasDefault<F extends Flag> = F extends { type: 'boolean' } | { default: string | number } ? true : false;

/** The values of a program's flags by name; a flag with no default is `undefined` when it is not given. */
export type FlagValues<P extends Program> = {
  [F in P['flags'][number] as F['name']]: HasDefault<F> extends true ? ValueOf<F> : ValueOf<F> | undefined;
};

/** A command line as parseFlags() read it. */
export interface ParsedFlags<P extends Program> {
  /** The values by the names of the flags. */
  values: FlagValues<P>;
  /** The words that belong to no flag, in their order; they may stand before, between and after the flags. */
  operands: string[];
  /** Names that were on the command line, so that a preset can change the other defaults only. */
  given: ReadonlySet<string>;
  /** Those of them that were typed, and not read out of a file of flags. */
  typed: ReadonlySet<string>;
  /** Whether `--help` or `-h` was there; the values are then all defaults. */
  help: boolean;
}

/**
 * Reads a command line by a program's table of flags: `--name value`, `--name=value`, and for booleans
 * `--name`, `--no-name`, `--name=true|false`. Words of a name may be joined by `_`, and names of pytorch-CycleGAN-and-pix2pix are
 * taken, too; about those that mean nothing here a note goes to stderr. What comes after `--` are operands. commander splits the line;
 * the table says what is right.
 *
 * @param argv the arguments alone, that is `process.argv.slice(2)`
 * @throws ShadegradError BAD_FLAG: unknown flag (with the nearest name), a flag of pytorch-CycleGAN-and-pix2pix that means what there
 *   is not here, one that contradicts another or means nothing beside it, stray argument, missing value, not a number, out of range, not
 *   one of the choices, a flag given twice
 */
export function parseFlags<const P extends Program>(program: P, argv: readonly string[]): ParsedFlags<P> {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const help = argv.slice(0, end).some((word) => word === '--help' || word === '-h');
  const ours = help ? { words: [], notes: [], typed: new Set<string>() } : commandLine(program, argv.slice(0, end));
  const flagged = plainBooleans(program.flags, ours.words);
  refuseRepeats(program.flags, flagged);
  const words = help ? [] : [...joinedLists(program.flags, flagged), ...argv.slice(end)];

  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const options = program.flags.map((flag) => optionOf(flag, words));
  for (const option of options) {
    command.addOption(option);
    if (option.isBoolean()) command.addOption(new Option(option.long!.replace('--', '--no-')));
  }
  const { operands, unknown } = split(program, command, words);
  const byName = new Map(program.flags.map((flag) => [flag.name, flag]));
  if (unknown[0] !== undefined) {
    const [first] = unknown;
    throw first.startsWith('--') ? unknownFlag(first.slice(2).split('=')[0]!, byName, program) : strayArgument(first, argv, program);
  }
  const behind = argv.length - end - 1;
  const before = behind > 0 ? operands.slice(0, -behind) : operands;
  const stray = program.takesOperands ? before.find((word) => word.startsWith('-')) : end < argv.length ? '--' : operands[0];
  if (!help && stray !== undefined) throw strayArgument(stray, argv, program);

  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  program.flags.forEach(({ name }, index) => {
    const key = options[index]!.attributeName();
    values[name] = command.getOptionValue(key);
    if (command.getOptionValueSource(key) === 'cli') given.add(name);
  });
  if (!help) expectTogether(program.flags, values, given);
  if (values.quiet !== true) for (const note of ours.notes) process.stderr.write(`note: ${note}\n`);
  return { values: values as FlagValues<P>, operands, given, typed: ours.typed, help };
}

/** The words of a command line, told apart by commander. */
function split(program: Program, command: Command, words: readonly string[]): { operands: string[]; unknown: string[] } {
  try {
    return command.parseOptions([...words]);
  } catch (error) {
    if (!(error instanceof CommanderError) || error.code !== 'commander.optionMissingArgument') throw error;
    // Any word that follows is taken for the value, so the flag that has none is the last word.
    throw missingValue(program.flags.find(({ name }) => words.at(-1) === `--${name}`)!, 'nothing');
  }
}

/** A row of the table as commander takes it. */
function optionOf(flag: Flag, words: readonly string[]): Option {
  if (flag.type === 'boolean') return new Option(`--${flag.name}`).default(flag.default ?? false);
  const parse = (text: string): string | number => {
    if (text === '') throw missingValue(flag, 'nothing');
    // commander takes any word for the value; one with dashes is meant as such only where it is joined by an equals sign.
    if (text.startsWith('--') && !words.includes(`--${flag.name}=${text}`)) throw missingValue(flag, `the next flag, ${text}`);
    if (flag.type === 'choice') return parseChoice(flag, text);
    return flag.type === 'string' || flag.type === 'list' ? checked(flag, text, text) : parseNumber(flag, text);
  };
  if (bareValue(flag) !== undefined)
    return new Option(`--${flag.name} [value]`)
      .preset(String(bareValue(flag)))
      .argParser(parse)
      .default(undefined);
  const option = new Option(`--${flag.name} <value>`);
  if (flag.type !== 'list') return option.argParser(parse).default(flag.default);
  return option.argParser((text, before: string[] = []) => [...before, parse(text) as string]);
}

/** The words with `--name=true` as `--name` and `--name=false` as `--no-name`, forms that commander does not know for booleans. */
function plainBooleans(flags: readonly Flag[], words: readonly string[]): string[] {
  const booleans = flags.filter((flag) => flag.type === 'boolean');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) return word;
    const [name, value] = [word.slice(0, equals), word.slice(equals + 1)];
    if (booleans.some((flag) => name === `--no-${flag.name}`)) throw badValue(name, 'no value', value, `write ${name} alone`);
    const flag = booleans.find((each) => name === `--${each.name}`);
    return flag === undefined ? word : parseBoolean(flag, value) ? name : `--no-${flag.name}`;
  });
}

/** How far from a wrong number a right one is looked for. */
const MOST_TRIED = 4096;

/** The words with `--name A B` of a list as `--name=A --name=B`: commander would take a file called -B for a flag. */
function joinedLists(flags: readonly Flag[], words: readonly string[]): string[] {
  let list: string | undefined;
  return words.flatMap((word, index) => {
    if (!word.startsWith('--')) return list === undefined ? [word] : [`${list}=${word}`];
    list = flags.some(({ type, name }) => type === 'list' && word === `--${name}`) ? word : undefined;
    const followed = index + 1 < words.length && !words[index + 1]!.startsWith('--');
    return list !== undefined && followed ? [] : [word];
  });
}

/** @throws BAD_FLAG for a flag that is there more than once */
function refuseRepeats(flags: readonly Flag[], words: readonly string[]): void {
  const names = words.map((word) => word.split('=')[0]);
  for (const flag of flags) {
    const forms = flag.type === 'boolean' ? [`--${flag.name}`, `--no-${flag.name}`] : [`--${flag.name}`];
    if (names.filter((name) => forms.includes(name!)).length > 1) throw givenTwice(flag.name, flag);
  }
}

function missingValue(flag: Flag, received: string): ShadegradError {
  const fix = flag.example === undefined ? `write --${flag.name} ${placeholderOf(flag)}` : exampleOf(flag, flag.example);
  return badValue(`--${flag.name}`, describeValue(flag), received, fix);
}

const exampleOf = ({ name }: { readonly name: string }, example: string): string => `write, for example, --${name} ${example}`;

/** Which of two values is meant cannot be known; taking either would leave out the other without a word. */
function givenTwice(name: string, flag: Flag): ShadegradError {
  return new ShadegradError('BAD_FLAG', `--${name} is given twice`, {
    expected: `--${name} once`,
    received: flag.type === 'boolean' ? `--${name} or --no-${name} more than once` : 'more than one value',
    fix: flag.type === 'list' ? `leave out all but one, and write all values after it: --${name} A B` : 'leave out all but one',
  });
}

function parseBoolean(flag: BooleanFlag, text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw badValue(`--${flag.name}`, 'true or false', text, `write --${flag.name} or --no-${flag.name}`);
}

function parseChoice(flag: ChoiceFlag, text: string): string {
  if (!flag.choices.includes(text)) {
    const near = meant(text, flag.choices);
    throw badValue(
      `--${flag.name}`,
      describeValue(flag),
      text,
      near === undefined ? `write --${flag.name} ${flag.choices[0]}` : `did you mean ${near}?`,
    );
  }
  return checked(flag, text, text);
}

/** The word that may have been meant: a part of one says more than a slip of the fingers; of several that begin so none is taken. */
function meant(text: string, words: readonly string[]): string | undefined {
  const begun = text === '' ? [] : words.filter((word) => word.toLowerCase().startsWith(text.toLowerCase()));
  return begun.length === 1 ? begun[0] : nearest(text, words);
}

function parseNumber(flag: NumberFlag, text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  const inRange = value >= (flag.min ?? -Infinity) && value <= (flag.max ?? Infinity);
  const rightKind = flag.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!rightKind || !inRange) {
    const closest = flag.type === 'integer' ? Math.round(value) : value;
    const bounded = Math.min(Math.max(closest, flag.min ?? -Infinity), flag.max ?? Infinity);
    const example = Number.isFinite(bounded) ? bounded : (flag.default ?? flag.min ?? 1);
    throw badValue(`--${flag.name}`, describeValue(flag), text, `write, for example, --${flag.name} ${example}`);
  }
  return checked(flag, value, text);
}

function checked<Value>(flag: FlagCommon<string, Value>, value: Value, text: string): Value {
  const expected = flag.check?.(value);
  if (expected === undefined) return value;
  const like = meant(text, flag.known ?? []);
  if (like !== undefined) throw badValue(`--${flag.name}`, expected, text, `did you mean ${like}?`);
  const near = typeof value === 'number' ? neighbours(flag as NumberFlag, value) : [];
  if (near.length === 0 && flag.example !== undefined) throw badValue(`--${flag.name}`, expected, text, exampleOf(flag, flag.example));
  const written = near.length > 0 ? near : [placeholderOf(flag as Flag)];
  throw badValue(`--${flag.name}`, expected, text, `write --${written.map((each) => `${flag.name} ${each}`).join(' or --')}`);
}

/** The closest whole numbers below and above one, of those that a flag takes. */
function neighbours({ type, check, min = -Infinity, max = Infinity }: NumberFlag, value: number): number[] {
  if (type !== 'integer') return [];
  return [-1, 1].flatMap((direction) => {
    for (let tried = value + direction; tried >= min && tried <= max && Math.abs(tried - value) <= MOST_TRIED; tried += direction) {
      if (check?.(tried) === undefined) return [tried];
    }
    return [];
  });
}

function badValue(flag: string, expected: string, received: string, fix: string): ShadegradError {
  return new ShadegradError('BAD_FLAG', `${flag} has a wrong value`, { expected, received, fix });
}

function unknownFlag(name: string, byName: ReadonlyMap<string, Flag>, program: Program): ShadegradError {
  const owners = (program.foreign ?? [])
    .filter(({ flag }) => [flag.name, `no-${flag.name}`, ...(flag.reference ?? [])].includes(name))
    .map(({ owner }) => owner);
  if (owners.length > 0)
    return new ShadegradError('BAD_FLAG', `Unknown flag --${name}`, {
      expected: 'a flag of this call',
      received: `a flag of ${owners.join(', ')}`,
      fix: `leave out --${name}, or call it with ${owners.join(' or ')}`,
    });
  const known = [...byName.values()]
    .flatMap((flag) => (flag.type === 'boolean' ? [flag.name, `no-${flag.name}`] : [flag.name]))
    .concat(referenceNames(program));
  const near = nearest(name, known);
  return new ShadegradError('BAD_FLAG', `Unknown flag --${name}`, {
    fix: near === undefined ? 'see --help for the flags there are' : `did you mean --${near}?`,
  });
}

function strayArgument(argument: string, argv: readonly string[], { flags, takesOperands }: Program): ShadegradError {
  const name = argument.replace(/^[-–—]+/u, '');
  const before = argv[argv.indexOf(argument) - 1];
  const owner = flags.find((flag) => flag.type === 'boolean' && flag.takenBy !== undefined && before === `--${flag.name}`);
  const fix = flags.some((flag) => flag.name === name.split('=')[0])
    ? `write --${name}`
    : owner?.type === 'boolean'
      ? `write ${before} --${owner.takenBy} ${quoted(argument)}`
      : takesOperands
        ? 'see --help for the flags there are; write -- before names that begin with a dash'
        : 'write the flag that it belongs to before it; quote values that hold spaces; see --help for the flags there are';
  return new ShadegradError('BAD_FLAG', `Unexpected argument ${JSON.stringify(argument)}`, { expected: 'flags such as --name value', fix });
}

/** The range of a flag's values in words, such as `an integer from 16 to 1024`. */
export function describeValue(flag: Flag): string {
  if (flag.type === 'choice') return `one of ${flag.choices.join(', ')}`;
  if (flag.type === 'boolean') return 'true or false';
  if (flag.type === 'string' || flag.type === 'list') return 'text';
  const kind = flag.type === 'integer' ? 'an integer' : 'a number';
  if (flag.min !== undefined && flag.max !== undefined) return `${kind} from ${flag.min} to ${flag.max}`;
  if (flag.min !== undefined) return `${kind} of at least ${flag.min}`;
  if (flag.max !== undefined) return `${kind} of at most ${flag.max}`;
  return kind;
}

/** The `check` of a flag that takes powers of two. */
export const powerOfTwo = (value: number): string | undefined => (Number.isInteger(Math.log2(value)) ? undefined : 'a power of two');

/** What a flag that takes a value is without one; undefined where it needs one. */
export const bareValue = (flag: Flag): number | undefined => ('bare' in flag ? flag.bare : undefined);

/** What stands for a flag's value in the help. */
export function placeholderOf(flag: Flag): string {
  if (flag.placeholder !== undefined) return flag.placeholder;
  if (flag.type === 'choice') return flag.choices.join('|');
  if (flag.type === 'string' || flag.type === 'list') return 'TEXT';
  return 'N';
}
