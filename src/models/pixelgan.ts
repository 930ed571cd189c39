import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { constant, normal } from '../nn/initializers.js';
import { Conv2d, LeakyReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkChoice, checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { pix2pixNorm, type Norm } from './defaults.js';
import type { NetworkKind } from './kind.js';
import { inferNorm, isKernel, kernelChannels, type StateShapes } from './state-shapes.js';

/** Options of a PixelGAN: its channels and its norm. The defaults are the PyTorch reference's. */
export interface PixelGANOptions {
  /** Channels of the condition and the image together. Default 6. */
  inChannels?: number;
  /** Channels after the first layer; doubled by the second. Default 64. */
  ndf?: number;
  /** The normalisation. With 'instance', every convolution has a bias; with others only the first one. Default 'batch'. */
  norm?: Norm;
}

const NORMS: readonly string[] = ['batch', 'instance', 'none'] satisfies Norm[];
const SLOPE = 0.2;

/**
 * The discriminator of pix2pix's 1 x 1 "PixelGAN" (Isola et al. 2017, section 4.4): it judges every pixel by itself, one logit each.
 * Parameter names are those of the PyTorch reference implementation. 9,024 parameters with 6 channels in and ndf 64.
 */
export class PixelGAN extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<PixelGANOptions>>;
  /** Channels of the condition and the image together. */
  readonly inChannels: number;
  /** The side of the square of pixels that one logit sees. */
  readonly receptiveField = 1;
  /** Pixels from the middle of a patch to that of the next. */
  readonly patchStride = 1;
  private readonly net = this.child('net', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: PixelGANOptions = {}) {
    super();
    const { inChannels = 6, ndf = 64, norm = 'batch' } = expectOptions('a PixelGAN', options, ['inChannels', 'ndf', 'norm']);
    checkCounts('a PixelGAN', { inChannels, ndf });
    checkChoice('norm of a PixelGAN', norm, NORMS);
    this.options = Object.freeze({ inChannels, ndf, norm });
    this.inChannels = inChannels;
    const biased = norm === 'instance';
    const conv = (channels: number, outChannels: number, bias: boolean): Conv2d =>
      new Conv2d({ inChannels: channels, outChannels, kernel: 1, bias, initializer: normal(0, 0.02), biasInitializer: constant(0) });
    // Numbers are places in the reference's nn.Sequential, that of the norm also where there is none.
    this.net.add(conv(inChannels, ndf, true), '0');
    this.net.add(new LeakyReLU(SLOPE), '1');
    this.net.add(conv(ndf, 2 * ndf, biased), '2');
    const normed = pix2pixNorm(norm, 2 * ndf);
    if (normed) this.net.add(normed, '3');
    this.net.add(new LeakyReLU(SLOPE), '4');
    this.net.add(conv(2 * ndf, 1, biased), '5');
  }

  /**
   * Judges every pixel of a batch of images.
   *
   * @param x [batch, h, w, in channels]: the condition's channels, then the image's
   * @returns logits [batch, h, w, 1]
   * @throws SHAPE_MISMATCH for other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.net.forward(x, forwardOptions(this, options));
  }
}

function inferOptions(tensors: StateShapes, label: string): PixelGANOptions {
  const [ndf, inChannels] = kernelChannels(tensors, 'net.0.weight', 1, label);
  return { inChannels, ndf, norm: inferNorm(tensors, 'net.2', 'net.3', label) };
}

/** The row of PixelGANs. */
export const PIXELGAN: NetworkKind<PixelGAN> = {
  kind: 'pixelgan',
  role: 'discriminator',
  title: 'PixelGAN',
  network: PixelGAN,
  describe: ({ options: { inChannels, ndf, norm } }) => [
    'PixelGAN',
    `${inChannels} channels`,
    `ndf ${ndf}`,
    norm === 'none' ? 'no norm' : `${norm} norm`,
  ],
  exampleInput: ({ inChannels }) => ({ shape: [1, 64, 64, inChannels], dynamicAxes: [0, 1, 2] }),
  chosen: {
    follows: [],
    options: ({ width, inChannels, norm }) => ({ inChannels, ndf: width, norm }),
  },
  pytorch: {
    anchor: 'net.0.weight',
    looksLike: (tensors) => isKernel(tensors.get('net.0.weight'), 1) && isKernel(tensors.get('net.5.weight'), 1),
    options: inferOptions,
  },
};
