import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { LeakyReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkDCGANSize, DCGAN_KERNEL, dcganSize, dcganStages } from './dcgan-size.js';
import { pix2pixConv, pix2pixNorm } from './defaults.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import { isKernel, kernelChannels, type StateShapes } from './state-shapes.js';

/** Options of a DCGANDiscriminator: its size and its channels. The defaults are those of PyTorch's example. */
export interface DCGANDiscriminatorOptions {
  /** The side of the images in pixels, a power of two from 32 to 1024. Default 64. */
  size?: number;
  /** Channels after the first layer; doubled by each further one. Default 64. */
  ndf?: number;
  /** Channels of the images. Default 3. */
  inChannels?: number;
}

const NETWORK = 'a DCGAN discriminator';
const SLOPE = 0.2;

/**
 * The discriminator of DCGAN (Radford et al. 2016), as PyTorch's example has it: convolutions halve the image to 4 x 4 pixels, the last
 * one judges it as a whole. It ends with the logit; the example's sigmoid belongs to the loss here. Parameter names are those of that
 * example. 2,765,568 parameters with the defaults, for 64 x 64 pixels.
 */
export class DCGANDiscriminator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<DCGANDiscriminatorOptions>>;
  /** Channels of the images. */
  readonly inChannels: number;
  private readonly main = this.child('main', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: DCGANDiscriminatorOptions = {}) {
    super();
    const { size = 64, ndf = 64, inChannels = 3 } = expectOptions(NETWORK, options, ['size', 'ndf', 'inChannels']);
    checkDCGANSize(NETWORK, size);
    checkCounts(NETWORK, { ndf, inChannels });
    this.options = Object.freeze({ size, ndf, inChannels });
    this.inChannels = inChannels;
    const stages = dcganStages(size);
    // Numbers are places in the example's nn.Sequential: convolution, norm and leaky ReLU; the first stage has no norm and no place for it.
    let position = 0;
    for (let stage = 0, channels = inChannels; stage < stages; stage++) {
      const made = ndf * 2 ** stage;
      this.main.add(pix2pixConv({ inChannels: channels, outChannels: made, bias: false }), String(position++));
      if (stage > 0) this.main.add(pix2pixNorm('batch', made)!, String(position++));
      this.main.add(new LeakyReLU(SLOPE), String(position++));
      channels = made;
    }
    const last = pix2pixConv({ inChannels: ndf * 2 ** (stages - 1), outChannels: 1, stride: 1, padding: 0, bias: false });
    this.main.add(last, String(position));
  }

  /**
   * Judges each image of a batch.
   *
   * @param x [batch, size, size, in channels], in [-1, 1]
   * @returns logits [batch, 1, 1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const checked = forwardOptions(this, options);
    const { size, inChannels } = this.options;
    expectInput({ network: NETWORK, height: size, width: size, channels: inChannels, of: 'images' }, x);
    return this.main.forward(x, checked);
  }
}

function inferOptions(tensors: StateShapes, label: string): DCGANDiscriminatorOptions {
  const [ndf, inChannels] = kernelChannels(tensors, 'main.0.weight', DCGAN_KERNEL, label);
  let stages = 1;
  while (tensors.has(`main.${3 * stages + 2}.weight`)) stages++;
  kernelChannels(tensors, `main.${3 * stages - 1}.weight`, DCGAN_KERNEL, label);
  return { size: dcganSize(stages, label), ndf, inChannels };
}

/** The row of DCGAN discriminators. */
export const DCGAN_DISCRIMINATOR: NetworkKind<DCGANDiscriminator> = {
  kind: 'dcgan-discriminator',
  role: 'discriminator',
  title: 'DCGAN discriminator',
  network: DCGANDiscriminator,
  describe: ({ options: { size, ndf, inChannels } }) => [
    `DCGAN discriminator of ${size} x ${size}`,
    `${inChannels} channels`,
    `ndf ${ndf}`,
  ],
  exampleInput: ({ options: { size, inChannels } }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
  pytorch: {
    anchor: 'main.0.weight',
    looksLike: (tensors) =>
      isKernel(tensors.get('main.0.weight'), DCGAN_KERNEL) &&
      isKernel(tensors.get('main.2.weight'), DCGAN_KERNEL) &&
      tensors.get('main.3.weight')?.length === 1,
    options: inferOptions,
  },
};
