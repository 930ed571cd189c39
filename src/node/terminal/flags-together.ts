import { ShadegradError } from '../../errors.js';
import type { Flag } from '../../training/run/flag-table.js';

/**
 * Refuses flags that mean nothing beside others, by what the rows of the table say of each other.
 *
 * @param values of all flags
 * @param given those that are on the command line or in a file of flags
 * @throws BAD_FLAG for a flag without the one that it needs, and for one beside which it means nothing
 */
export function expectTogether(flags: readonly Flag[], values: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): void {
  const chosen = flags.filter((flag) => given.has(flag.name) && values[flag.name] !== usualOf(flag));
  const isChosen = (name: string): boolean => chosen.some((flag) => flag.name === name);
  for (const flag of chosen) {
    const { needs, excludes = [], alone } = flag;
    // Of two that exclude each other the later row may be the one that says so.
    const other = chosen.find(({ name }) => name !== flag.name && excludes.includes(name));
    if (other !== undefined) throw notBoth(flag, other);
    if (alone !== undefined) {
      const useless = chosen.find(({ name }) => name !== flag.name && !alone.includes(name));
      if (useless !== undefined) throw notBeside(flag, useless, alone);
    }
    if (needs === undefined) continue;
    const { flag: name, value } = needs;
    const isThere = value === undefined ? isChosen(name) : String(values[name]).toLowerCase() === value.toLowerCase();
    if (!isThere) throw notWithout(flag, value === undefined ? `--${name}` : `--${name} ${value}`);
  }
}

/** What a flag is where it is not given: typed so, it changes nothing. */
const usualOf = (flag: Flag): unknown => (flag.type === 'boolean' ? (flag.default ?? false) : undefined);

const typed = (flag: Flag): string => `--${flag.type === 'boolean' && flag.default === true ? 'no-' : ''}${flag.name}`;

const notBoth = (flag: Flag, other: Flag): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${typed(flag)} and ${typed(other)} do not go together`, {
    expected: 'one of the two',
    received: `${typed(flag)} and ${typed(other)}`,
    fix: `leave out ${typed(other)}, or ${typed(flag)}`,
  });

const notBeside = (flag: Flag, useless: Flag, alone: readonly string[]): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${typed(useless)} means nothing with ${typed(flag)}`, {
    expected: alone.length === 0 ? `${typed(flag)} alone` : `${typed(flag)}, and beside it at most ${listed(alone)}`,
    received: `${typed(flag)} and ${typed(useless)}`,
    fix: `leave out ${typed(useless)}, or ${typed(flag)}`,
  });

const notWithout = (flag: Flag, needed: string): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${typed(flag)} is for ${needed}`, {
    expected: `${needed} with it`,
    received: `${typed(flag)} without ${needed}`,
    fix: `add ${needed}, or leave out ${typed(flag)}`,
  });

const listed = (names: readonly string[]): string => names.map((name) => `--${name}`).join(', ');
