import { expectTensor } from '../../kernels/elements.js';
import { avgPool2d, globalAveragePool, maxPool2d, type AveragePoolOptions, type PoolOptions } from '../../autograd/ops.js';
import { ShadegradError } from '../../errors.js';
import { expectOptions } from '../../checks.js';
import { formatShape, imageShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkChoice, checkPair, type Pair } from '../options.js';
import { placed } from './out.js';

/** Options of MaxPool2d: those of maxPool2d(), without a place for the result. */
export type PoolLayerOptions = Omit<PoolOptions, 'out'>;
/** Options of AvgPool2d: those of avgPool2d(), without a place for the result. */
export type AveragePoolLayerOptions = Omit<AveragePoolOptions, 'out'>;

const POOL_OPTIONS = ['kernel', 'stride', 'padding', 'ceilMode'] as const;

/** The options with their defaults. @throws INVALID_ARGUMENT */
function geometryOf(what: string, options: PoolLayerOptions): Required<PoolLayerOptions> {
  const { kernel, stride = kernel, padding = 0, ceilMode = false } = options;
  checkChoice(`ceilMode of ${what}`, ceilMode, [true, false]);
  return {
    kernel: checkPair(`kernel of ${what}`, kernel),
    stride: checkPair(`stride of ${what}`, stride),
    padding: checkPair(`padding of ${what}`, padding, 0),
    ceilMode,
  };
}

/**
 * Pools the largest number of each window, as torch.nn.MaxPool2d:
 *
 *     new MaxPool2d({ kernel: 2 })                             // nn.MaxPool2d(2): half the height and width
 *     new MaxPool2d({ kernel: 3, stride: 2, padding: 1 })      // nn.MaxPool2d(3, 2, 1)
 */
export class MaxPool2d extends Module {
  private readonly geometry: Required<PoolLayerOptions>;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: PoolLayerOptions) {
    super();
    this.geometry = geometryOf('a MaxPool2d', expectOptions('a MaxPool2d', options, POOL_OPTIONS, { required: ['kernel'] }));
  }

  /**
   * Takes the largest number of each window.
   *
   * @param x [batch, height, width, channels]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as maxPool2d()
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return maxPool2d(x, { ...this.geometry, out });
  }
}

/** Pools the mean of each window, as torch.nn.AvgPool2d: `new AvgPool2d({ kernel: 2 })`. */
export class AvgPool2d extends Module {
  private readonly geometry: Required<AveragePoolLayerOptions>;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: AveragePoolLayerOptions) {
    super();
    expectOptions('an AvgPool2d', options, [...POOL_OPTIONS, 'countIncludePad'], { required: ['kernel'] });
    const { countIncludePad = true, ...pool } = options;
    checkChoice('countIncludePad of an AvgPool2d', countIncludePad, [true, false]);
    this.geometry = { ...geometryOf('an AvgPool2d', pool), countIncludePad };
  }

  /**
   * Takes the mean of each window.
   *
   * @param x [batch, height, width, channels]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as avgPool2d()
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return avgPool2d(x, { ...this.geometry, out });
  }
}

/**
 * Means of equal parts of an image, so many that the result has a given size, as torch.nn.AdaptiveAvgPool2d; of size 1 the mean of
 * every channel. PyTorch also takes images that do not divide into equal parts, and lets the parts overlap.
 *
 *     new AdaptiveAvgPool2d(1)        // [batch, 1, 1, channels], whatever the size of the images
 */
export class AdaptiveAvgPool2d extends Module {
  private readonly size: readonly [number, number];

  /** Makes the layer. @param size height and width of the result, or both @throws INVALID_ARGUMENT unless whole numbers from 1 up */
  constructor(size: Pair) {
    super();
    this.size = checkPair('size of an AdaptiveAvgPool2d', size);
  }

  /**
   * Takes the means of the parts.
   *
   * @param x [batch, height, width, channels]
   * @returns [batch, size, size, channels]
   * @throws SHAPE_MISMATCH for images whose height and width are no multiples of the size; as avgPool2d()
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    expectTensor('AdaptiveAvgPool2d', 'x', x);
    const [, height, width] = imageShape(x.shape, 'input of an AdaptiveAvgPool2d');
    const [rows, columns] = this.size;
    if (rows === 1 && columns === 1) return placed('globalAveragePool', x, out, () => globalAveragePool(x));
    if (height % rows !== 0 || width % columns !== 0) {
      throw new ShadegradError('SHAPE_MISMATCH', 'input of an AdaptiveAvgPool2d', {
        expected: `a height that is a multiple of ${rows}, and a width that is one of ${columns}`,
        received: formatShape(x.shape),
        fix: 'resize the image with upsample(), extend it with pad(), or use an AvgPool2d with a kernel and stride of your own',
      });
    }
    return avgPool2d(x, { kernel: [height / rows, width / columns], out });
  }
}
