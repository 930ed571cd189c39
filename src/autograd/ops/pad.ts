import { expectOperands } from '../../kernels/elements.js';
import * as kernel from '../../kernels/pad.js';
import { expectOptions } from '../../tensor/options.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { expectName, type OutOption } from './options.js';

export type { PadMode } from '../../kernels/pad.js';

export interface PadOptions extends OutOption {
  /** What the margins hold: 'zeros' (default), the mirror image about the edge pixels ('reflect'), or the edge pixels ('replicate'). */
  mode?: kernel.PadMode;
  /** The number that the mode 'zeros' pads with. Default 0. */
  value?: number;
}

/**
 * Images [batch, h, w, channels] with margins.
 * @param padding pixels on every side, or [top, bottom, left, right]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, also for a reflection of more pixels than there are
 */
export function pad(x: Tensor, padding: number | kernel.Margins, options: PadOptions = {}): Tensor {
  const { mode = 'zeros', value = 0, out } = expectOptions('pad', options, ['mode', 'value', 'out']);
  expectOperands('pad', { x, out });
  expectName('mode of pad', ['zeros', 'reflect', 'replicate'], mode);
  const margins = typeof padding === 'number' ? [padding, padding, padding, padding] as const : padding;
  return called('pad', [x], { margins, mode, value }, () => padded(x, margins, mode, value, out));
}

// Linear but for the constant, and each is the adjoint of the other.

function padded(x: Tensor, margins: kernel.Margins, mode: kernel.PadMode, value: number, out?: Tensor): Tensor {
  return track('pad', [x], kernel.pad(x, margins, mode, value, out), rule([], (dy) => [gathered(dy, x.shape, margins, mode)]));
}

function gathered(dy: Tensor, shape: Shape, margins: kernel.Margins, mode: kernel.PadMode): Tensor {
  return track('pad gradient', [dy], kernel.padGrad(dy, shape, margins, mode), rule([], (g) => [padded(g, margins, mode, 0)]));
}
