import { add, batchNorm, groupNorm, instanceNorm, layerNorm, mul } from '../../autograd/ops.js';
import type { Gpu } from '../../gpu/gpu.js';
import { expectOptions } from '../../checks.js';
import type { Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { constant, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkChoice, checkCounts, checkNumber, refused } from '../options.js';
import { notPlaced, type ModuleBuffer, type Parameter } from '../parameter.js';

/** Options of a BatchNorm2d: which statistics it uses, and how it gathers them. */
export interface BatchNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Weight of the newest batch in the running statistics. PyTorch's None, their mean over all batches, is not there. Default 0.1. */
  momentum?: number;
  /** What is normalised by when not training. pix2pix uses the batch's own then, too. Default 'running'. */
  statistics?: 'batch' | 'running';
  /** Whether the result is multiplied by a weight and a bias is added, both of [channels]. Default true. */
  affine?: boolean;
  /** False keeps no running statistics, and normalises by those of the batch whether training or not. Default true. */
  trackRunningStatistics?: boolean;
  /** Fills the weight. Default: ones. */
  initializer?: Initializer;
}

const STATISTICS: readonly string[] = ['batch', 'running'] satisfies ForwardOptions['statistics'][];
const BATCH_NORM_OPTIONS = ['epsilon', 'momentum', 'statistics', 'affine', 'trackRunningStatistics', 'initializer'] as const;

/**
 * A layer of batch normalisation over batch, height and width (Ioffe and Szegedy 2015). Defaults and names are those of
 * torch.nn.BatchNorm2d.
 */
export class BatchNorm2d extends Module {
  /** The factor of each channel, [channels]. */
  readonly weight: Parameter | null;
  /** The summand of each channel, [channels]. */
  readonly bias: Parameter | null;
  /** The mean of each channel, gathered while training, [channels]. */
  readonly runningMean: ModuleBuffer | null;
  /** The variance of each channel, gathered while training, [channels]. */
  readonly runningVariance: ModuleBuffer | null;
  private readonly channels: number;
  private readonly epsilon: number;
  private readonly momentum: number;
  private readonly statistics: 'batch' | 'running';
  /** In place of the weight and the bias where there are none, because the kernels take both: ones and zeros. */
  private neutral: { readonly weight: Tensor; readonly bias: Tensor } | null = null;

  /** Builds the layer, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(channels: number, options: BatchNormLayerOptions = {}) {
    super();
    const {
      epsilon = 1e-5,
      momentum = 0.1,
      statistics = 'running',
      affine = true,
      trackRunningStatistics: tracks = true,
      initializer,
    } = expectOptions('a BatchNorm2d', options, BATCH_NORM_OPTIONS);
    checkCounts('a BatchNorm2d', { channels });
    checkNumber('epsilon of a BatchNorm2d', epsilon, true);
    if (!Number.isFinite(momentum) || momentum < 0 || momentum > 1)
      throw refused('momentum of a BatchNorm2d', 'a number from 0 to 1', momentum);
    checkChoice('statistics of a BatchNorm2d', statistics, STATISTICS);
    checkChoice('affine of a BatchNorm2d', affine, [true, false]);
    checkChoice('trackRunningStatistics of a BatchNorm2d', tracks, [true, false]);
    if (!tracks && options.statistics === 'running') {
      throw refused('statistics of a BatchNorm2d that keeps no running ones', 'batch', 'running');
    }
    if (!affine && initializer) throw refused('initializer of a BatchNorm2d without affine', 'none: there is no weight', 'one');
    this.weight = affine ? this.parameter('weight', [channels], initializer ?? constant(1)) : null;
    this.bias = affine ? this.parameter('bias', [channels], constant(0)) : null;
    this.runningMean = tracks ? this.buffer('running_mean', [channels], constant(0)) : null;
    this.runningVariance = tracks ? this.buffer('running_var', [channels], constant(1)) : null;
    this.channels = channels;
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.statistics = statistics;
  }

  /** PyTorch counts the batches, for a momentum that nothing here uses. */
  protected override get pytorchCounters(): readonly string[] {
    return this.runningMean ? ['num_batches_tracked'] : [];
  }

  protected override onPlaced(gpu: Gpu): void {
    if (this.weight) return;
    const filled = (value: number, label: string): Tensor =>
      Tensor.from(gpu, new Float32Array(this.channels).fill(value), [this.channels], label).keep();
    this.neutral = { weight: filled(1, 'weight of ones'), bias: filled(0, 'bias of zeros') };
  }

  protected override onDisposed(): void {
    this.neutral?.weight.dispose();
    this.neutral?.bias.dispose();
    this.neutral = null;
  }

  /**
   * Normalises every channel by the statistics of the batch, while training, or by the running ones.
   *
   * @param x [..., channels]
   * @throws as batchNorm(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { training = this.training, statistics = this.statistics, out } = forwardOptions(this, options);
    checkChoice('statistics of a BatchNorm2d', statistics, STATISTICS);
    const [weight, bias] = [this.weight?.value ?? this.neutral?.weight, this.bias?.value ?? this.neutral?.bias];
    if (!weight || !bias) throw notPlaced();
    const { epsilon, momentum, runningMean: mean, runningVariance: variance } = this;
    return batchNorm(x, weight, bias, {
      epsilon,
      running: mean && variance ? { mean: mean.value, variance: variance.value } : undefined,
      momentum: training ? momentum : undefined,
      statistics: training || !mean ? 'batch' : statistics,
      out,
    });
  }
}

/** Options of an InstanceNorm2d: whether it has a weight and a bias. */
export interface InstanceNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Whether the result is multiplied by a weight and a bias is added, both of [channels]. Default false. */
  affine?: boolean;
}

