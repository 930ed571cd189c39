import { concat, sliceChannels } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { Dropout, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { judgeLinear } from './gan-discriminator.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { labelsAmong, Maxout, vectorsOf } from './vectors.js';

/** Options of a CGANDiscriminator: its size, its labels and its widths. The defaults are those of the paper for MNIST. */
export interface CGANDiscriminatorOptions {
  /** The side of the images in pixels. Default 28. */
  size?: number;
  /** Channels of the images, without their labels. Default 1. */
  inChannels?: number;
  /** Labels that say what an image is to show. Default 10. */
  labels?: number;
  /** Maxout units of five pieces that the pixels go into. Default 240. */
  imageUnits?: number;
  /** Maxout units of five pieces that the labels go into. Default 50. */
  labelUnits?: number;
  /** Maxout units of four pieces of the layer that joins both. Default 240. */
  units?: number;
}

const NETWORK = 'a CGAN discriminator';
const OPTIONS = ['size', 'inChannels', 'labels', 'imageUnits', 'labelUnits', 'units'] as const;
const PIECES = 5;
const JOINED_PIECES = 4;
const DROPPED = 0.5;

/**
 * The discriminator of conditional GANs (Mirza and Osindero 2014, for MNIST): pixels and labels each go into maxout units of their own,
 * then into a layer that joins them. It ends with the logit; the sigmoid belongs to the loss here. 1,224,351 parameters with the
 * defaults. The paper does not say where it drops half of the units: here at what goes into the layers after the first.
 *
 *     const logits = discriminator.forward(withLabels(digits, oneHot(classes, 10)));      // of [10, 28, 28, 1]: [10, 1, 1, 1]
 */
export class CGANDiscriminator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<CGANDiscriminatorOptions>>;
  /** Channels of the images together with their labels. */
  readonly inChannels: number;
  private readonly image;
  private readonly labels;
  private readonly model;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: CGANDiscriminatorOptions = {}) {
    super();
    const {
      size = 28,
      inChannels = 1,
      labels = 10,
      imageUnits = 240,
      labelUnits = 50,
      units = 240,
    } = expectOptions(NETWORK, options, OPTIONS);
    this.options = Object.freeze({ size, inChannels, labels, imageUnits, labelUnits, units });
    checkCounts(NETWORK, this.options);
    this.inChannels = inChannels + labels;
    const maxout = (inputs: number, made: number, pieces: number) => [judgeLinear(inputs, made * pieces), new Maxout(pieces)];
    this.image = this.child('image', new Sequential(maxout(inChannels * size ** 2, imageUnits, PIECES)));
    this.labels = this.child('labels', new Sequential(maxout(labels, labelUnits, PIECES)));
    this.model = this.child('model', new Sequential());
    const joined = maxout(imageUnits + labelUnits, units, JOINED_PIECES);
    for (const layer of [new Dropout(DROPPED), ...joined, new Dropout(DROPPED), judgeLinear(units, 1)]) this.model.add(layer);
  }

  /**
   * Judges each image of a batch, and whether it shows what its labels say.
   *
   * @param x [batch, size, size, in channels + labels], as withLabels() joins them; images in [0, 1] as its generator makes them. Labels
   *   are read at the first pixel
   * @returns logits [batch, 1, 1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const { size, inChannels, labels } = this.options;
    const of = `images of ${inChannels} channels, joined with ${labels} labels`;
    expectInput({ network: NETWORK, height: size, width: size, channels: this.inChannels, of }, x);
    const seen = this.image.forward(vectorsOf(sliceChannels(x, 0, inChannels)), mode);
    const wanted = this.labels.forward(labelsAmong(x, labels), mode);
    return this.model.forward(concat([seen, wanted]), { ...mode, out });
  }
}

/** The row of CGAN discriminators. */
export const CGAN_DISCRIMINATOR: NetworkKind<CGANDiscriminator> = {
  kind: 'cgan-discriminator',
  role: 'discriminator',
  title: 'CGAN discriminator',
  network: CGANDiscriminator,
  describe: ({ options: { size, inChannels, labels, imageUnits, labelUnits, units } }) => [
    `CGAN discriminator of ${size} x ${size}`,
    `${inChannels} channels and ${labels} labels`,
    `${imageUnits} + ${labelUnits} and ${units} maxout units`,
  ],
  exampleInput: ({ inChannels, options: { size } }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
};
