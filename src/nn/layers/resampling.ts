import { pixelShuffle, pixelUnshuffle, upsample, type UpsampleOptions } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkChoice, checkCounts, checkPair, refused } from '../options.js';
import { placed } from './out.js';

/** Options of Upsample: those of upsample(), without a place for the result. */
export type UpsampleLayerOptions = Omit<UpsampleOptions, 'out'>;

const MODES: readonly string[] = ['nearest', 'bilinear'] satisfies UpsampleOptions['mode'][];

/**
 * Images in another size, as torch.nn.Upsample:
 *
 *     new Upsample({ scale: 2 })                              // nn.Upsample(scale_factor=2)
 *     new Upsample({ size: [32, 48], mode: 'bilinear' })
 */
export class Upsample extends Module {
  private readonly resampling: UpsampleLayerOptions;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: UpsampleLayerOptions) {
    super();
    const {
      scale,
      size,
      mode = 'nearest',
      alignCorners = false,
    } = expectOptions('an Upsample', options, ['scale', 'size', 'mode', 'alignCorners']);
    if ((scale === undefined) === (size === undefined)) {
      throw refused('size of an Upsample', 'either scale or size', scale === undefined ? 'neither' : 'both');
    }
    if (size !== undefined) checkPair('size of an Upsample', size);
    const scales: readonly unknown[] = Array.isArray(scale) && scale.length === 2 ? scale : [scale];
    if (size === undefined && !scales.every((each) => Number.isFinite(each) && (each as number) > 0)) {
      throw refused('scale of an Upsample', 'a number above 0, or two of them as [vertical, horizontal]', scale);
    }
    checkChoice('mode of an Upsample', mode, MODES);
    checkChoice('alignCorners of an Upsample', alignCorners, mode === 'nearest' ? [false] : [true, false]);
    this.resampling = { ...(size === undefined ? { scale } : { size }), mode, alignCorners };
  }

  /** Resizes images. @param x [batch, height, width, channels] @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as upsample() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return upsample(x, { ...this.resampling, out });
  }
}

/** Channels become pixels (Shi et al. 2016), as torch.nn.PixelShuffle: r times as high and wide, with 1 / r^2 of the channels. */
export class PixelShuffle extends Module {
  /** How many times as high and wide the result is. */
  readonly factor: number;

  /** Makes the layer. @param factor r, a whole number @throws INVALID_ARGUMENT unless it is one from 1 up */
  constructor(factor: number) {
    super();
    checkCounts('a PixelShuffle', { factor });
    this.factor = factor;
  }

  /** Makes pixels of channels. @param x [batch, height, width, channels] @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as pixelShuffle() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return placed('pixelShuffle', x, out, () => pixelShuffle(x, this.factor));
  }
}

/** Pixels become channels, as torch.nn.PixelUnshuffle: the inverse of PixelShuffle. */
export class PixelUnshuffle extends Module {
  /** How many times less high and wide the result is. */
  readonly factor: number;

  /** Makes the layer. @param factor a whole number @throws INVALID_ARGUMENT unless it is one from 1 up */
  constructor(factor: number) {
    super();
    checkCounts('a PixelUnshuffle', { factor });
    this.factor = factor;
  }

  /** Makes channels of pixels. @param x [batch, height, width, channels] @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as pixelUnshuffle() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return placed('pixelUnshuffle', x, out, () => pixelUnshuffle(x, this.factor));
  }
}
