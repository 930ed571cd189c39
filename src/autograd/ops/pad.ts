import { expectFloats } from '../../kernels/elements.js';
import * as kernel from '../../kernels/pad.js';
import { expectOptions } from '../../checks.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { expectName, type OutOption } from './options.js';

export type { PadMode } from '../../kernels/pad.js';

/** Options of pad(): what the margins hold, and a place for the result. */
export interface PadOptions extends OutOption {
  /** What the margins hold: 'zeros' (default), the mirror image about the edge pixels ('reflect'), or the edge pixels ('replicate'). */
  mode?: kernel.PadMode;
  /** The number that the mode 'zeros' pads with. Default 0. */
  value?: number;
}

/**
 * Gives images [batch, h, w, channels] margins; torch.nn.functional.pad.
 *
 * @param padding pixels on every side, or [top, bottom, left, right]
 * @returns [batch, top + h + bottom, left + w + right, channels]
 * @throws SHAPE_MISMATCH for another number of axes; INVALID_ARGUMENT for other types and options, also for a reflection of more pixels
 *   than there are
 */
export function pad(x: Tensor, padding: number | kernel.Margins, options: PadOptions = {}): Tensor {
  const { mode = 'zeros', value = 0, out } = expectOptions('pad', options, ['mode', 'value', 'out']);
  expectFloats('pad', { x, out });
  expectName('mode of pad', ['zeros', 'reflect', 'replicate'], mode);
  const margins = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding;
  return called('pad', [x], { margins, mode, value }, () => padded(x, margins, mode, value, out));
}

// Linear but for the constant, and each is the adjoint of the other.

function padded(x: Tensor, margins: kernel.Margins, mode: kernel.PadMode, value: number, out?: Tensor): Tensor {
  return track(
    'pad',
    [x],
    kernel.pad(x, margins, mode, value, out),
    rule(
      [],
      (dy) => [gathered(dy, x.shape, margins, mode)],
      () => kernel.pad(x, margins, mode, value),
    ),
  );
}

function gathered(dy: Tensor, shape: Shape, margins: kernel.Margins, mode: kernel.PadMode): Tensor {
  return track(
    'pad gradient',
    [dy],
    kernel.padGrad(dy, shape, margins, mode),
    rule([], (g) => [padded(g, margins, mode, 0)]),
  );
}