/**
 * A layer of instance normalisation (Ulyanov et al. 2016): every channel of every image by its own moments, whether training or not.
 * Defaults and names are those of torch.nn.InstanceNorm2d, which keeps no running statistics either.
 */
export class InstanceNorm2d extends Module {
  /** The factor of each channel, [channels]; null without `affine`. */
  readonly weight: Parameter | null;
  /** The summand of each channel, [channels]; null without `affine`. */
  readonly bias: Parameter | null;
  private readonly epsilon: number;

  /** Builds the layer, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
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
   * Normalises every channel of every image by its own moments.
   *
   * @param x [batch, height, width, channels]
   * @throws as instanceNorm(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const { epsilon, weight, bias } = this;
    if (!weight || !bias) return instanceNorm(x, { epsilon, out });
    return add(mul(instanceNorm(x, { epsilon }), weight.value), bias.value, { out });
  }
}

/** Options of a GroupNorm: the epsilon, and whether it has a weight and a bias. */
export interface GroupNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Whether the result is multiplied by a weight and a bias is added, both of [channels]. Default true. */
  affine?: boolean;
}

/**
 * Group normalisation (Wu and He 2018): every group of neighbouring channels of every image by its own moments, whether training or
 * not. Arguments, defaults and names are those of torch.nn.GroupNorm.
 *
 *     new GroupNorm(4, 64)        // four groups of sixteen channels
 */
export class GroupNorm extends Module {
  /** The factor of each channel, [channels]; null without `affine`. */
  readonly weight: Parameter | null;
  /** The summand of each channel, [channels]; null without `affine`. */
  readonly bias: Parameter | null;
  private readonly epsilon: number;

  /**
   * Makes the layer.
   *
   * @param groups how many groups of neighbouring channels have moments of their own; divides the channels
   * @param channels of the images
   * @throws INVALID_ARGUMENT for numbers or options that cannot be
   */
  constructor(
    readonly groups: number,
    readonly channels: number,
    options: GroupNormLayerOptions = {},
  ) {
    super();
    const { epsilon = 1e-5, affine = true } = expectOptions('a GroupNorm', options, ['epsilon', 'affine']);
    checkCounts('a GroupNorm', { groups, channels });
    if (channels % groups !== 0) {
      throw refused('groups of a GroupNorm', `a divisor of its ${channels} channels, as in new GroupNorm(4, 64)`, groups);
    }
    checkNumber('epsilon of a GroupNorm', epsilon, true);
    this.weight = affine ? this.parameter('weight', [channels], constant(1)) : null;
    this.bias = affine ? this.parameter('bias', [channels], constant(0)) : null;
    this.epsilon = epsilon;
  }

  /**
   * Normalises images.
   *
   * @param x [batch, ..., channels]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as groupNorm(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return groupNorm(x, this.groups, { epsilon: this.epsilon, gamma: this.weight?.value, beta: this.bias?.value, out });
  }
}

/** Options of a LayerNorm: the epsilon, and whether it has a weight and a bias. */
export interface LayerNormLayerOptions {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Whether the result is multiplied by a weight of the normalised shape, PyTorch's `elementwise_affine`. Default true. */
  affine?: boolean;
  /** Whether a bias of that shape is added to it, too. Default: as `affine`. */
  bias?: boolean;
}

/** PyTorch's order [channels, height, width] of the axes of an image, in this library's [height, width, channels]. */
const IMAGE_AXES = [2, 0, 1];

/**
 * Layer normalisation (Ba et al. 2016): the numbers of the last axes by their own moments, for each index of the axes before. Defaults
 * and names are those of torch.nn.LayerNorm. Weights of three axes are those of an image: [height, width, channels] here, and
 * [channels, height, width] in PyTorch's files.
 *
 *     new LayerNorm(64)           // over the channels: each pixel, or each place of a sequence, by itself
 */
export class LayerNorm extends Module {
  /** Lengths of the axes that are normalised, the last ones of what comes in. */
  readonly normalizedShape: Shape;
  /** The factor of each number, of the normalised shape; null without `affine`. */
  readonly weight: Parameter | null;
  /** The summand of each number, of the normalised shape; null without `bias`. */
  readonly bias: Parameter | null;
  private readonly epsilon: number;

  /** Makes the layer. @param normalizedShape lengths of the last axes; a number for the last one alone @throws INVALID_ARGUMENT */
  constructor(normalizedShape: number | Shape, options: LayerNormLayerOptions = {}) {
    super();
    const { epsilon = 1e-5, affine = true, bias = affine } = expectOptions('a LayerNorm', options, ['epsilon', 'affine', 'bias']);
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    if (!Array.isArray(shape) || shape.length === 0) throw refused('shape of a LayerNorm', 'lengths of the last axes', normalizedShape);
    checkCounts('the shape of a LayerNorm', Object.fromEntries((shape as Shape).map((length, axis) => [`length ${axis}`, length])));
    checkNumber('epsilon of a LayerNorm', epsilon, true);
    if (bias && !affine) throw refused('bias of a LayerNorm without affine', 'none: it is added to what the weight makes', bias);
    const layout = shape.length === IMAGE_AXES.length ? { pytorchAxes: IMAGE_AXES } : {};
    this.normalizedShape = Object.freeze([...(shape as Shape)]);
    this.weight = affine ? this.parameter('weight', this.normalizedShape, constant(1), layout) : null;
    this.bias = bias ? this.parameter('bias', this.normalizedShape, constant(0), layout) : null;
    this.epsilon = epsilon;
  }

  /**
   * Normalises the last axes.
   *
   * @param x [..., the normalised shape]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as layerNorm(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return layerNorm(x, this.normalizedShape, { epsilon: this.epsilon, gamma: this.weight?.value, beta: this.bias?.value, out });
  }
}
