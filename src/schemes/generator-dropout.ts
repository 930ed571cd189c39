import { ShadegradError } from '../errors.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';

/** The option that says how much a generator drops. */
export interface DropoutOptions {
  /** The rate of the generator's dropout, from 0 to below 1; true is 0.5, as in the paper, and false is 0. */
  readonly dropout: number | boolean;
}

/** The paper's. */
const DROPOUT_RATE = 0.5;

/** The rate that the option says. */
export const rateOf = ({ dropout }: DropoutOptions): number => (typeof dropout === 'number' ? dropout : dropout ? DROPOUT_RATE : 0);

/**
 * The rate of a generator's dropout, where it has one: that of the options; true keeps the rate of a given one that drops.
 *
 * @throws INVALID_ARGUMENT for a generator whose layers are numbered with its dropout, where the options say otherwise
 */
export function dropoutOf(architecture: NetworkArchitecture, options: DropoutOptions): { readonly dropout?: number } {
  const { dropout: own } = architecture.options as { readonly dropout?: number };
  // A generator that a program has made known may have no dropout to set.
  if (own === undefined) return {};
  const dropout = options.dropout === true && own > 0 ? own : rateOf(options);
  if (own > 0 === dropout > 0 || !isNumberedWithDropout(architecture)) return { dropout };
  throw new ShadegradError('INVALID_ARGUMENT', 'dropout of the training', {
    expected: `${own > 0}: layers of the given generator are numbered with its dropout, so it cannot be changed`,
    received: String(options.dropout),
    fix: 'give the generator another dropout, or the training that of the generator',
  });
}

/** Whether the names of a network's weights change with its dropout, as those of the reference's ResNets do. */
export function isNumberedWithDropout({ kind, options }: NetworkArchitecture): boolean {
  const names = (dropout: number): string =>
    [...buildNetwork({ kind, options: { ...options, dropout } }).namedTensors()].map(([name]) => name).join();
  return names(0) !== names(DROPOUT_RATE);
}
