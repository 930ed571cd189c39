import { expectTensor } from '../../kernels/elements.js';
import { copy, permute } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import { elementCount, expectShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkChoice, checkCounts, refused } from '../options.js';
import { placed } from './out.js';

/** A layer that changes nothing: a place in a Sequential for what may be there or not; torch.nn.Identity. */
export class Identity extends Module {
  /**
   * Hands x on.
   *
   * @param x of any shape
   * @returns x itself, or `out` with its numbers
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return out ? copy(x, { out }) : x;
  }
}

/** Options of a Flatten: the order of the numbers of an image. */
export interface FlattenOptions {
  /**
   * Order of the numbers of an image. 'channels first' is PyTorch's: all of one channel, then the next; what follows (a Linear)
   * takes PyTorch's weights then. 'channels last' is as they lie in memory and copies nothing. Default 'channels first'.
   */
  order?: 'channels first' | 'channels last';
}

/** A layer that puts everything but the batch into one axis; torch.nn.Flatten. */
export class Flatten extends Module {
  private readonly channelsFirst: boolean;

  /** Builds the layer. @throws INVALID_ARGUMENT for another order, or options of other names */
  constructor(options: FlattenOptions = {}) {
    super();
    const { order = 'channels first' } = expectOptions('a Flatten', options, ['order']);
    checkChoice('order of a Flatten', order, ['channels first', 'channels last']);
    this.channelsFirst = order === 'channels first';
  }

  /**
   * Puts all axes but the batch into one.
   *
   * @param x [batch, ...]
   * @returns [batch, all the other numbers]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    expectTensor('Flatten', 'x', x);
    const [batch = 1, ...rest] = x.shape;
    const size = rest.reduce((product, length) => product * length, 1);
    const channels = rest.at(-1) ?? 1;
    // Of one pixel, or of one channel, both orders are the same.
    const moved = this.channelsFirst && rest.length > 1 && channels > 1 && size > channels;
    const axes = x.shape.map((_, axis) => axis);
    return placed('Flatten', x, out, () => {
      const ordered = moved ? permute(x, [0, axes.length - 1, ...axes.slice(1, -1)]) : x.contiguous ? x : copy(x);
      return ordered.reshape([batch, size]);
    });
  }
}

/** Numbers of each image in axes of their own, as torch.nn.Unflatten of dim 1: what a Flatten of the same order undoes. */
export class Unflatten extends Module {
  /** The shape of one image, [height, width, channels]. */
  readonly shape: Shape;
  private readonly channelsFirst: boolean;

  /**
   * Makes the layer.
   *
   * @param shape of one image: [height, width, channels], PyTorch's (channels, height, width)
   * @throws INVALID_ARGUMENT
   */
  constructor(shape: Shape, options: FlattenOptions = {}) {
    super();
    const { order = 'channels first' } = expectOptions('an Unflatten', options, ['order']);
    checkChoice('order of an Unflatten', order, ['channels first', 'channels last']);
    if (!Array.isArray(shape) || shape.length === 0) {
      throw refused('shape of an Unflatten', 'lengths of axes, as [height, width, channels]', shape);
    }
    checkCounts('the shape of an Unflatten', Object.fromEntries((shape as Shape).map((length, axis) => [`length ${axis}`, length])));
    this.shape = Object.freeze([...(shape as Shape)]);
    this.channelsFirst = order === 'channels first';
  }

  /**
   * Gives the numbers of each image axes of their own.
   *
   * @param x [batch, numbers of an image]
   * @returns [batch, the shape]
   * @throws SHAPE_MISMATCH for as many numbers as the shape does not have
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    expectTensor('Unflatten', 'x', x);
    const { shape } = this;
    const [batch = 1] = x.shape;
    expectShape('input of an Unflatten', [batch, elementCount(shape)], x.shape);
    return placed('Unflatten', x, out, () => {
      const whole = x.contiguous ? x : copy(x);
      const [channels, others] = [shape.at(-1)!, shape.slice(0, -1)];
      if (!this.channelsFirst || others.length === 0) return whole.reshape([batch, ...shape]);
      return permute(whole.reshape([batch, channels, ...others]), [0, ...others.map((_, axis) => axis + 2), 1]);
    });
  }
}
