import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { constant, uniform } from '../nn/initializers.js';
import { Dropout, Linear, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { Maxout, vectorsOf } from './vectors.js';

/** Options of a GANDiscriminator: its size, its channels and its width. The defaults are those of the paper's code for MNIST. */
export interface GANDiscriminatorOptions {
  /** The side of the images in pixels. Default 28. */
  size?: number;
  /** Channels of the images. Default 1. */
  inChannels?: number;
  /** Maxout units of each of the two hidden layers. Default 240. */
  units?: number;
  /** Pieces of each unit, of which the largest counts. Default 5. */
  pieces?: number;
}

const NETWORK = 'a GAN discriminator';
/** What is dropped of the pixels, and of what the hidden layers make. */
const PIXELS_DROPPED = 0.2;
const UNITS_DROPPED = 0.5;

/** A fully connected layer of a discriminator, its weights as in the paper's code. */
export const judgeLinear = (inFeatures: number, outFeatures: number): Linear =>
  new Linear({ inFeatures, outFeatures, initializer: uniform(-0.005, 0.005), biasInitializer: constant(0) });

/**
 * The discriminator of the first generative adversarial networks (Goodfellow et al. 2014, its code for MNIST): two layers of maxout
 * units with dropout at what goes into each layer, also while the generator is trained. It ends with the logit; the sigmoid belongs to
 * the loss here. 1,231,441 parameters with the defaults.
 */
export class GANDiscriminator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<GANDiscriminatorOptions>>;
  /** Channels of the images. */
  readonly inChannels: number;
  private readonly model = this.child('model', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: GANDiscriminatorOptions = {}) {
    super();
    const names = ['size', 'inChannels', 'units', 'pieces'] as const;
    const { size = 28, inChannels = 1, units = 240, pieces = 5 } = expectOptions(NETWORK, options, names);
    checkCounts(NETWORK, { size, inChannels, units, pieces });
    this.options = Object.freeze({ size, inChannels, units, pieces });
    this.inChannels = inChannels;
    for (const [inputs, dropped] of [
      [inChannels * size ** 2, PIXELS_DROPPED],
      [units, UNITS_DROPPED],
    ] as const)
      for (const layer of [new Dropout(dropped), judgeLinear(inputs, units * pieces), new Maxout(pieces)]) this.model.add(layer);
    for (const layer of [new Dropout(UNITS_DROPPED), judgeLinear(units, 1)]) this.model.add(layer);
  }

  /**
   * Judges each image of a batch.
   *
   * @param x [batch, size, size, in channels], in [0, 1] as its generator makes them
   * @returns logits [batch, 1, 1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const checked = forwardOptions(this, options);
    const { size, inChannels } = this.options;
    expectInput({ network: NETWORK, height: size, width: size, channels: inChannels, of: 'images' }, x);
    return this.model.forward(vectorsOf(x), checked);
  }
}

/** The row of GAN discriminators. */
export const GAN_DISCRIMINATOR: NetworkKind<GANDiscriminator> = {
  kind: 'gan-discriminator',
  role: 'discriminator',
  title: 'GAN discriminator',
  network: GANDiscriminator,
  describe: ({ options: { size, inChannels, units, pieces } }) => [
    `GAN discriminator of ${size} x ${size}`,
    `${inChannels} channels`,
    `${units} maxout units of ${pieces} pieces`,
  ],
  exampleInput: ({ options: { size, inChannels } }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
};
