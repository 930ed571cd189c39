import { relu, sigmoid, sliceChannels } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { normal } from '../nn/initializers.js';
import { BatchNorm2d, ConvTranspose2d, Linear } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { withRow } from './labels.js';
import type { MadeImages, NoiseInput } from './noise.js';
import { imagesOf } from './vectors.js';

/** Options of a ConditionalDCGANGenerator: its size, its labels and its widths. The defaults are those of the authors' code for MNIST. */
export interface ConditionalDCGANGeneratorOptions {
  /** The side of the images in pixels, a multiple of 4. Default 28. */
  size?: number;
  /** Random numbers that an image is made of. Default 100. */
  nz?: number;
  /** Labels that say what an image is to show. Default 10. */
  labels?: number;
  /** Channels before the last layer; twice as many before the one before it. Default 64. */
  ngf?: number;
  /** Units of the first layer. Default 1024. */
  units?: number;
  /** Channels of the images. Default 1. */
  outChannels?: number;
}

const NETWORK = 'a conditional DCGAN generator';
const OPTIONS = ['size', 'nz', 'labels', 'ngf', 'units', 'outChannels'] as const;
/** Two layers halve or double an image. */
const HALVED = 4;

/** What the convolutions of both networks are like, plain and transposed. */
export const CONDITIONAL_KERNEL = { kernel: 5, stride: 2, padding: 2, bias: false, initializer: normal(0, 0.02) };

/** A fully connected layer of either network. */
export const conditionalLinear = (inFeatures: number, outFeatures: number): Linear =>
  new Linear({ inFeatures, outFeatures, bias: false, initializer: normal(0, 0.02) });

/** A norm of either network: by the batch's statistics also at test time, unless `statistics` says 'running'. */
export const conditionalNorm = (channels: number): BatchNorm2d =>
  new BatchNorm2d(channels, { affine: false, epsilon: 1e-8, statistics: 'batch' });

/** @throws INVALID_ARGUMENT for a side that two halvings do not divide */
export function checkConditionalSize(network: string, size: number): void {
  checkCounts(network, { size });
  if (size % HALVED !== 0) throw refused(`size of ${network}`, `a multiple of ${HALVED}`, size);
}

/**
 * The generator of a DCGAN that takes labels, as the code of its authors has it for MNIST (Radford et al. 2016): labels are joined to
 * what goes into every layer. It has no biases, and norms without weights. 6,820,538 parameters with the defaults. Its images are in
 * [0, 1].
 *
 *     const generator = new ConditionalDCGANGenerator().to(gpu, { seed: 1 });
 *     const digits = generator.forward(withLabels(noise, oneHot(classes, 10)));       // of [10, 1, 1, 100]: [10, 28, 28, 1]
 */
export class ConditionalDCGANGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<ConditionalDCGANGeneratorOptions>>;
  /** What it makes images of. */
  readonly takes: NoiseInput;
  /** What its images are like. */
  readonly makes: MadeImages;
  private readonly first: Layer;
  private readonly firstNorm: Layer;
  private readonly second: Layer;
  private readonly secondNorm: Layer;
  private readonly third: Layer;
  private readonly thirdNorm: Layer;
  private readonly last: Layer;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: ConditionalDCGANGeneratorOptions = {}) {
    super();
    const { size = 28, nz = 100, labels = 10, ngf = 64, units = 1024, outChannels = 1 } = expectOptions(NETWORK, options, OPTIONS);
    checkConditionalSize(NETWORK, size);
    checkCounts(NETWORK, { nz, labels, ngf, units, outChannels });
    this.options = Object.freeze({ size, nz, labels, ngf, units, outChannels });
    this.takes = { numbers: nz, labels, drawn: { low: -1, high: 1 } };
    this.makes = { size, channels: outChannels, black: 0 };
    const features = 2 * ngf * (size / HALVED) ** 2;
    const doubles = { ...CONDITIONAL_KERNEL, outputPadding: 1 };
    this.first = this.child('linear1', conditionalLinear(nz + labels, units));
    this.firstNorm = this.child('norm1', conditionalNorm(units));
    this.second = this.child('linear2', conditionalLinear(units + labels, features));
    this.secondNorm = this.child('norm2', conditionalNorm(features));
    this.third = this.child('conv3', new ConvTranspose2d({ ...doubles, inChannels: 2 * ngf + labels, outChannels: ngf }));
    this.thirdNorm = this.child('norm3', conditionalNorm(ngf));
    this.last = this.child('conv4', new ConvTranspose2d({ ...doubles, inChannels: ngf + labels, outChannels }));
  }

  /**
   * Makes an image of each row of random numbers and its labels. Its norms use the statistics of the batch: of a single image nothing is
   * left of its random numbers then, unless `statistics` says 'running'.
   *
   * @param x [batch, 1, 1, nz + labels], as withLabels() joins them; the random numbers uniform between -1 and 1
   * @returns [batch, size, size, out channels], in [0, 1]
   * @throws SHAPE_MISMATCH for another number of either; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const { size, nz, labels, ngf } = this.options;
    expectInput({ network: NETWORK, height: 1, width: 1, channels: nz + labels, of: `${nz} random numbers, then ${labels} labels` }, x);
    const row = sliceChannels(x, nz, nz + labels);
    const side = size / HALVED;
    const made = relu(this.firstNorm.forward(this.first.forward(x, mode), mode));
    const vectors = relu(this.secondNorm.forward(this.second.forward(withRow(made, row), mode), mode));
    const images = withRow(imagesOf(vectors, [side, side, 2 * ngf]), row);
    const larger = relu(this.thirdNorm.forward(this.third.forward(images, mode), mode));
    return sigmoid(this.last.forward(withRow(larger, row), mode), { out });
  }
}

/** The row of conditional DCGAN generators. */
export const CONDITIONAL_DCGAN_GENERATOR: NetworkKind<ConditionalDCGANGenerator> = {
  kind: 'conditional-dcgan-generator',
  role: 'generator',
  title: 'conditional DCGAN generator',
  network: ConditionalDCGANGenerator,
  describe: ({ options: { size, nz, labels, ngf, units, outChannels } }) => [
    `conditional DCGAN generator of ${size} x ${size}`,
    `${nz} random numbers and ${labels} labels -> ${outChannels} channels`,
    `ngf ${ngf}`,
    `${units} units`,
  ],
  exampleInput: ({ options: { nz, labels } }) => ({ shape: [1, 1, 1, nz + labels], dynamicAxes: [0] }),
};
