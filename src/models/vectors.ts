import { max, permute, reshape, slice } from '../autograd/ops.js';
import { Module } from '../nn/module.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Images as vectors, for networks of fully connected layers.
 *
 * @param x [batch, height, width, channels]
 * @returns [batch, 1, 1, channels * height * width], in the order in which PyTorch flattens images
 */
export function vectorsOf(x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as readonly [number, number, number, number];
  return reshape(permute(x, [0, 3, 1, 2]), [batch, 1, 1, channels * height * width]);
}

/** The reverse of vectorsOf(). @returns [batch, height, width, channels] */
export function imagesOf(x: Tensor, [height, width, channels]: readonly [number, number, number]): Tensor {
  return permute(reshape(x, [x.shape[0]!, channels, height, width]), [0, 2, 3, 1]);
}

/** The labels that withLabels() joined to images. @returns [batch, 1, 1, labels] */
export function labelsAmong(x: Tensor, labels: number): Tensor {
  const channels = x.shape[3]!;
  // The same at every pixel, so those of the first tell them.
  const row = slice(slice(x, { axis: 1, end: 1 }), { axis: 2, end: 1 });
  return slice(row, { axis: 3, start: channels - labels });
}

/** A layer that keeps the largest of each unit's pieces, which lie side by side (Goodfellow et al. 2013). */
export class Maxout extends Module {
  constructor(private readonly pieces: number) {
    super();
  }

  /** @param x [batch, 1, 1, units * pieces] */
  forward(x: Tensor): Tensor {
    const [batch, , , length] = x.shape as readonly [number, number, number, number];
    return max(reshape(x, [batch, 1, 1, length / this.pieces, this.pieces]), { axes: -1 });
  }
}
