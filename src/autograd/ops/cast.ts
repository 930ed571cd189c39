import { ShadegradError } from '../../errors.js';
import * as kernel from '../../kernels/elementwise.js';
import { expectFloats, expectTensor, FLOATS } from '../../kernels/elements.js';
import { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';

/**
 * Converts numbers to another type, f32 or f16; torch.Tensor.to. The gradient goes back in x's own type.
 *
 * ```ts
 * const half = cast(x, 'f16');      // rounded to 11 binary digits; infinite from 65,520 on
 * ```
 *
 * @returns x itself where it is of that type already
 * @throws INVALID_ARGUMENT for another type, of the tensor or asked for; NO_ADAPTER for f16 on an adapter without `shader-f16`
 */
export function cast(x: Tensor, dtype: 'f32' | 'f16'): Tensor {
  expectTensor('cast', 'x', x);
  expectFloats('cast', { x });
  if (!FLOATS.includes(dtype)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'type of cast', {
      expected: "'f32' or 'f16'",
      received: String(dtype),
      fix: 'use f32 to compute with, f16 to hold the same numbers in half the bytes',
    });
  }
  if (x.dtype === dtype) return x;
  return called('cast', [x], { dtype }, () =>
    track(
      'cast',
      [x],
      kernel.copy(x, Tensor.empty(x.gpu, x.shape, x.label, dtype)),
      // Every gradient is brought to its tensor's type.
      rule([], (dy) => [dy]),
    ),
  );
}

/** x in f32, for an operation whose kernels take nothing else: sums, exponentials and matrix products. */
export const inSingle = (x: Tensor): Tensor => (x.dtype === 'f16' ? cast(x, 'f32') : x);
