import { conv2d, convTranspose2d } from '../../autograd/ops.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { KERNEL_AXES } from '../axes.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { defaultBias, defaultWeight, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkCounts } from '../options.js';
import type { Parameter } from '../parameter.js';

/** One number for both directions, or [vertical, horizontal]. */
type Pair = number | readonly [number, number];

export interface ConvLayerOptions {
  /** Channels of the tensor that comes in. */
  inChannels: number;
  /** Channels of the result. */
  outChannels: number;
  /** Height and width of the kernel. */
  kernel: Pair;
  /** Pixels from one window to the next. Default 1. */
  stride?: Pair;
  /** Zeros taken to lie around the image, on each side. Default 0. */
  padding?: Pair;
  /** Whether a number for each channel is added to the result. Default true. */
  bias?: boolean;
  /** Fills the weight. Default, as in PyTorch: uniform within 1 / sqrt(inputs of an output). */
  initializer?: Initializer;
  /** Fills the bias. Default, as in PyTorch: uniform within the same bounds. */
  biasInitializer?: Initializer;
}

export interface ConvTransposeLayerOptions extends ConvLayerOptions {
  /** Rows and columns added below and on the right, to choose among the sizes that a stride makes ambiguous. Default 0. */
  outputPadding?: Pair;
}

const CONV_OPTIONS = ['inChannels', 'outChannels', 'kernel', 'stride', 'padding', 'bias', 'initializer', 'biasInitializer'] as const;
const REQUIRED = ['inChannels', 'outChannels', 'kernel'] as const;

const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' || value === undefined ? [value, value] : value);

/** What a convolution and a transposed one share: everything but the layout of the weight and the operation. */
abstract class ConvLayer extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  protected readonly stride: readonly [number, number];
  protected readonly padding: readonly [number, number];

  constructor(channels: readonly [number, number], options: ConvLayerOptions) {
    super();
    const { inChannels, outChannels, stride = 1, padding = 0, bias = true, initializer = defaultWeight, biasInitializer } = options;
    const kernel = pair(options.kernel);
    const what = `a ${this.constructor.name}`;
    [this.stride, this.padding] = [pair(stride), pair(padding)];
    checkCounts(what, { inChannels, outChannels, 'kernel height': kernel[0], 'kernel width': kernel[1], stride: Math.min(...this.stride) });
    checkCounts(what, { padding: Math.min(...this.padding) }, 0);
    const shape = [...kernel, ...channels];
    this.weight = this.parameter('weight', shape, initializer, { pytorchAxes: KERNEL_AXES });
    this.bias = bias ? this.parameter('bias', [outChannels], biasInitializer ?? defaultBias(shape)) : null;
  }
}

/** 2-D convolution; weight [kernel h, kernel w, in, out]. Defaults and names are those of torch.nn.Conv2d. */
export class Conv2d extends ConvLayer {
  /** @throws INVALID_ARGUMENT */
  constructor(options: ConvLayerOptions) {
    expectOptions('a Conv2d', options, CONV_OPTIONS, { required: REQUIRED });
    super([options.inChannels, options.outChannels], options);
  }

  /**
   * @param x [batch, height, width, in channels]
   * @returns [batch, floor((height + 2 padding - kernel) / stride) + 1, likewise the width, out channels]
   * @throws as conv2d(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return conv2d(x, this.weight.value, this.bias?.value ?? null, { stride: this.stride, padding: this.padding, out });
  }
}

/** 2-D transposed convolution; weight [kernel h, kernel w, out, in]. Defaults and names are those of torch.nn.ConvTranspose2d. */
export class ConvTranspose2d extends ConvLayer {
  private readonly outputPadding: readonly [number, number];

  /** @throws INVALID_ARGUMENT */
  constructor(options: ConvTransposeLayerOptions) {
    expectOptions('a ConvTranspose2d', options, [...CONV_OPTIONS, 'outputPadding'], { required: REQUIRED });
    super([options.outChannels, options.inChannels], options);
    this.outputPadding = pair(options.outputPadding ?? 0);
    checkCounts('a ConvTranspose2d', { outputPadding: Math.min(...this.outputPadding) }, 0);
  }

  /**
   * @param x [batch, height, width, in channels]
   * @returns [batch, (height - 1) stride - 2 padding + kernel + output padding, likewise the width, out channels]
   * @throws as convTranspose2d(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const { stride, padding, outputPadding } = this;
    return convTranspose2d(x, this.weight.value, this.bias?.value ?? null, { stride, padding, outputPadding, out });
  }
}
