import { ShadegradError } from '../errors.js';
import { expectFloats } from '../kernels/elements.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a network takes that is made for one size. */
export interface FixedInput {
  /** The network with its article, as "a DCGAN generator". */
  readonly network: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** What the network takes, in words, such as "random numbers". */
  readonly of: string;
}

/**
 * Checks what a network is given that takes one size alone, before a layer inside refuses it by its own name.
 *
 * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT for what is no float32 tensor; USE_AFTER_FREE
 */
export function expectInput({ network, height, width, channels, of }: FixedInput, x: Tensor): void {
  expectFloats(network, { x });
  const [, rows, columns, depth] = x.shape;
  if (x.shape.length === 4 && rows === height && columns === width && depth === channels) return;
  throw new ShadegradError('SHAPE_MISMATCH', `input of ${network}`, {
    expected: `${of}: [batch, ${height}, ${width}, ${channels}]`,
    received: formatShape(x.shape),
    fix: 'reshape or resize what is given, or build the network for it',
  });
}
