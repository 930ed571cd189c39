import { batchNorm, conv2d, convTranspose2d, instanceNorm } from '../autograd/ops.js';
import type { Tensor } from '../tensor/tensor.js';
import { constant, normal, type Initializer } from './initializers.js';
import { Module } from './module.js';
import type { ModuleBuffer, Parameter } from './parameter.js';

export interface ConvLayerOptions {
  /** Channels of the tensor that comes in. */
  inChannels: number;
  /** Channels of the result. */
  outChannels: number;
  /** Kernel height and width. Default 4. */
  kernel?: number;
  /** Pixels from one window to the next, both ways. Default 2. */
  stride?: number;
  /** Zeros taken to lie around the image, on each side. Default 1. */
  padding?: number;
  /** Whether a number for each channel is added to the result; 0 at first. Default true. */
  bias?: boolean;
  /** Fills the weight. Default N(0, 0.02), as DCGAN and pix2pix. */
  initializer?: Initializer;
}

/** What a convolution and a transposed one share: everything but the layout of the weight and the operation. */
abstract class ConvLayer extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  protected readonly stride: number;
  protected readonly padding: number;

  constructor(
    channels: readonly [number, number],
    { outChannels, kernel = 4, stride = 2, padding = 1, bias = true, initializer = normal(0, 0.02) }: ConvLayerOptions,
  ) {
    super();
    this.weight = this.parameter('weight', [kernel, kernel, ...channels], initializer);
    this.bias = bias ? this.parameter('bias', [outChannels], constant(0)) : null;
    this.stride = stride;
    this.padding = padding;
  }
}

/** 2-D convolution; weight [kernel, kernel, in, out]. */
export class Conv2d extends ConvLayer {
  constructor(options: ConvLayerOptions) {
    super([options.inChannels, options.outChannels], options);
  }

  /**
   * @param x [batch, height, width, in channels]
   * @param out where the result goes, such as a channel slice of a wider tensor; made when absent
   * @returns [batch, floor((height + 2 padding - kernel) / stride) + 1, likewise the width, out channels]
   * @throws as conv2d(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, out?: Tensor): Tensor {
    return conv2d(x, this.weight.value, this.bias?.value ?? null, { stride: this.stride, padding: this.padding, out });
  }
}

/** 2-D transposed convolution; weight [kernel, kernel, out, in]. */
export class ConvTranspose2d extends ConvLayer {
  constructor(options: ConvLayerOptions) {
    super([options.outChannels, options.inChannels], options);
  }

  /**
   * @param x [batch, height, width, in channels]
   * @param out where the result goes, such as a channel slice of a wider tensor; made when absent
   * @returns [batch, (height - 1) stride - 2 padding + kernel, likewise the width, out channels]
   * @throws as convTranspose2d(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, out?: Tensor): Tensor {
    return convTranspose2d(x, this.weight.value, this.bias?.value ?? null, { stride: this.stride, padding: this.padding, out });
  }
}

export interface BatchNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  momentum?: number;
}

/**
 * How a network runs: while training (dropout on, running statistics updated), or not; and which statistics its
 * norms use when not. pix2pix uses the batch's at test time too.
 */
export interface ForwardMode {
  training: boolean;
  statistics?: 'batch' | 'running';
}

/** Batch normalisation over batch, height and width; weight N(1, 0.02) as DCGAN and pix2pix. */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: ModuleBuffer;
  readonly runningVariance: ModuleBuffer;
  private readonly epsilon: number;
  private readonly momentum: number;

  constructor(channels: number, { epsilon = 1e-5, momentum = 0.1 }: BatchNormLayerOptions = {}) {
    super();
    this.weight = this.parameter('weight', [channels], normal(1, 0.02));
    this.bias = this.parameter('bias', [channels], constant(0));
    this.runningMean = this.buffer('running_mean', [channels], constant(0));
    this.runningVariance = this.buffer('running_var', [channels], constant(1));
    this.epsilon = epsilon;
    this.momentum = momentum;
  }

  /**
   * @param x [..., channels]
   * @param out where the result goes, of x's shape; made when absent
   * @throws as batchNorm(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, { training, statistics = 'batch' }: ForwardMode, out?: Tensor): Tensor {
    return batchNorm(x, this.weight.value, this.bias.value, {
      epsilon: this.epsilon,
      running: { mean: this.runningMean.value, variance: this.runningVariance.value },
      momentum: training ? this.momentum : undefined,
      statistics: training ? 'batch' : statistics,
      out,
    });
  }
}

/** Instance normalisation: every channel of every image by its own moments, whatever the mode; nothing to train or keep. */
export class InstanceNorm2d extends Module {
  private readonly epsilon: number;

  constructor({ epsilon = 1e-5 }: { epsilon?: number } = {}) {
    super();
    this.epsilon = epsilon;
  }

  /**
   * @param x [batch, height, width, channels]
   * @param _mode taken so that a network can have either norm
   * @param out where the result goes, of x's shape; made when absent
   * @throws as instanceNorm()
   */
  forward(x: Tensor, _mode: ForwardMode, out?: Tensor): Tensor {
    return instanceNorm(x, { epsilon: this.epsilon, out });
  }
}

/** The normalisations that a network can be built with. */
export type Norm = 'batch' | 'instance' | 'none';
export type NormLayer = BatchNorm2d | InstanceNorm2d;

/** The layer of a normalisation. @returns null for 'none' */
export function normLayer(norm: Norm, channels: number, options: { epsilon?: number } = {}): NormLayer | null {
  if (norm === 'none') return null;
  return norm === 'batch' ? new BatchNorm2d(channels, options) : new InstanceNorm2d(options);
}
