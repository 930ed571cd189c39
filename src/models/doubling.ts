import { upsample } from '../autograd/ops.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { constant, normal } from '../nn/initializers.js';
import { Conv2d } from '../nn/layers.js';
import type { Tensor } from '../tensor/tensor.js';

/** How a decoder doubles an image: by a transposed convolution, or by resizing it and a convolution of 3 x 3. */
export type Upsampling = 'transposed' | 'nearest' | 'bilinear';

/** The ways to double an image, the reference's first. */
export const UPSAMPLINGS: readonly Upsampling[] = ['transposed', 'nearest', 'bilinear'];

/** The height and width of a resize-convolution's kernel. */
export const RESIZE_KERNEL = 3;

interface DoublingOptions {
  inChannels: number;
  outChannels: number;
  bias?: boolean;
}

/**
 * A resize-convolution (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016): an image is resized to twice its height and
 * width, and convolved. Every pixel is then made of as many weights as its neighbours, which those of a transposed convolution are not,
 * so that no checkerboard shows. Padded with the mirror image, as the authors of pix2pix recommend it: zeros darken the border. It has the
 * names of the convolution alone.
 */
class ResizeConv2d extends Conv2d {
  constructor(
    options: DoublingOptions,
    private readonly mode: 'nearest' | 'bilinear',
  ) {
    super({
      ...options,
      kernel: RESIZE_KERNEL,
      padding: 1,
      paddingMode: 'reflect',
      initializer: normal(0, 0.02),
      biasInitializer: constant(0),
    });
  }

  override forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    forwardOptions(this, options);
    return super.forward(upsample(x, { scale: 2, mode: this.mode }), options);
  }
}

/**
 * The layer that doubles an image in a decoder.
 *
 * @param transposed makes it where it is the network's own transposed convolution
 */
export function doublingLayer<O extends DoublingOptions>(how: Upsampling, options: O, transposed: (options: O) => Layer): Layer {
  if (how === 'transposed') return transposed(options);
  const { inChannels, outChannels, bias } = options;
  return new ResizeConv2d({ inChannels, outChannels, ...(bias !== undefined && { bias }) }, how);
}

/** What the options of a network say of it in words, where it is not as in the reference. */
export const describeUpsampling = (how: Upsampling): string | false => how !== 'transposed' && `${how} upsampling`;
