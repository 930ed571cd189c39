import { concat, expand, reshape } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import { expectFloats } from '../kernels/elements.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Joins labels to what a conditional network takes: each label becomes a further channel that is the same number all over the image.
 *
 *     generator.forward(withLabels(images, labels));        // [16, 128, 128, 3] and [16, 5] become [16, 128, 128, 8]
 *
 * @param x [batch, height, width, channels]: images, or random numbers as [batch, 1, 1, count]
 * @param labels [batch, labels]: of attributes 0 or 1 each, of classes 1 for the one that it is (oneHot())
 * @returns [batch, height, width, channels + labels], in memory of its own
 * @throws SHAPE_MISMATCH for other axes or another batch; INVALID_ARGUMENT for what is no float32 tensor; DEVICE_MISMATCH
 */
export function withLabels(x: Tensor, labels: Tensor): Tensor {
  expectFloats('withLabels', { x, labels });
  const [batch] = x.shape;
  if (x.shape.length !== 4 || labels.shape.length !== 2 || labels.shape[0] !== batch) {
    throw new ShadegradError('SHAPE_MISMATCH', 'labels of a network', {
      expected: 'x as [batch, height, width, channels], and labels as [batch, labels] of the same batch',
      received: `x ${formatShape(x.shape)}, labels ${formatShape(labels.shape)}`,
      fix: 'give every image a row of labels; oneHot() makes one of the number of a class',
    });
  }
  return withRow(x, reshape(labels, [batch!, 1, 1, labels.shape[1]!]));
}

/** Joins labels to images or random numbers where there are some: for networks with labels and without. @throws as withLabels() */
export const labelled = (x: Tensor, labels: Tensor | null | undefined): Tensor => (labels ? withLabels(x, labels) : x);

/** Joins numbers to every pixel of images. @param row [batch, 1, 1, numbers] */
export function withRow(x: Tensor, row: Tensor): Tensor {
  return concat([x, expand(row, [...x.shape.slice(0, 3), row.shape[3]!])]);
}
