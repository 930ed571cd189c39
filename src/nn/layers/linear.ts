import { linear } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { defaultBias, defaultWeight, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkCounts } from '../options.js';
import type { Parameter } from '../parameter.js';

/** Options of a Linear: the lengths of its axes, and what fills its weights. */
export interface LinearOptions {
  /** Length of the last axis of what comes in. */
  inFeatures: number;
  /** Length of the last axis of the result. */
  outFeatures: number;
  /** Whether a number for each output is added. Default true. */
  bias?: boolean;
  /** Fills the weight. Default, as in PyTorch: uniform within 1 / sqrt(inFeatures). */
  initializer?: Initializer;
  /** Fills the bias. Default, as in PyTorch: uniform within the same bounds. */
  biasInitializer?: Initializer;
}

/** A fully connected layer over the last axis; its weight is [in, out], which PyTorch has as [out, in]. Otherwise as torch.nn.Linear. */
export class Linear extends Module {
  /** The weight, [in, out]. */
  readonly weight: Parameter;
  /** The bias, [out]; null without one. */
  readonly bias: Parameter | null;

  /** Builds the layer, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: LinearOptions) {
    super();
    const names = ['inFeatures', 'outFeatures', 'bias', 'initializer', 'biasInitializer'] as const;
    expectOptions('a Linear', options, names, { required: ['inFeatures', 'outFeatures'] });
    const { inFeatures, outFeatures, bias = true, initializer = defaultWeight, biasInitializer } = options;
    checkCounts('a Linear', { inFeatures, outFeatures });
    const shape = [inFeatures, outFeatures];
    this.weight = this.parameter('weight', shape, initializer, { pytorchAxes: [1, 0] });
    this.bias = bias ? this.parameter('bias', [outFeatures], biasInitializer ?? defaultBias(shape)) : null;
  }

  /**
   * Multiplies the last axis by the weight, and adds the bias.
   *
   * @param x [..., in]
   * @returns [..., out]
   * @throws as linear(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return linear(x, this.weight.value, this.bias?.value ?? null, { out });
  }
}
