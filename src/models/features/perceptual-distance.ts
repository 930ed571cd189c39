import { add, div, mean, sqrt, square, sub, sum } from '../../autograd/ops.js';
import { expectFloats } from '../../kernels/elements.js';
import type { Gpu } from '../../gpu/gpu.js';
import { Conv2d, Sequential } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import { checkCounts } from '../../nn/options.js';
import { notPlaced } from '../../nn/parameter.js';
import { ShadegradError } from '../../errors.js';
import { expectShape, formatShape, imageShape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import type { FeatureNetwork } from './kind.js';

/** The means and deviations of ImageNet's colours in [0, 1], of pictures in [-1, 1], as version 0.1 of LPIPS rounds them. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
/** Added to the squared length of a pixel's features, so that one of none has a gradient; 1e-10 of LPIPS, added to the length. */
const LENGTH_EPSILON = 1e-20;

/**
 * The learned perceptual distance of pictures, LPIPS, version 0.1 (Zhang et al. 2018): how far apart a network's features of two
 * pictures lie, each layer's pixels at length 1, weighted as people were found to see it. Names of parameters are those of the package
 * lpips: those of the network below `net.`, and `lin0.model.1.weight` and so on.
 */
export class PerceptualDistance extends Module {
  /** The weights of each layer whose features are compared: `lin0` and so on. */
  readonly layers: readonly Sequential[];
  /** What pictures are scaled by before the network, while on a device. */
  #scaling: { readonly shift: Tensor; readonly scale: Tensor } | null = null;

  /**
   * Builds the distance about a network, on no device yet.
   *
   * @param network that has no other place
   * @param channels of its features, layer by layer
   * @throws INVALID_ARGUMENT for other numbers, or a network that has a place
   */
  constructor(
    readonly network: FeatureNetwork,
    channels: readonly number[],
  ) {
    super();
    checkCounts('a PerceptualDistance', Object.fromEntries(channels.map((count, layer) => [`channels[${layer}]`, count])));
    this.child('net', network);
    this.layers = channels.map((inChannels, layer) => {
      const weight = new Conv2d({ inChannels, outChannels: 1, kernel: 1, bias: false });
      // The dropout of its training stands at the place 0.
      return this.child(`lin${layer}`, new Sequential({ model: new Sequential({ 1: weight }) }));
    });
  }

  protected override onPlaced(gpu: Gpu): void {
    const constants = (numbers: readonly number[], label: string): Tensor => Tensor.from(gpu, numbers, [numbers.length], label).keep();
    this.#scaling = { shift: constants(SHIFT, 'shift of LPIPS'), scale: constants(SCALE, 'scale of LPIPS') };
  }

  protected override onDisposed(): void {
    this.#scaling?.shift.dispose();
    this.#scaling?.scale.dispose();
    this.#scaling = null;
  }

  /**
   * Measures how far pictures lie from others.
   *
   * @param x [batch, h, w, 3] RGB in [-1, 1]
   * @param y of the same shape
   * @returns [batch]; 0 for equal pictures
   * @throws SHAPE_MISMATCH for other shapes, or images smaller than `leastSize` of the network; INVALID_ARGUMENT on no device, or for
   *   other types; DEVICE_MISMATCH, USE_AFTER_FREE
   */
  forward(x: Tensor, y: Tensor): Tensor {
    expectFloats('PerceptualDistance', { x, y });
    const [batch, height, width, channels] = imageShape(x.shape, 'pictures of a PerceptualDistance');
    expectShape('the second pictures of a PerceptualDistance', x.shape, y.shape);
    const { leastSize } = this.network;
    if (channels !== 3 || Math.min(height, width) < leastSize) {
      throw new ShadegradError('SHAPE_MISMATCH', 'pictures of a PerceptualDistance', {
        expected: `RGB, at least ${leastSize} x ${leastSize} pixels`,
        received: formatShape(x.shape),
        fix: 'make images larger before they are compared',
      });
    }
    const [own, theirs] = [this.#features(x), this.#features(y)];
    const parts = this.layers.map((weight, layer) => {
      const difference = square(sub(unit(own[layer]!), unit(theirs[layer]!)));
      return mean(weight.forward(difference, { training: false }), { axes: [1, 2, 3] });
    });
    return parts.reduce((total, part) => add(total, part)).reshape([batch]);
  }

  #features(x: Tensor): Tensor[] {
    if (!this.#scaling) throw notPlaced();
    const { shift, scale } = this.#scaling;
    return this.network.features(div(sub(x, shift), scale), { training: false });
  }
}

/** The features of every pixel at length 1. */
function unit(features: Tensor): Tensor {
  return div(features, sqrt(add(sum(square(features), { axes: [3], keepDims: true }), LENGTH_EPSILON)));
}
