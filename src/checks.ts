import { ShadegradError } from './errors.js';

export interface ExpectedOptions<Name extends string> {
  /** Names of those that have no default. */
  required?: readonly Name[];
  /** What to do about a name that there is not. Default: to use one of the names. */
  fix?: string;
}

/**
 * Checks the names of options. Programs without types may misspell one, or name it as another library does: unnoticed, its
 * default would be computed with.
 *
 * @param what takes the options, as "conv2d"
 * @param names of all options there are, those that are required too
 * @returns the options
 * @throws INVALID_ARGUMENT unless they are an object with no other names than these, in which no required one is missing, undefined or null
 */
export function expectOptions<T extends object>(
  what: string,
  options: T,
  names: readonly (keyof T & string)[],
  { required = [], fix }: ExpectedOptions<keyof T & string> = {},
): T {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const unknown = isObject ? Object.keys(options).filter((name) => !(names as readonly string[]).includes(name)) : [];
  const missing = isObject ? required.filter((name) => (options[name] ?? undefined) === undefined) : [];
  if (isObject && unknown.length === 0 && missing.length === 0) return options;
  const [example] = [...required, ...names];
  const lacking = listed(
    missing.map((name) => `no ${name}`),
    'and',
  );
  const said = [unknown.join(', '), lacking].filter((part) => part !== '');
  throw new ShadegradError('INVALID_ARGUMENT', `options of ${what}`, {
    expected: describedOptions(names, required),
    received: isObject ? said.join(', but ') : String(options),
    fix: !isObject
      ? (fix ?? `pass options by their names, such as { ${example}: ... }`)
      : unknown.length === 0
        ? `add ${listed(missing, 'and')}: there is no default`
        : (fix ?? (names.length === 1 ? `the only option is ${example}` : OTHER_NAME)),
  });
}

const OTHER_NAME = 'use one of these names, spelled as they are, or leave the option out';

function describedOptions(names: readonly string[], required: readonly string[]): string {
  if (required.length === 0) return `an object with ${listed(names, 'or')}, or none`;
  const others = names.filter((name) => !required.includes(name));
  return `an object with ${listed(required, 'and')}${others.length > 0 ? `, and if wanted ${listed(others, 'or')}` : ''}`;
}

/** "a, b or c" */
const listed = (names: readonly string[], last: string): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;

/**
 * Checks a number that random draws are hashed from, such as a seed, a step or an index: hashes take words of 32 bits, and of another
 * number they would take the lowest of its whole part, or 0 for NaN, in silence.
 * @throws INVALID_ARGUMENT unless the number is a whole one of 32 bits
 */
export function expectWord(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: 'a whole number from 0 to 4294967295',
    received: String(value),
    fix: 'round it, and bring it into this range: `value >>> 0` does both',
  });
}

/** A noun with the article that it has when it is spoken: `an encoder-decoder`, `a U-Net`. */
export const withArticle = (noun: string): string => `${/^(?![uU](?:-|ni|se))[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;

/** A value in a few words, for what an error received. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  if (value instanceof Promise) return 'a promise';
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const { length } = value as unknown as { length?: number };
    return `${Array.isArray(value) ? 'an array' : `a ${value.constructor.name}`}${length === undefined ? '' : ` of ${length}`}`;
  }
  if (typeof value === 'object') return `an object with ${Object.keys(value).slice(0, 6).join(', ') || 'nothing in it'}`;
  return typeof value === 'function' ? 'a function' : String(value);
}
