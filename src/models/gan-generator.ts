import { sigmoid } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { constant, uniform } from '../nn/initializers.js';
import { Linear, ReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import type { MadeImages, NoiseInput } from './noise.js';
import { imagesOf } from './vectors.js';

/** Options of a GANGenerator: its size, its random numbers and its width. The defaults are those of the paper's code for MNIST. */
export interface GANGeneratorOptions {
  /** The side of the images in pixels. Default 28. */
  size?: number;
  /** Random numbers that an image is made of. Default 100. */
  nz?: number;
  /** Units of each of the two hidden layers. Default 1200. */
  units?: number;
  /** Channels of the images. Default 1. */
  outChannels?: number;
}

const NETWORK = 'a GAN generator';

/** A fully connected layer of a generator, its weights as in the paper's code. */
export const ganLinear = (inFeatures: number, outFeatures: number): Linear =>
  new Linear({ inFeatures, outFeatures, initializer: uniform(-0.05, 0.05), biasInitializer: constant(0) });

/**
 * The generator of the first generative adversarial networks (Goodfellow et al. 2014, its code for MNIST): two layers of ReLUs, then a
 * sigmoid for each pixel. 2,503,984 parameters with the defaults. Its images are in [0, 1], unlike those of the other generators.
 *
 *     const generator = new GANGenerator().to(gpu, { seed: 1 });
 *     const noise = mul(sub(rand(gpu, [100, 1, 1, 100], { seed: 2 }), 0.5), 2 * Math.sqrt(3));
 *     const digits = generator.forward(noise);                            // [100, 28, 28, 1]
 */
export class GANGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<GANGeneratorOptions>>;
  /** What it makes images of. */
  readonly takes: NoiseInput;
  /** What its images are like. */
  readonly makes: MadeImages;
  private readonly model = this.child('model', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: GANGeneratorOptions = {}) {
    super();
    const { size = 28, nz = 100, units = 1200, outChannels = 1 } = expectOptions(NETWORK, options, ['size', 'nz', 'units', 'outChannels']);
    checkCounts(NETWORK, { size, nz, units, outChannels });
    this.options = Object.freeze({ size, nz, units, outChannels });
    this.takes = { numbers: nz, labels: 0, drawn: { low: -Math.sqrt(3), high: Math.sqrt(3) } };
    this.makes = { size, channels: outChannels, black: 0 };
    for (const layer of [ganLinear(nz, units), new ReLU(), ganLinear(units, units), new ReLU(), ganLinear(units, outChannels * size ** 2)])
      this.model.add(layer);
  }

  /**
   * Makes an image of each row of random numbers.
   *
   * @param x [batch, 1, 1, nz], in the paper's code uniform between plus and minus the root of 3
   * @returns [batch, size, size, out channels], in [0, 1]
   * @throws SHAPE_MISMATCH for another number of random numbers; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const { size, nz, outChannels } = this.options;
    expectInput({ network: NETWORK, height: 1, width: 1, channels: nz, of: 'random numbers' }, x);
    return sigmoid(imagesOf(this.model.forward(x, mode), [size, size, outChannels]), { out });
  }
}

/** The row of GAN generators. */
export const GAN_GENERATOR: NetworkKind<GANGenerator> = {
  kind: 'gan-generator',
  role: 'generator',
  title: 'GAN generator',
  network: GANGenerator,
  describe: ({ options: { size, nz, units, outChannels } }) => [
    `GAN generator of ${size} x ${size}`,
    `${nz} random numbers -> ${outChannels} channels`,
    `${units} units`,
  ],
  exampleInput: ({ options: { nz } }) => ({ shape: [1, 1, 1, nz], dynamicAxes: [0] }),
};
