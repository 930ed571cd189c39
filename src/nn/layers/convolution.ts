import { conv2d, convTranspose2d, pad, type PadMode } from '../../autograd/ops.js';
import { expectFloats } from '../../kernels/elements.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { KERNEL_AXES } from '../axes.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { defaultBias, defaultWeight, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkChoice, checkCounts, checkPair, refused, type Pair } from '../options.js';
import type { Parameter } from '../parameter.js';

/** What convolutions and transposed ones have in common. */
interface SharedConvOptions {
  /** Channels of the tensor that comes in. */
  inChannels: number;
  /** Channels of the result. */
  outChannels: number;
  /** Height and width of the kernel. */
  kernel: Pair;
  /** Pixels from one window to the next. Default 1. */
  stride?: Pair;
  /** Pixels from one tap of the kernel to the next. Default 1: no gaps. */
  dilation?: Pair;
  /** Into how many groups, which do not see each other, the channels of both sides are cut; it divides both. Default 1. */
  groups?: number;
  /** Whether a number for each channel is added to the result. Default true. */
  bias?: boolean;
  /** Fills the weight. Default, as in PyTorch: uniform within 1 / sqrt(inputs of an output). */
  initializer?: Initializer;
  /** Fills the bias. Default, as in PyTorch: uniform within the same bounds. */
  biasInitializer?: Initializer;
}

/** Options of a Conv2d: its channels, its windows, and what fills its weights. */
export interface ConvLayerOptions extends SharedConvOptions {
  /**
   * Pixels taken to lie around the image, on each side; 'same' for as many as keep its size (with stride 1; an odd one lies below and
   * on the right), 'valid' for none. Default 0.
   */
  padding?: Pair | 'same' | 'valid';
  /** What those pixels hold, as in pad(): zeros, the mirror image about the edge, or the edge. Default 'zeros'. */
  paddingMode?: PadMode;
}

/** Options of a ConvTranspose2d: those of a Conv2d, and which of the possible sizes is meant. */
export interface ConvTransposeLayerOptions extends SharedConvOptions {
  /** Pixels cut off the result on each side: the padding of the convolution that this is the adjoint of. Default 0. */
  padding?: Pair;
  /** Rows and columns added below and on the right, to choose among the sizes that a stride makes ambiguous. Default 0. */
  outputPadding?: Pair;
}

const SHARED_OPTIONS = [
  'inChannels',
  'outChannels',
  'kernel',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'initializer',
  'biasInitializer',
] as const;
const REQUIRED = ['inChannels', 'outChannels', 'kernel'] as const;
const PADDING_MODES: readonly string[] = ['zeros', 'reflect', 'replicate'] satisfies PadMode[];

/** What a convolution and a transposed one share: everything but the padding and the operation. */
abstract class ConvLayer extends Module {
  /** The weight, whose axes the class names. */
  readonly weight: Parameter;
  /** The bias, [out channels]; null without one. */
  readonly bias: Parameter | null;
  protected readonly kernel: readonly [number, number];
  /** Pixels from one window to the next: [vertical, horizontal]. */
  protected readonly stride: readonly [number, number];
  protected readonly dilation: readonly [number, number];
  protected readonly groups: number;

  /** @param transposed whether the weight is [kernel h, kernel w, out, in], not [kernel h, kernel w, in, out] */
  constructor(options: SharedConvOptions, transposed: boolean) {
    super();
    const { inChannels, outChannels, stride = 1, dilation = 1, groups = 1, bias = true } = options;
    const { initializer = defaultWeight, biasInitializer } = options;
    const what = `a ${this.constructor.name}`;
    this.kernel = checkPair(`kernel of ${what}`, options.kernel);
    this.stride = checkPair(`stride of ${what}`, stride);
    this.dilation = checkPair(`dilation of ${what}`, dilation);
    this.groups = groups;
    checkCounts(what, { inChannels, outChannels, groups });
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw refused(`groups of ${what}`, `a divisor of the ${inChannels} and ${outChannels} channels`, groups);
    }
    const channels = transposed ? [outChannels / groups, inChannels] : [inChannels / groups, outChannels];
    const shape = [...this.kernel, ...channels];
    this.weight = this.parameter('weight', shape, initializer, { pytorchAxes: KERNEL_AXES });
    this.bias = bias ? this.parameter('bias', [outChannels], biasInitializer ?? defaultBias(shape)) : null;
  }
}

