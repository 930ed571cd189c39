import { ShadegradError } from '../../gpu/errors.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Options every operation takes that can put its result into a given place. */
export interface OutOption {
  /** Where the result goes, such as a channel slice of a wider tensor. Made when absent. */
  out?: Tensor;
}

/** [vertical, horizontal], or one number for both. */
export type Pair = number | readonly [number, number];

export const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

/** @throws INVALID_ARGUMENT unless an option is one of its names: callers without TypeScript may pass any. */
export function expectName(what: string, names: readonly string[], received: string): void {
  if (names.includes(received)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: names.map((name) => `'${name}'`).join(', '),
    received: String(received),
    fix: 'use one of these names',
  });
}
