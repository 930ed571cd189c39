import { avgPool2d } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { expectTensor } from '../kernels/elements.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Judgement, NetworkKind } from './kind.js';
import { PATCHGAN, PatchGAN, type PatchGANOptions } from './patchgan.js';
import { describeVariant } from './variants.js';

/** Options of a MultiscalePatchGAN: those of each of its PatchGANs, and how many there are. */
export interface MultiscalePatchGANOptions extends PatchGANOptions {
  /** How many PatchGANs there are, each for images of half the size of those before. Default 2. */
  discriminators?: number;
}

const OPTIONS = ['discriminators', 'inChannels', 'ndf', 'layers', 'norm', 'bias', 'epsilon', 'slope'] as const;
/** Each halves the image once more. */
const MOST = 6;

/**
 * The discriminator of pix2pixHD (Wang et al. 2018): several PatchGANs of one architecture, each with weights of its own, of which the
 * first judges images as they are, and each further one the means of 3 x 3 pixels at every second pixel of those before. Parameters are
 * those of each PatchGAN under `scale0`, `scale1` and so on, the largest images first.
 */
export class MultiscalePatchGAN extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<MultiscalePatchGANOptions>>;
  /** Channels of the condition and the image together. */
  readonly inChannels: number;
  private readonly scales: readonly PatchGAN[];

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(given: MultiscalePatchGANOptions = {}) {
    super();
    expectOptions('a multi-scale PatchGAN', given, OPTIONS);
    const { discriminators = 2, ...each } = given;
    checkCounts('a multi-scale PatchGAN', { discriminators });
    if (discriminators > MOST) throw refused('discriminators of a multi-scale PatchGAN', `at most ${MOST}`, discriminators);
    this.scales = Array.from({ length: discriminators }, (_, scale) => this.child(`scale${scale}`, new PatchGAN(each)));
    const { options } = this.scales[0]!;
    this.options = Object.freeze({ ...options, discriminators });
    this.inChannels = options.inChannels;
  }

  /**
   * Judges every patch of a batch of images as they are; outputs() and judge() have the smaller ones, too.
   *
   * @param x [batch, h, w, in channels]: the condition's channels, then the image's
   * @throws as PatchGAN.forward()
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.scales[0]!.forward(x, forwardOptions(this, options));
  }

  /** The logits of each PatchGAN, by its name. @throws as forward() */
  outputs(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(this.judge(x, options).map(({ logits }, scale) => [`scale${scale}`, logits]));
  }

  /** What each PatchGAN says of images, the largest first. @throws as forward() */
  judge(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Judgement[] {
    forwardOptions(this, options);
    expectTensor('a multi-scale PatchGAN', 'x', x);
    let image = x;
    return this.scales.flatMap((each, scale) => {
      if (scale > 0) image = avgPool2d(image, { kernel: 3, stride: 2, padding: 1, countIncludePad: false });
      return each.judge(image, options);
    });
  }
}

/** The row of discriminators of several scales. */
export const MULTISCALE_PATCHGAN: NetworkKind<MultiscalePatchGAN> = {
  kind: 'multiscale-patchgan',
  role: 'discriminator',
  title: 'multi-scale PatchGAN',
  network: MultiscalePatchGAN,
  describe: ({ options }) => [
    `${options.discriminators} PatchGANs, each for half the size`,
    `${options.inChannels} channels`,
    `ndf ${options.ndf}`,
    `${options.layers} layers`,
    ...describeVariant(options),
  ],
  exampleInput: ({ options: { discriminators, inChannels, layers } }) => {
    const [, side] = PATCHGAN.exampleInput(new PatchGAN({ layers })).shape as [number, number];
    const largest = side * 2 ** (discriminators - 1);
    return { shape: [1, largest, largest, inChannels], dynamicAxes: [0] };
  },
  chosen: {
    follows: ['layers', 'discriminators'],
    leastSize: (wanted) => PATCHGAN.chosen!.leastSize!(wanted) * 2 ** ((wanted.discriminators ?? 2) - 1),
    options: ({ width, inChannels, norm, layers, discriminators }) => ({ inChannels, ndf: width, norm, layers, discriminators }),
  },
};
