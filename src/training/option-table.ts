import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';

/** The value of an option of a run, as checkpoints keep it. */
export type OptionValue = string | number | boolean | null;

/** How the command line asks for an option: `--name VALUE`, checked by type and range. */
export type OptionFlag = {
  /** What the help says of it. */
  readonly description: string;
  /** The heading that it has in the help, beside others of that group. Default: the title of the scheme. */
  readonly group?: string;
  /** What pytorch-CycleGAN-and-pix2pix calls it. */
  readonly reference?: readonly string[];
} & (
  | {
      readonly type: 'integer' | 'number';
      readonly min?: number;
      readonly max?: number;
      /** Says what is expected when the number is wrong, or nothing when it is right. */
      readonly check?: (value: number) => string | undefined;
    }
  | {
      readonly type: 'string';
      readonly placeholder: string;
      /** A value that is right, for errors that say what to write. */
      readonly example?: string;
      /** Says what is expected when the text is wrong, or nothing when it is right. */
      readonly check?: (text: string) => string | undefined;
    }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default?: string }
  /** Where the default is true, the help shows `--no-name`, and the description says what that does. */
  | { readonly type: 'boolean'; readonly default?: boolean }
);

/** An option of a scheme: what it may be, what it is when left out, and how the command line asks for it. */
export interface OptionRow {
  /** Whether it may have this value. Default: as its flag takes it. */
  readonly fits?: (value: unknown) => boolean;
  /** What is expected, for errors. Default: made of the flag. */
  readonly expected?: string;
  /** What to do about another value, for errors. */
  readonly fix?: string;
  /** What it is when left out; without, it has to be given, or complete() of the scheme gives it. */
  readonly default?: OptionValue;
  /** Whether it may be left out although it has no default. */
  readonly optional?: boolean;
  /** An option that a preset's value for this one is about: where another than its default is typed, the preset leaves this one alone. */
  readonly presetFor?: string;
  /** Whether it is a side of the images: networks out of a file say which one is usual, and take others, too. */
  readonly isSide?: boolean;
  /** With which other options it does something, where that is not always: it is refused, by name, where it was typed in vain. */
  readonly only?: {
    /** @param options of the scheme, complete */
    readonly when: (options: Readonly<Record<string, unknown>>) => boolean;
    /** These others, by their names, such as `lambdaGan above 0`. */
    readonly expected: string;
  };
  /** How the command line asks for it; left out where it does not. */
  readonly flag?: OptionFlag;
}

/** A row for each option. */
export type OptionTable<O> = { readonly [Name in keyof O & string]-?: OptionRow };

/** A check for whole numbers in a range. */
export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/** A check for finite numbers from a least one on. */
export const numberFrom =
  (least: number) =>
  (value: unknown): boolean =>
    Number.isFinite(value) && (value as number) >= least;

/** A check for one of some values. */
export const oneOf =
  (...choices: readonly unknown[]) =>
  (value: unknown): boolean =>
    choices.includes(value);

/**
 * Checks options one by one, and fills in defaults. Without types a wrong one would train, and something else.
 *
 * @param what takes them, such as `the training`
 * @throws INVALID_ARGUMENT for names that there are not, for those that are missing, and for values that cannot be
 */
export function expectTable<O extends object>(what: string, options: O, table: OptionTable<O>): O {
  const rows = Object.entries<OptionRow>(table) as [keyof O & string, OptionRow][];
  const required = rows.filter(([, row]) => row.default === undefined && row.optional !== true).map(([name]) => name);
  expectOptions(
    what,
    options,
    rows.map(([name]) => name),
    { required },
  );
  const complete: Partial<O> = {};
  for (const [name, row] of rows) {
    const value = options[name] === undefined ? row.default : options[name];
    if (value === undefined) continue;
    const { fits, expected, fix } = ruleOf(name, row, value);
    if (!fits(value)) {
      const received = typeof value === 'string' ? `'${value}'` : String(value);
      throw new ShadegradError('INVALID_ARGUMENT', `${name} of ${what}`, { expected, received, fix });
    }
    complete[name] = value as O[typeof name];
  }
  return complete as O;
}

function ruleOf(name: string, row: OptionRow, value: unknown): { fits: (value: unknown) => boolean; expected: string; fix: string } {
  const { flag } = row;
  const fits = row.fits ?? (flag ? (each: unknown) => fitsFlag(flag, each) : () => true);
  const expected = row.expected ?? (flag ? describeFlag(flag, value) : 'another value');
  const fix = row.fix ?? (row.default === undefined ? `choose another ${name}` : `leave it out for ${String(row.default)}`);
  return { fits, expected, fix };
}

function fitsFlag(flag: OptionFlag, value: unknown): boolean {
  if (flag.type === 'boolean') return typeof value === 'boolean';
  if (flag.type === 'choice') return flag.choices.includes(value as string);
  if (flag.type === 'string') return typeof value === 'string' && flag.check?.(value) === undefined;
  const { type, min = -Infinity, max = Infinity, check } = flag;
  if (type === 'integer' ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return false;
  const number = value as number;
  return number >= min && number <= max && check?.(number) === undefined;
}

/** What a flag takes, and what is wrong with this value beside its range. */
function describeFlag(flag: OptionFlag, value: unknown): string {
  if (flag.type === 'boolean') return 'true or false';
  if (flag.type === 'choice') return flag.choices.map((choice) => `'${choice}'`).join(' or ');
  if (flag.type === 'string') return (typeof value === 'string' ? flag.check?.(value) : undefined) ?? 'a text';
  const range = [flag.min !== undefined && `from ${flag.min}`, flag.max !== undefined && `to ${flag.max}`].filter(Boolean).join(' ');
  const wanted = typeof value === 'number' && flag.check?.(value);
  return [flag.type === 'integer' ? 'a whole number' : 'a number', range, wanted && `and ${wanted}`].filter(Boolean).join(' ');
}
