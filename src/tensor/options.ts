import { ShadegradError } from '../gpu/errors.js';

/**
 * Checks the names of options. Programs without types may misspell one, or name it as another library does: unnoticed, its
 * default would be computed with.
 *
 * @param what takes the options, as "conv2d"
 * @param names of all options there are
 * @param fix what to do instead; by default, to use one of the names
 * @returns the options
 * @throws INVALID_ARGUMENT unless they are an object with no other names than these
 */
export function expectOptions<T extends object>(what: string, options: T, names: readonly (keyof T & string)[], fix?: string): T {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const unknown = isObject ? Object.keys(options).filter((name) => !(names as readonly string[]).includes(name)) : [];
  if (isObject && unknown.length === 0) return options;
  throw new ShadegradError('INVALID_ARGUMENT', `options of ${what}`, {
    expected: `an object with ${names.join(', ').replace(/, (\w+)$/, ' or $1')}, or none`,
    received: isObject ? unknown.join(', ') : String(options),
    fix: fix ?? (names.length === 1 ? `the only option is ${names[0]}` : 'use one of these names, spelled as they are, or leave the option out'),
  });
}
