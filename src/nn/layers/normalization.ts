import { add, batchNorm, instanceNorm, mul } from '../../autograd/ops.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { constant, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkChoice, checkCounts, checkNumber } from '../options.js';
import type { ModuleBuffer, Parameter } from '../parameter.js';

export interface BatchNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  momentum?: number;
  /** What is normalised by when not training. pix2pix uses the batch's own then, too. Default 'running'. */
  statistics?: 'batch' | 'running';
  /** Fills the weight. Default: ones. */
  initializer?: Initializer;
}

const STATISTICS: readonly string[] = ['batch', 'running'] satisfies ForwardOptions['statistics'][];

/** Batch normalisation over batch, height and width. Defaults and names are those of torch.nn.BatchNorm2d. */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: ModuleBuffer;
  readonly runningVariance: ModuleBuffer;
  private readonly epsilon: number;
  private readonly momentum: number;
  private readonly statistics: 'batch' | 'running';

  /** @throws INVALID_ARGUMENT */
  constructor(channels: number, options: BatchNormLayerOptions = {}) {
    super();
    expectOptions('a BatchNorm2d', options, ['epsilon', 'momentum', 'statistics', 'initializer']);
    const { epsilon = 1e-5, momentum = 0.1, statistics = 'running', initializer = constant(1) } = options;
    checkCounts('a BatchNorm2d', { channels });
    checkNumber('epsilon of a BatchNorm2d', epsilon, true);
    checkNumber('momentum of a BatchNorm2d', momentum);
    checkChoice('statistics of a BatchNorm2d', statistics, STATISTICS);
    this.weight = this.parameter('weight', [channels], initializer);
    this.bias = this.parameter('bias', [channels], constant(0));
    this.runningMean = this.buffer('running_mean', [channels], constant(0));
    this.runningVariance = this.buffer('running_var', [channels], constant(1));
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.statistics = statistics;
  }

  /** PyTorch counts the batches, for a momentum that nothing here uses. */
  protected override get pytorchCounters(): readonly string[] {
    return ['num_batches_tracked'];
  }

  /**
   * @param x [..., channels]
   * @throws as batchNorm(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { training = this.training, statistics = this.statistics, out } = forwardOptions(this, options);
    checkChoice('statistics of a BatchNorm2d', statistics, STATISTICS);
    return batchNorm(x, this.weight.value, this.bias.value, {
      epsilon: this.epsilon,
      running: { mean: this.runningMean.value, variance: this.runningVariance.value },
      momentum: training ? this.momentum : undefined,
      statistics: training ? 'batch' : statistics,
      out,
    });
  }
}

export interface InstanceNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Whether the result is multiplied by a weight and a bias is added, both of [channels]. Default false. */
  affine?: boolean;
}

/**
 * Instance normalisation: every channel of every image by its own moments, whether training or not. Defaults and names are
 * those of torch.nn.InstanceNorm2d, which keeps no running statistics either.
 */
export class InstanceNorm2d extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  private readonly epsilon: number;

  /** @throws INVALID_ARGUMENT */
  constructor(channels: number, options: InstanceNormLayerOptions = {}) {
    super();
    const { epsilon = 1e-5, affine = false } = expectOptions('an InstanceNorm2d', options, ['epsilon', 'affine']);
    checkCounts('an InstanceNorm2d', { channels });
    checkNumber('epsilon of an InstanceNorm2d', epsilon, true);
    this.weight = affine ? this.parameter('weight', [channels], constant(1)) : null;
    this.bias = affine ? this.parameter('bias', [channels], constant(0)) : null;
    this.epsilon = epsilon;
  }

  /**
   * @param x [batch, height, width, channels]
   * @throws as instanceNorm(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const { epsilon, weight, bias } = this;
    if (!weight || !bias) return instanceNorm(x, { epsilon, out });
    return add(mul(instanceNorm(x, { epsilon }), weight.value), bias.value, { out });
  }
}
