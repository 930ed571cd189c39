import { ShadegradError } from '../../errors.js';
import type { Tensor } from '../../tensor/tensor.js';

/**
 * Options every operation takes that can put its result into a given place. Operations throw USE_AFTER_FREE for disposed operands,
 * INVALID_ARGUMENT for those of another type, DEVICE_MISMATCH for those of another Gpu, SHAPE_MISMATCH for shapes that do not go
 * together, and STALE_TENSOR for an operand that was overwritten since the operation that made it.
 */
export interface OutOption {
  /**
   * Where the result goes, of its shape, such as a channel slice of a wider tensor; made when absent. Not the memory of an operand
   * (BUFFER_CONFLICT), and not one that holds a result whose gradient is still wanted (STALE_TENSOR): in a loop without backward()
   * run the operation in noGrad().
   */
  out?: Tensor;
}

/** A number for each direction of an image: [vertical, horizontal], or one number for both. */
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
