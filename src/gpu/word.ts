import { ShadegradError } from './errors.js';

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
