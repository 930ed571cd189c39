import { copy, permute } from '../../autograd/ops.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkChoice } from '../options.js';

/** What comes in, unchanged: a place in a Sequential for what may be there or not. */
export class Identity extends Module {
  /** @param x of any shape @returns x itself, or `out` with its numbers */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return out ? copy(x, { out }) : x;
  }
}

export interface FlattenOptions {
  /**
   * Order of the numbers of an image. 'channels first' is PyTorch's: all of one channel, then the next; what follows (a Linear)
   * takes PyTorch's weights then. 'channels last' is as they lie in memory and copies nothing. Default 'channels first'.
   */
  order?: 'channels first' | 'channels last';
}

/** Everything but the batch in one axis, as torch.nn.Flatten. */
export class Flatten extends Module {
  private readonly channelsFirst: boolean;

  /** @throws INVALID_ARGUMENT */
  constructor(options: FlattenOptions = {}) {
    super();
    const { order = 'channels first' } = expectOptions('a Flatten', options, ['order']);
    checkChoice('order of a Flatten', order, ['channels first', 'channels last']);
    this.channelsFirst = order === 'channels first';
  }

  /**
   * @param x [batch, ..., channels]
   * @returns [batch, all the other numbers]
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    const [batch = 1, ...rest] = x.shape;
    const size = rest.reduce((product, length) => product * length, 1);
    const channels = rest.at(-1) ?? 1;
    // Of one pixel, or of one channel, both orders are the same.
    const moved = this.channelsFirst && rest.length > 1 && channels > 1 && size > channels;
    const axes = x.shape.map((_, axis) => axis);
    const ordered = moved ? permute(x, [0, axes.length - 1, ...axes.slice(1, -1)]) : x.contiguous ? x : copy(x);
    const flat = ordered.reshape([batch, size]);
    return out ? copy(flat, { out }) : flat;
  }
}
