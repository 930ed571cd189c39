import { ShadegradError } from '../../errors.js';
import type { StringFlag } from '../../training/run/flag-table.js';

/** A part of a list: `2/5` is the second of five. */
export interface Shard {
  /** Which one, counted from 1. */
  readonly index: number;
  /** How many there are. */
  readonly count: number;
}

/** More parts than anybody has machines. */
const MOST = 100_000;

/** What is wrong with the text of a shard; undefined for one that is right. */
function shardExpected(text: string): string | undefined {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const fits = index !== undefined && Number(index) >= 1 && Number(index) <= Number(count) && Number(count) <= MOST;
  return fits ? undefined : 'I/N, the I-th of N parts, I from 1 to N: 1/4, 2/4, 3/4, 4/4';
}

/** The flag of programs whose work can be divided between machines. @param what is divided */
export const shardFlag = (what: string): StringFlag & { readonly name: 'shard' } => ({
  name: 'shard',
  type: 'string',
  placeholder: 'I/N',
  check: shardExpected,
  description: `do the I-th of N parts of ${what} alone: every N-th of them, from the I-th on`,
});

/** Reads the value of a shardFlag(). @throws BAD_FLAG */
export function parseShard(text: string): Shard {
  const expected = shardExpected(text);
  if (expected !== undefined) throw new ShadegradError('BAD_FLAG', '--shard has a wrong value', { expected, received: text });
  const [index, count] = text.split('/').map(Number);
  return { index: index!, count: count! };
}

/** A part of a list: every `count`-th of its members. The same for the same list, whoever asks; all parts together are the list. */
export const partOf = <T>(list: readonly T[], { index, count }: Shard): T[] => list.filter((_, at) => at % count === index - 1);
