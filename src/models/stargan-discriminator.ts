import { flatten } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { Conv2d, LeakyReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { isKernel, kernelChannels, unsupportedWeights, type StateShapes } from './state-shapes.js';

/** Options of a StarGANDiscriminator: its size, its channels and its labels. The defaults are those of the authors' program. */
export interface StarGANDiscriminatorOptions {
  /** The side of the images in pixels: a multiple of 2^layers, of at most 1024. Default 128. */
  size?: number;
  /** Channels of the images. Default 3. */
  inChannels?: number;
  /** Labels that it finds in an image. Default 5. */
  labels?: number;
  /** Channels after the first layer; doubled by each further one. Default 64. */
  ndf?: number;
  /** Layers that halve the image, from 1 to 8. Default 6. */
  layers?: number;
}

const NETWORK = 'a StarGAN discriminator';
const KERNEL = 4;
const SLOPE = 0.01;
/** Eight layers have 128 times ndf channels, and leave 4 x 4 of 1024 x 1024 pixels. */
const MOST_LAYERS = 8;
const MOST_SIDE = 1024;

const isSize = (size: number, layers: number): boolean =>
  Number.isSafeInteger(size) && size >= 1 && size <= MOST_SIDE && size % 2 ** layers === 0;

/** What a StarGANDiscriminator finds in images. */
export type StarGANJudgement = {
  /** Logits of being real, a map of [batch, h, w, 1]; 2 x 2 of 128 x 128 pixels. */
  readonly source: Tensor;
  /** Logits of the labels, [batch, labels]. */
  readonly classes: Tensor;
};

/**
 * The discriminator of StarGAN (Choi et al. 2018): it judges whether images are real, patch by patch, and which labels they have.
 * Parameter names are those of the authors' PyTorch program (yunjey/stargan). 44,762,048 parameters for 128 x 128 pixels and 5 labels.
 *
 *     const { source, classes } = discriminator.outputs(images);     // [16, 2, 2, 1] and [16, 5]
 */
export class StarGANDiscriminator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<StarGANDiscriminatorOptions>>;
  /** Channels of the images. */
  readonly inChannels: number;
  private readonly main = this.child('main', new Sequential());
  private readonly source: Conv2d;
  private readonly classes: Conv2d;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: StarGANDiscriminatorOptions = {}) {
    super();
    const names = ['size', 'inChannels', 'labels', 'ndf', 'layers'] as const;
    const { size = 128, inChannels = 3, labels = 5, ndf = 64, layers = 6 } = expectOptions(NETWORK, options, names);
    checkCounts(NETWORK, { inChannels, labels, ndf, layers });
    if (layers > MOST_LAYERS) throw refused(`layers of ${NETWORK}`, `at most ${MOST_LAYERS}`, layers);
    if (!isSize(size, layers))
      throw refused(`size of ${NETWORK}`, `a multiple of ${2 ** layers}, which its ${layers} layers halve, of at most ${MOST_SIDE}`, size);
    this.options = Object.freeze({ size, inChannels, labels, ndf, layers });
    this.inChannels = inChannels;
    // Numbers are places in the program's nn.Sequential: convolution, then leaky ReLU.
    let channels = inChannels;
    for (let layer = 0; layer < layers; layer++) {
      const outChannels = ndf * 2 ** layer;
      this.main.add(new Conv2d({ inChannels: channels, outChannels, kernel: KERNEL, stride: 2, padding: 1 }), String(2 * layer));
      this.main.add(new LeakyReLU(SLOPE), String(2 * layer + 1));
      channels = outChannels;
    }
    const head = { inChannels: channels, bias: false };
    this.source = this.child('conv1', new Conv2d({ ...head, outChannels: 1, kernel: 3, padding: 1 }));
    this.classes = this.child('conv2', new Conv2d({ ...head, outChannels: labels, kernel: size / 2 ** layers }));
  }

  /**
   * Judges whether images are real, and leaves their labels alone: what its gradient penalty takes.
   *
   * @param x [batch, size, size, in channels], in [-1, 1]
   * @returns the `source` of outputs(): logits [batch, h, w, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    return this.source.forward(this.features(x, mode), { ...mode, out });
  }

  /**
   * Judges whether images are real, and which labels they have.
   *
   * @param x as forward() takes it
   * @throws as forward()
   */
  outputs(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): StarGANJudgement {
    const mode = expectOptions('StarGANDiscriminator.outputs()', options, ['training', 'statistics', 'dropout']);
    const features = this.features(x, mode);
    return { source: this.source.forward(features, mode), classes: flatten(this.classes.forward(features, mode), 1) };
  }

  private features(x: Tensor, mode: ForwardOptions): Tensor {
    const { size, inChannels } = this.options;
    expectInput({ network: NETWORK, height: size, width: size, channels: inChannels, of: 'images' }, x);
    return this.main.forward(x, mode);
  }
}

function inferOptions(tensors: StateShapes, label: string): StarGANDiscriminatorOptions {
  const [ndf, inChannels] = kernelChannels(tensors, 'main.0.weight', KERNEL, label);
  let layers = 1;
  while (tensors.has(`main.${2 * layers}.weight`)) layers++;
  const [labels = 0, , side = 0] = tensors.get('conv2.weight') ?? [];
  kernelChannels(tensors, 'conv2.weight', side, label);
  const size = side * 2 ** layers;
  if (layers <= MOST_LAYERS && isSize(size, layers)) return { size, inChannels, labels, ndf, layers };
  throw unsupportedWeights(
    `${label}: this StarGAN discriminator is of another size`,
    `${layers} layers for images of ${size} x ${size}`,
    `at most ${MOST_LAYERS} layers, and images of at most ${MOST_SIDE} pixels`,
  );
}

/** The row of StarGAN discriminators. */
export const STARGAN_DISCRIMINATOR: NetworkKind<StarGANDiscriminator> = {
  kind: 'stargan-discriminator',
  role: 'discriminator',
  title: 'StarGAN discriminator',
  network: StarGANDiscriminator,
  describe: ({ options: { size, inChannels, labels, ndf, layers } }) => [
    `StarGAN discriminator of ${size} x ${size}`,
    `${inChannels} channels`,
    `${labels} labels`,
    `ndf ${ndf}`,
    layers !== 6 && `${layers} layers`,
  ],
  exampleInput: ({ options: { size, inChannels } }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
  pytorch: {
    anchor: 'main.0.weight',
    looksLike: (tensors) =>
      isKernel(tensors.get('main.0.weight'), KERNEL) && isKernel(tensors.get('conv1.weight'), 3) && tensors.has('conv2.weight'),
    options: inferOptions,
  },
};
