import * as kernel from '../../kernels/dropout.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track } from '../graph.js';
import type { OutOption } from './options.js';

export interface DropoutOptions extends OutOption {
  /** Probability that an element becomes zero; the others are divided by 1 - rate. */
  rate?: number;
  /** Number of the layer: two layers with one number would drop the same elements. */
  layer: number;
  /** Seed and step, shared by a model's layers. */
  state: kernel.DropoutState | kernel.DropoutPass;
}

/** Dropout (Srivastava et al. 2014), scaled so that the expectation stays. The same seed, step and layer drop the same elements. */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  const { rate = 0.5, layer, state, out } =
    expectOptions('dropout', options, ['rate', 'layer', 'state', 'out'], { required: ['layer', 'state'] });
  const words = 'words' in state ? state.words : isTracked([x]) ? state.snapshot() : state.tensor;
  return called('dropout', [x], { rate }, () => masked(x, rate, layer, words, out));
}

/** The mask is not kept: the same words give the same mask again, whatever step the state is at by then. */
function masked(x: Tensor, rate: number, layer: number, words: Tensor, out?: Tensor): Tensor {
  return track('dropout', [x], kernel.dropout(x, rate, layer, words, out), rule([words], (dy) => [masked(dy, rate, layer, words)]));
}
