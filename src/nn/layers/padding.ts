import { pad, type PadMode } from '../../autograd/ops.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { refused } from '../options.js';

/** Pixels on every side, or [top, bottom, left, right], as pad() takes them. PyTorch has (left, right, top, bottom). */
export type PaddingOfSides = number | readonly [top: number, bottom: number, left: number, right: number];

/** What the three have in common: all but what lies in the margins. */
abstract class PadLayer extends Module {
  private readonly margins: readonly [number, number, number, number];

  constructor(
    padding: PaddingOfSides,
    private readonly mode: PadMode,
  ) {
    super();
    const sides = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
    if (!(Array.isArray(sides) && sides.length === 4 && sides.every((each) => Number.isSafeInteger(each) && each >= 0))) {
      throw refused(`padding of a ${this.constructor.name}`, 'a whole number of at least 0, or [top, bottom, left, right]', padding);
    }
    const [top, bottom, left, right] = sides as [number, number, number, number];
    this.margins = [top, bottom, left, right];
  }

  /**
   * Extends images by the margins.
   *
   * @param x [batch, height, width, channels]
   * @returns [batch, top + height + bottom, left + width + right, channels]
   * @throws SHAPE_MISMATCH; INVALID_ARGUMENT for a reflection of more pixels than there are
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return pad(x, this.margins, { mode: this.mode, out });
  }
}

/** Pads images with zeros, as torch.nn.ZeroPad2d: `new ZeroPad2d(1)`, or [top, bottom, left, right]. */
export class ZeroPad2d extends PadLayer {
  /** Makes the layer. @throws INVALID_ARGUMENT unless the padding is whole numbers of at least 0 */
  constructor(padding: PaddingOfSides) {
    super(padding, 'zeros');
  }
}

/** Pads images with their mirror image about the edge pixels, as torch.nn.ReflectionPad2d: `new ReflectionPad2d(3)`. */
export class ReflectionPad2d extends PadLayer {
  /** Makes the layer. @throws INVALID_ARGUMENT unless the padding is whole numbers of at least 0 */
  constructor(padding: PaddingOfSides) {
    super(padding, 'reflect');
  }
}

/** Pads images with their edge pixels, as torch.nn.ReplicationPad2d: `new ReplicationPad2d(1)`. */
export class ReplicationPad2d extends PadLayer {
  /** Makes the layer. @throws INVALID_ARGUMENT unless the padding is whole numbers of at least 0 */
  constructor(padding: PaddingOfSides) {
    super(padding, 'replicate');
  }
}
