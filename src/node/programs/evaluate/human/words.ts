import { formatCountOf } from '../../../../formats/words.js';

/** What a page says of the first trials, before a verb: `The first is`, `The first 10 are`. */
export const theFirst = (count: number): string => (count === 1 ? 'The first is' : `The first ${count} are`);

/** Likewise of those after them: `The one after it counts`, `The 40 after them count`. */
export const thoseAfter = (before: number, count: number): string =>
  `The ${count === 1 ? 'one' : count} after ${before === 1 ? 'it' : 'them'} ${count === 1 ? 'counts' : 'count'}`;

/** A time that a page names: `1 second`, `0.5 seconds`. */
export const secondsOf = (seconds: number): string => `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;

/** How many there are of something: `There is 1 example`, `There are 20 examples`. */
export const thereAre = (count: number, noun: string): string => `There ${count === 1 ? 'is' : 'are'} ${formatCountOf(count, noun)}`;
