import { ShadegradError } from '../errors.js';
import type { Networks, TrainingScheme } from '../training/scheme.js';
import { pix2pix } from './pix2pix.js';

const rows: TrainingScheme[] = [pix2pix];

/** Every training scheme that there is: those of this library, then those that a program has registered. */
export const SCHEMES: readonly TrainingScheme[] = rows;

/**
 * Adds a training scheme, so that programs find it by the name that checkpoints have for it.
 *
 * @throws INVALID_ARGUMENT for a name that a scheme has already, and for what is no scheme
 */
export function registerScheme<O extends object, N extends Networks>(scheme: TrainingScheme<O, N>): void {
  const { name, step } = scheme;
  const known = rows.some((row) => row.name === name);
  if (typeof name === 'string' && name !== '' && typeof step === 'function' && !known) {
    rows.push(scheme as unknown as TrainingScheme);
    return;
  }
  throw new ShadegradError('INVALID_ARGUMENT', 'a training scheme to register', {
    expected: 'a scheme with a name that is new, and a step',
    received: known ? `another one of the name ${name}` : `name ${String(name)}, step ${typeof step}`,
    fix: known ? 'choose another name, and register each scheme once' : 'see docs/schemes.md for what a scheme is made of',
  });
}

/** The scheme of a name, or null. */
export function findScheme(name: string): TrainingScheme | null {
  return rows.find((row) => row.name === name) ?? null;
}
