import { expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/softmax.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track } from '../graph.js';
import { axisOf } from './axes.js';
import { expandTo, sumTo } from './broadcasting.js';
import { addScaled, mul } from './binary.js';
import type { OutOption } from './options.js';
import { inSingle } from './cast.js';

/** Options of softmax() and logSoftmax(): the axis, and a place for the result. */
export interface SoftmaxOptions extends OutOption {
  /** The axis along which the results add up to 1; negative ones count from the back. Default -1, the channels. */
  axis?: number;
}

/**
 * Applies softmax along an axis: exp(x) / sum of exp(x), without overflow; torch.softmax. A NaN or +infinity makes its whole line NaN,
 * as in PyTorch.
 *
 * @throws INVALID_ARGUMENT for an axis that x does not have, another type than f32, or options of other names
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const { axis = -1, out } = expectOptions('softmax', options, ['axis', 'out']);
  expectTensor('softmax', 'x', x);
  return along('softmax', x, axisOf('softmax', axis, x.shape.length), out);
}

/**
 * Takes log(softmax(x)) along an axis, without the rounding of going through softmax; torch.log_softmax.
 *
 * @throws INVALID_ARGUMENT for an axis that x does not have, another type than f32, or options of other names
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const { axis = -1, out } = expectOptions('logSoftmax', options, ['axis', 'out']);
  expectTensor('logSoftmax', 'x', x);
  return along('logSoftmax', x, axisOf('logSoftmax', axis, x.shape.length), out);
}

function along(op: 'softmax' | 'logSoftmax', given: Tensor, axis: number, out?: Tensor): Tensor {
  return called(op, [given], { axis }, () => {
    const x = inSingle(given);
    const y = kernel.softmax(x, axis, op === 'logSoftmax', out);
    return track(
      op,
      [x],
      y,
      rule([y], (dy) => [gradient(op, y, dy, axis)]),
    );
  });
}

/** One kernel, or operations where it is to be differentiated again. */
function gradient(op: 'softmax' | 'logSoftmax', y: Tensor, dy: Tensor, axis: number): Tensor {
  if (!isTracked([y, dy])) return kernel.softmaxGrad(y, dy, axis, op === 'logSoftmax');
  const lines = y.shape.map((length, at) => (at === axis ? 1 : length));
  const total = (terms: Tensor): Tensor => expandTo(sumTo(terms, lines), y.shape);
  if (op === 'softmax') return mul(y, addScaled(dy, total(mul(dy, y)), 1, -1));
  // The softmax of a logarithm of a softmax is that softmax.
  return addScaled(dy, mul(softmax(y, { axis }), total(dy)), 1, -1);
}
