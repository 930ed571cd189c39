import { leakyRelu } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { Conv2d } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkConditionalSize, CONDITIONAL_KERNEL, conditionalLinear, conditionalNorm } from './conditional-dcgan-generator.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { withRow } from './labels.js';
import { labelsAmong, vectorsOf } from './vectors.js';

/**
 * Options of a ConditionalDCGANDiscriminator: its size, its labels and its widths. The defaults are those of the authors' code for
 * MNIST.
 */
export interface ConditionalDCGANDiscriminatorOptions {
  /** The side of the images in pixels, a multiple of 4. Default 28. */
  size?: number;
  /** Channels of the images, without their labels. Default 1. */
  inChannels?: number;
  /** Labels that say what an image is to show. Default 10. */
  labels?: number;
  /** Channels after the first layer; doubled by the second. Default 64. */
  ndf?: number;
  /** Units of the layer before the last. Default 1024. */
  units?: number;
}

const NETWORK = 'a conditional DCGAN discriminator';
const OPTIONS = ['size', 'inChannels', 'labels', 'ndf', 'units'] as const;
const SLOPE = 0.2;

/**
 * The discriminator of a DCGAN that takes labels, as the code of its authors has it for MNIST (Radford et al. 2016): labels are joined to
 * what goes into every layer. It has no biases, and norms without weights; it ends with the logit, the sigmoid belongs to the loss here.
 * 6,688,202 parameters with the defaults.
 */
export class ConditionalDCGANDiscriminator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<ConditionalDCGANDiscriminatorOptions>>;
  /** Channels of the images together with their labels. */
  readonly inChannels: number;
  private readonly first: Layer;
  private readonly second: Layer;
  private readonly secondNorm: Layer;
  private readonly third: Layer;
  private readonly thirdNorm: Layer;
  private readonly last: Layer;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: ConditionalDCGANDiscriminatorOptions = {}) {
    super();
    const { size = 28, inChannels = 1, labels = 10, ndf = 64, units = 1024 } = expectOptions(NETWORK, options, OPTIONS);
    checkConditionalSize(NETWORK, size);
    checkCounts(NETWORK, { inChannels, labels, ndf, units });
    this.options = Object.freeze({ size, inChannels, labels, ndf, units });
    this.inChannels = inChannels + labels;
    const features = 2 * ndf * (size / 4) ** 2;
    this.first = this.child('conv1', new Conv2d({ ...CONDITIONAL_KERNEL, inChannels: this.inChannels, outChannels: ndf }));
    this.second = this.child('conv2', new Conv2d({ ...CONDITIONAL_KERNEL, inChannels: ndf + labels, outChannels: 2 * ndf }));
    this.secondNorm = this.child('norm2', conditionalNorm(2 * ndf));
    this.third = this.child('linear3', conditionalLinear(features + labels, units));
    this.thirdNorm = this.child('norm3', conditionalNorm(units));
    this.last = this.child('linear4', conditionalLinear(units + labels, 1));
  }

  /**
   * Judges each image of a batch, and whether it shows what its labels say. Its norms use the statistics of the batch: of a single image
   * the logit says nothing then, unless `statistics` says 'running'.
   *
   * @param x [batch, size, size, in channels + labels], as withLabels() joins them; images in [0, 1] as its generator makes them. Labels
   *   for the later layers are read at the first pixel
   * @returns logits [batch, 1, 1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const { size, inChannels, labels } = this.options;
    const of = `images of ${inChannels} channels, joined with ${labels} labels`;
    expectInput({ network: NETWORK, height: size, width: size, channels: this.inChannels, of }, x);
    const row = labelsAmong(x, labels);
    const halved = leakyRelu(this.first.forward(x, mode), SLOPE);
    const seen = leakyRelu(this.secondNorm.forward(this.second.forward(withRow(halved, row), mode), mode), SLOPE);
    const vectors = withRow(vectorsOf(seen), row);
    const judged = leakyRelu(this.thirdNorm.forward(this.third.forward(vectors, mode), mode), SLOPE);
    return this.last.forward(withRow(judged, row), { ...mode, out });
  }
}

/** The row of conditional DCGAN discriminators. */
export const CONDITIONAL_DCGAN_DISCRIMINATOR: NetworkKind<ConditionalDCGANDiscriminator> = {
  kind: 'conditional-dcgan-discriminator',
  role: 'discriminator',
  title: 'conditional DCGAN discriminator',
  network: ConditionalDCGANDiscriminator,
  describe: ({ options: { size, inChannels, labels, ndf, units } }) => [
    `conditional DCGAN discriminator of ${size} x ${size}`,
    `${inChannels} channels and ${labels} labels`,
    `ndf ${ndf}`,
    `${units} units`,
  ],
  exampleInput: ({ inChannels, options: { size } }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
};
