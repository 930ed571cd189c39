import { logSoftmax, softmax, type SoftmaxOptions } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { refused } from '../options.js';

/** Options of Softmax and LogSoftmax: the axis. */
export type SoftmaxLayerOptions = Omit<SoftmaxOptions, 'out'>;

/** @throws INVALID_ARGUMENT */
function axisOf(what: string, options: SoftmaxLayerOptions): number {
  const { axis = -1 } = expectOptions(what, options, ['axis']);
  if (!Number.isSafeInteger(axis)) throw refused(`axis of ${what}`, 'a whole number', axis);
  return axis;
}

/** The layer exp(x) / sum of exp(x), as torch.nn.Softmax. The axis is the channels unless another is named; PyTorch has them at dim=1. */
export class Softmax extends Module {
  /** The axis along which the probabilities add up to 1; negative ones count from the back. */
  readonly axis: number;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: SoftmaxLayerOptions = {}) {
    super();
    this.axis = axisOf('a Softmax', options);
  }

  /** Takes the softmax along the axis. @param x of any shape that has it @throws INVALID_ARGUMENT for one that has not */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return softmax(x, { axis: this.axis, out });
  }
}

/** The logarithm of a softmax, without the rounding of going through it, as torch.nn.LogSoftmax. The axis is as in Softmax. */
export class LogSoftmax extends Module {
  /** The axis along which the probabilities add up to 1; negative ones count from the back. */
  readonly axis: number;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: SoftmaxLayerOptions = {}) {
    super();
    this.axis = axisOf('a LogSoftmax', options);
  }

  /** Takes the logarithm of the softmax along the axis. @param x of any shape that has it @throws INVALID_ARGUMENT for one that has not */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return logSoftmax(x, { axis: this.axis, out });
  }
}
