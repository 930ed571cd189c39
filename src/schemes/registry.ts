import { ShadegradError } from '../errors.js';
import { expectScheme } from '../training/scheme-check.js';
import type { Networks, TrainingScheme } from '../training/scheme.js';
import { cgan } from './cgan.js';
import { cyclegan } from './cyclegan.js';
import { dcgan } from './dcgan.js';
import { gan } from './gan.js';
import { pix2pix } from './pix2pix.js';
import { segmentation } from './segmentation.js';
import { stargan } from './stargan.js';

const rows = [pix2pix, cyclegan, dcgan, gan, cgan, stargan, segmentation] as unknown as TrainingScheme[];

/** Every training scheme that there is: those of this library, then those that a program has registered. */
export const SCHEMES: readonly TrainingScheme[] = rows;

/**
 * Adds a training scheme, so that programs find it by the name that checkpoints have for it.
 *
 * @throws INVALID_ARGUMENT for a name that a scheme has already, and for what is no scheme
 */
export function registerScheme<O extends object, N extends Networks>(scheme: TrainingScheme<O, N>): void {
  expectScheme(scheme);
  if (rows.some((row) => row.name === scheme.name)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'a training scheme to register', {
      expected: 'one of a name that is new',
      received: scheme.name,
      fix: 'choose another name, and register each scheme once',
    });
  }
  rows.push(scheme as unknown as TrainingScheme);
}

/** The scheme of a name, or null. */
export function findScheme(name: string): TrainingScheme | null {
  return rows.find((row) => row.name === name) ?? null;
}