/** A layer that convolves images; its weight is [kernel h, kernel w, in, out]. Defaults and names are those of torch.nn.Conv2d. */
export class Conv2d extends ConvLayer {
  private readonly padding: readonly [number, number];
  /** What pad() adds before the convolution, [top, bottom, left, right], where its own zeros are not what is asked for. */
  private readonly margins: readonly [number, number, number, number] | null;
  private readonly paddingMode: PadMode;

  /** Builds the layer, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: ConvLayerOptions) {
    expectOptions('a Conv2d', options, [...SHARED_OPTIONS, 'paddingMode'], { required: REQUIRED });
    super(options, false);
    const { padding = 0, paddingMode = 'zeros' } = options;
    checkChoice('paddingMode of a Conv2d', paddingMode, PADDING_MODES);
    this.paddingMode = paddingMode;
    const [vertical, horizontal] = this.bothSides(padding);
    const even = vertical![0] === vertical![1] && horizontal![0] === horizontal![1];
    const plain = even && (paddingMode === 'zeros' || vertical![0] + horizontal![0] === 0);
    this.margins = plain ? null : [...vertical!, ...horizontal!];
    this.padding = plain ? [vertical![0], horizontal![0]] : [0, 0];
  }

  /** Pixels before and behind the image, in both directions. */
  private bothSides(padding: Pair | 'same' | 'valid'): (readonly [number, number])[] {
    if (padding === 'valid')
      return [
        [0, 0],
        [0, 0],
      ];
    if (padding !== 'same') return checkPair('padding of a Conv2d', padding, 0).map((each) => [each, each] as const);
    if (this.stride.some((step) => step !== 1)) throw refused("stride of a Conv2d with padding 'same'", '1', this.stride);
    return this.kernel.map((length, axis) => {
      const total = this.dilation[axis]! * (length - 1);
      return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    });
  }

  /**
   * Convolves a batch of images.
   *
   * @param x [batch, height, width, in channels]
   * @returns [batch, floor((height + 2 padding - kernel) / stride) + 1, the same of the width, out channels]
   * @throws as conv2d(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const { weight, bias, stride, padding, dilation, groups, margins, paddingMode: mode } = this;
    // Whole before the padding runs; the convolution checks the rest, which is its own.
    if (margins) expectFloats('conv2d', { input: x, weight: weight.value, out });
    return conv2d(margins ? pad(x, margins, { mode }) : x, weight.value, bias?.value ?? null, { stride, padding, dilation, groups, out });
  }
}

/**
 * A layer that convolves images transposed; its weight is [kernel h, kernel w, out, in]. Defaults and names are those of
 * torch.nn.ConvTranspose2d.
 */
export class ConvTranspose2d extends ConvLayer {
  private readonly padding: readonly [number, number];
  private readonly outputPadding: readonly [number, number];

  /** Builds the layer, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: ConvTransposeLayerOptions) {
    expectOptions('a ConvTranspose2d', options, [...SHARED_OPTIONS, 'outputPadding'], { required: REQUIRED });
    super(options, true);
    this.padding = checkPair('padding of a ConvTranspose2d', options.padding ?? 0, 0);
    this.outputPadding = checkPair('outputPadding of a ConvTranspose2d', options.outputPadding ?? 0, 0);
  }

  /**
   * Convolves a batch of images transposed.
   *
   * @param x [batch, height, width, in channels]
   * @returns [batch, (height - 1) stride - 2 padding + kernel + output padding, the same of the width, out channels]
   * @throws as convTranspose2d(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const { weight, bias, stride, padding, dilation, groups, outputPadding } = this;
    return convTranspose2d(x, weight.value, bias?.value ?? null, { stride, padding, dilation, groups, outputPadding, out });
  }
}
