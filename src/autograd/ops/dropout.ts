import { expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/dropout.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track } from '../graph.js';
import type { OutOption } from './options.js';

/** Options of dropout(): how much is dropped, what the mask is drawn from, and a place for the result. */
export interface DropoutOptions extends OutOption {
  /** The probability that an element becomes zero, from 0 to below 1; the others are divided by 1 - rate. Default 0.5. */
  rate?: number;
  /** The number of the layer, whole and of 32 bits: two layers with one number would drop the same elements. */
  layer: number;
  /** The seed and the step that the mask is drawn from, shared by the layers of a model. */
  state: kernel.DropoutState | kernel.DropoutPass;
}

/**
 * Sets elements to zero at random, and scales the others so that the expectation stays (Srivastava et al. 2014);
 * torch.nn.functional.dropout. The same seed, step, pass and layer drop the same elements.
 *
 * @throws INVALID_ARGUMENT for a rate that is not from 0 to below 1, a layer that is no whole number of 32 bits, or options of other
 *   names
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  const {
    rate = 0.5,
    layer,
    state,
    out,
  } = expectOptions('dropout', options, ['rate', 'layer', 'state', 'out'], { required: ['layer', 'state'] });
  expectTensor('dropout', 'x', x);
  const words = 'words' in state ? state.words : isTracked([x]) ? state.snapshot() : state.tensor;
  return called('dropout', [x], { rate }, () => masked(x, rate, layer, words, out));
}

/** The mask is not kept: the same words give the same mask again, whatever step the state is at by then. */
function masked(x: Tensor, rate: number, layer: number, words: Tensor, out?: Tensor): Tensor {
  return track(
    'dropout',
    [x],
    kernel.dropout(x, rate, layer, words, out),
    rule(
      [words],
      (dy) => [masked(dy, rate, layer, words)],
      () => kernel.dropout(x, rate, layer, words),
    ),
  );
}
