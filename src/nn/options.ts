import type { Pair } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';

export type { Pair };

/** @throws INVALID_ARGUMENT unless every number is a whole one of at least `least` */
export function checkCounts(what: string, counts: Readonly<Record<string, number>>, least = 1): void {
  for (const [name, count] of Object.entries(counts)) {
    if (!(Number.isSafeInteger(count) && count >= least)) throw refused(`${name} of ${what}`, `a whole number of at least ${least}`, count);
  }
}

/** Both numbers of a pair. @throws INVALID_ARGUMENT unless they are whole ones of at least `least` */
export function checkPair(what: string, value: Pair, least = 1): readonly [number, number] {
  const both: unknown = typeof value === 'number' ? [value, value] : value;
  const fits = (each: unknown): boolean => Number.isSafeInteger(each) && (each as number) >= least;
  if (Array.isArray(both) && both.length === 2 && both.every(fits)) return [both[0] as number, both[1] as number];
  throw refused(what, `a whole number of at least ${least}, or two of them as [vertical, horizontal]`, value);
}

/** @throws INVALID_ARGUMENT unless the value is one of the choices */
export function checkChoice(what: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value)) throw refused(what, choices.join(' or '), value);
}

/** @throws INVALID_ARGUMENT unless the number is finite and at least 0; above 0 where `positive` */
export function checkNumber(what: string, value: number, positive = false): void {
  if (Number.isFinite(value) && (positive ? value > 0 : value >= 0)) return;
  throw refused(what, positive ? 'a number above 0' : 'a number of at least 0', value);
}

/** The error for an option that a layer or network cannot have. @param what names the option and its owner, as "norm of a U-Net" */
/** As it would be written down: String() of an object says nothing. */
function described(value: unknown): string {
  const plain = typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return plain ? JSON.stringify(value) : String(value);
}

export function refused(what: string, expected: string, received: unknown): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', what, {
    expected,
    received: described(received).slice(0, 80),
    fix: `pass ${expected}${received === undefined ? '' : ', or leave the option out if it has a default'}`,
  });
}
