import { expectShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { batchNormApply, batchNormGrad, batchNormStatistics } from './batch-norm.js';
import { fill } from './elementwise.js';
import { expectOperands } from './elements.js';

/** What instance normalisation keeps from its forward run. */
export interface InstanceStatistics {
  /** [channels] of each image. */
  readonly images: readonly { readonly mean: Tensor; readonly inverseStd: Tensor }[];
  /** [channels], all one: the scale that the kernels of batch norm ask for. */
  readonly ones: Tensor;
}

/**
 * (x - mean) / sqrt(variance + epsilon), the moments being those of one channel of one image: batch norm's kernels, run
 * on each image by itself.
 * @param x [batch, h, w, channels]
 * @param epsilon above 0
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function instanceNormForward(x: Tensor, epsilon: number, out?: Tensor): { y: Tensor; statistics: InstanceStatistics } {
  expectOperands('instanceNorm', { input: x, out });
  const [batch] = imageShape(x.shape, 'input of instance norm');
  const y = out ?? Tensor.empty(x.gpu, x.shape, 'instance norm');
  expectShape('out of instance norm', x.shape, y.shape);
  const ones = filled(x, 1);
  const zeros = filled(x, 0);
  const images: InstanceStatistics['images'][number][] = [];
  for (let index = 0; index < batch; index++) {
    withImages([x, y], index, ([image, target]) => {
      const { mean, inverseStd, variance } = batchNormStatistics(image!, epsilon);
      variance.dispose();
      batchNormApply(image!, mean, inverseStd, ones, zeros, target!);
      images.push({ mean, inverseStd });
    });
  }
  zeros.dispose();
  return { y, statistics: { images, ones } };
}

/**
 * Gradient of instance norm with respect to x.
 * @param gradOutput of x's shape
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function instanceNormGrad(x: Tensor, gradOutput: Tensor, { images, ones }: InstanceStatistics): Tensor {
  expectOperands('gradient of instanceNorm', { input: x, gradOutput });
  expectShape('gradient of instance norm', x.shape, gradOutput.shape);
  const gradInput = Tensor.empty(x.gpu, x.shape, 'instance norm input gradient');
  images.forEach(({ mean, inverseStd }, index) => {
    withImages([x, gradOutput, gradInput], index, ([image, gradient, target]) => {
      const { gradGamma, gradBeta } = batchNormGrad({ x: image!, gradOutput: gradient!, mean, inverseStd, gamma: ones, out: target! });
      gradGamma.dispose();
      gradBeta.dispose();
    });
  });
  return gradInput;
}

function filled(x: Tensor, value: number): Tensor {
  const tensor = Tensor.empty(x.gpu, [x.channels], 'instance norm constant');
  fill(tensor, value);
  return tensor;
}

/** Hands over views of one image of each tensor, and gives them back after. */
function withImages(tensors: readonly Tensor[], index: number, body: (images: readonly Tensor[]) => void): void {
  const views = tensors.map(({ gpu, storage, shape, offset, rowStride }) => {
    const rows = shape[1]! * shape[2]!;
    return new Tensor({ gpu, storage: storage.retain(), shape: [1, ...shape.slice(1)], offset: offset + index * rows * rowStride, rowStride });
  });
  body(views);
  for (const view of views) view.dispose();
}
