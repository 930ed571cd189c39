import { concat, relu, sigmoid, sliceChannels } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { Dropout, ReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { ganLinear } from './gan-generator.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import type { MadeImages, NoiseInput } from './noise.js';
import { imagesOf } from './vectors.js';

/** Options of a CGANGenerator: its size, its labels and its widths. The defaults are those of the paper for MNIST. */
export interface CGANGeneratorOptions {
  /** The side of the images in pixels. Default 28. */
  size?: number;
  /** Random numbers that an image is made of. Default 100. */
  nz?: number;
  /** Labels that say what an image is to show. Default 10. */
  labels?: number;
  /** Units that the random numbers go into. Default 200. */
  noiseUnits?: number;
  /** Units that the labels go into. Default 1000. */
  labelUnits?: number;
  /** Units of the layer that joins both. Default 1200. */
  units?: number;
  /** Channels of the images. Default 1. */
  outChannels?: number;
}

const NETWORK = 'a CGAN generator';
const OPTIONS = ['size', 'nz', 'labels', 'noiseUnits', 'labelUnits', 'units', 'outChannels'] as const;
const DROPPED = 0.5;

/**
 * The generator of conditional GANs (Mirza and Osindero 2014, for MNIST): random numbers and labels each go into ReLUs of their own, then
 * into a layer that joins them, and a sigmoid makes each pixel. 2,413,984 parameters with the defaults. The paper does not say where it
 * drops half of the units, nor how weights begin: here at what goes into the layers after the first, and as in the code of the first GAN.
 * Its images are in [0, 1].
 *
 *     const generator = new CGANGenerator().to(gpu, { seed: 1 });
 *     const digits = generator.forward(withLabels(rand(gpu, [10, 1, 1, 100], { seed: 2 }), oneHot(classes, 10)));     // [10, 28, 28, 1]
 */
export class CGANGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<CGANGeneratorOptions>>;
  /** What it makes images of. */
  readonly takes: NoiseInput;
  /** What its images are like. */
  readonly makes: MadeImages;
  private readonly noise;
  private readonly labels;
  private readonly model;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: CGANGeneratorOptions = {}) {
    super();
    const {
      size = 28,
      nz = 100,
      labels = 10,
      noiseUnits = 200,
      labelUnits = 1000,
      units = 1200,
      outChannels = 1,
    } = expectOptions(NETWORK, options, OPTIONS);
    this.options = Object.freeze({ size, nz, labels, noiseUnits, labelUnits, units, outChannels });
    checkCounts(NETWORK, this.options);
    this.takes = { numbers: nz, labels, drawn: { low: 0, high: 1 } };
    this.makes = { size, channels: outChannels, black: 0 };
    this.noise = this.child('noise', ganLinear(nz, noiseUnits));
    this.labels = this.child('labels', ganLinear(labels, labelUnits));
    this.model = this.child('model', new Sequential());
    for (const layer of [
      new Dropout(DROPPED),
      ganLinear(noiseUnits + labelUnits, units),
      new ReLU(),
      new Dropout(DROPPED),
      ganLinear(units, outChannels * size ** 2),
    ])
      this.model.add(layer);
  }

  /**
   * Makes an image of each row of random numbers and its labels.
   *
   * @param x [batch, 1, 1, nz + labels], as withLabels() joins them; the random numbers in the paper uniform between 0 and 1
   * @returns [batch, size, size, out channels], in [0, 1]
   * @throws SHAPE_MISMATCH for another number of either; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const { size, nz, labels, outChannels } = this.options;
    expectInput({ network: NETWORK, height: 1, width: 1, channels: nz + labels, of: `${nz} random numbers, then ${labels} labels` }, x);
    const noise = relu(this.noise.forward(sliceChannels(x, 0, nz), mode));
    const wanted = relu(this.labels.forward(sliceChannels(x, nz, nz + labels), mode));
    return sigmoid(imagesOf(this.model.forward(concat([noise, wanted]), mode), [size, size, outChannels]), { out });
  }
}

/** The row of CGAN generators. */
export const CGAN_GENERATOR: NetworkKind<CGANGenerator> = {
  kind: 'cgan-generator',
  role: 'generator',
  title: 'CGAN generator',
  network: CGANGenerator,
  describe: ({ options: { size, nz, labels, noiseUnits, labelUnits, units, outChannels } }) => [
    `CGAN generator of ${size} x ${size}`,
    `${nz} random numbers and ${labels} labels -> ${outChannels} channels`,
    `${noiseUnits} + ${labelUnits} and ${units} units`,
  ],
  exampleInput: ({ options: { nz, labels } }) => ({ shape: [1, 1, 1, nz + labels], dynamicAxes: [0] }),
};
