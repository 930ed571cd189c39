import { ShadegradError } from '../gpu/errors.js';
import * as norm from '../kernels/batch-norm.js';
import * as conv from '../kernels/conv2d.js';
import * as dropoutKernel from '../kernels/dropout.js';
import * as elementwise from '../kernels/elementwise.js';
import * as images from '../kernels/image.js';
import { instanceNormForward } from '../kernels/instance-norm.js';
import * as losses from '../kernels/loss.js';
import { expectShape, sameShape, formatShape, type Shape } from '../tensor/shape.js';
import { adjacentChannels, Tensor, viewTracking } from '../tensor/tensor.js';
import { gradients } from './gradients.js';
import { isTracked, missingGradient, track } from './graph.js';
import type { OutOption } from './ops/options.js';

export type { OutOption } from './ops/options.js';
export { leakyRelu, relu, sigmoid, tanh } from './ops/activation.js';
export { add, addScaled, div, equal, greater, greaterEqual, less, lessEqual, maximum, minimum, mul, notEqual, sub, where } from './ops/binary.js';
export { argmax, argmin, max, min } from './ops/extrema.js';
export { pow } from './ops/pow.js';
export { expand, mean, sum } from './ops/sum.js';
export { abs, clamp, elu, exp, gelu, log, neg, reciprocal, sign, silu, softplus, sqrt, square } from './ops/unary.js';

type Pair = number | readonly [number, number];
const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

export interface ConvOptions extends OutOption {
  /** Pixels from one window to the next; [vertical, horizontal] or both. Default 1. */
  stride?: Pair;
  /** Zeros taken to lie around the image. Default 0. */
  padding?: Pair;
}

/**
 * 2-D convolution of x [batch, h, w, in] with weight [kernel h, kernel w, in, out] and bias [out] or null.
 * @returns [batch, floor((h + 2 padding - kernel) / stride) + 1, likewise w, out]
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null, { stride = 1, padding = 0, out }: ConvOptions = {}): Tensor {
  const geometry = { stride: pair(stride), padding: pair(padding) };
  const y = conv.conv2dForward(x, weight, bias, geometry, out);
  return track('conv2d', bias ? [x, weight, bias] : [x, weight], y, gradients.conv2d(x, weight, bias, geometry));
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added below and on the right, to choose among the sizes a stride makes ambiguous. */
  outputPadding?: Pair;
}

/**
 * 2-D transposed convolution of x [batch, h, w, in] with weight [kernel h, kernel w, out, in] (the layout of the
 * convolution it is the adjoint of) and bias [out] or null.
 * @returns [batch, (h - 1) stride - 2 padding + kernel + outputPadding, likewise w, out]
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { stride = 1, padding = 0, outputPadding = 0, out }: ConvTransposeOptions = {},
): Tensor {
  const geometry = { stride: pair(stride), padding: pair(padding) };
  const shape = conv.convTranspose2dOutputShape(x.shape, weight.shape, geometry, pair(outputPadding));
  const y = conv.conv2dInputGrad(x, weight, bias, shape, geometry, out);
  return track('convTranspose2d', bias ? [x, weight, bias] : [x, weight], y, gradients.convTranspose2d(x, weight, bias, geometry));
}

export interface BatchNormOptions extends OutOption {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
  /** Statistics gathered while training; updated when `statistics` is 'batch' and `momentum` is given. */
  running?: { mean: Tensor; variance: Tensor };
  /** Weight of the newest batch in the running statistics. Absent: they are left alone. */
  momentum?: number;
  /** Normalise with the batch's own statistics (training, and pix2pix also at test time) or the running ones. */
  statistics?: 'batch' | 'running';
}

/** Batch normalisation over all axes but the last (Ioffe and Szegedy 2015): (x - mean) / sqrt(variance + eps) * gamma + beta. */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, options: BatchNormOptions = {}): Tensor {
  const { epsilon = 1e-5, running, momentum, statistics = 'batch', out } = options;
  if (statistics === 'running') {
    if (!running) {
      throw new ShadegradError('INVALID_ARGUMENT', 'batchNorm: running statistics are asked for but not given', {
        fix: 'pass `running`, or use the statistics of the batch',
      });
    }
    const inverseStd = norm.inverseStdFromVariance(running.variance, epsilon);
    const y = norm.batchNormApply(x, running.mean, inverseStd, gamma, beta, out);
    return track('batchNorm', [x, gamma, beta], y, gradients.batchNormInference(x, gamma, { mean: running.mean, inverseStd }));
  }
  const { mean, inverseStd, variance } = norm.batchNormStatistics(x, epsilon);
  if (running && momentum !== undefined) {
    norm.updateRunningStatistics(mean, variance, x.rows, running.mean, running.variance, momentum);
  }
  const y = norm.batchNormApply(x, mean, inverseStd, gamma, beta, out);
  return track('batchNorm', [x, gamma, beta], y, gradients.batchNorm(x, gamma, { mean, inverseStd }));
}

export interface InstanceNormOptions extends OutOption {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
}

/** Instance normalisation of x [batch, h, w, channels] (Ulyanov et al. 2016): every channel of every image by its own moments; no scale, no shift. */
export function instanceNorm(x: Tensor, { epsilon = 1e-5, out }: InstanceNormOptions = {}): Tensor {
  const { y, statistics } = instanceNormForward(x, epsilon, out);
  return track('instanceNorm', [x], y, gradients.instanceNorm(x, statistics));
}

export interface DropoutOptions extends OutOption {
  /** Probability that an element becomes zero; the others are divided by 1 - rate. */
  rate?: number;
  /** Number of the layer: two layers with one number would drop the same elements. */
  layer: number;
  /** Seed and step, shared by a model's layers. */
  state: dropoutKernel.DropoutState;
}

/** Dropout (Srivastava et al. 2014), scaled so that the expectation stays. The same seed, step and layer drop the same elements. */
export function dropout(x: Tensor, { rate = 0.5, layer, state, out }: DropoutOptions): Tensor {
  const y = dropoutKernel.dropout(x, rate, layer, state.tensor, out);
  return track('dropout', [x], y, gradients.dropout(rate, layer, isTracked([x]) ? state.snapshot() : state.tensor));
}

/**
 * Joins tensors along their channels. Free when they lie side by side in one wider tensor already (give their
 * producers `out: wide.sliceChannels(...)`); copied otherwise.
 */
export function concat(inputs: readonly Tensor[]): Tensor {
  const [first, ...others] = inputs;
  if (!first) {
    throw new ShadegradError('INVALID_ARGUMENT', 'concat of nothing', { expected: 'at least one tensor', received: 'none', fix: 'pass the tensors to join' });
  }
  for (const other of others) {
    if (!sameShape(first.shape.slice(0, -1), other.shape.slice(0, -1))) {
      throw new ShadegradError('SHAPE_MISMATCH', 'concat along the channels', {
        expected: `${formatShape([...first.shape.slice(0, -1), -1])} with any last axis`,
        received: formatShape(other.shape),
        fix: 'bring the tensors to one size first',
      });
    }
  }
  const channels = inputs.reduce((sum, input) => sum + input.channels, 0);
  const shape = [...first.shape.slice(0, -1), channels];
  const adjacent = inputs.every((input, index) => index === 0 || adjacentChannels(inputs[index - 1]!, input));
  let joined: Tensor;
  if (adjacent) {
    const { gpu, storage, offset, rowStride } = first;
    joined = new Tensor({ gpu, storage: storage.retain(), shape, offset, rowStride });
  } else {
    joined = Tensor.empty(first.gpu, shape, 'concat');
    let start = 0;
    for (const input of inputs) {
      elementwise.copy(input, joined.channelView(start, start + input.channels));
      start += input.channels;
    }
  }
  return track('concat', inputs, joined, gradients.concat(inputs));
}

/** Channels [start, end), sharing memory: `x.sliceChannels(start, end)`. */
export function sliceChannels(x: Tensor, start: number, end: number): Tensor {
  return x.sliceChannels(start, end);
}

/** The same numbers under another shape, sharing memory: `x.reshape(shape)`. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.reshape(shape);
}

viewTracking.sliceChannels = (x, view, start, end) => track('sliceChannels', [x], view, gradients.sliceChannels(x, start, end));
viewTracking.reshape = (x, view) => track('reshape', [x], view, gradients.reshape(x));

/** The same numbers in memory of their own. */
export function copy(x: Tensor, { out }: OutOption = {}): Tensor {
  return track('copy', [x], elementwise.copy(x, out), gradients.copy());
}

/**
 * Bytes 0..255 of numbers in [-1, 1], rounded and clamped: a u8 tensor of x's shape. Rounding has no gradient, so
 * backward() through it is an error and not a silent zero.
 */
export function floatToImage(x: Tensor): Tensor {
  return track('floatToImage', [x], images.floatToImage(x), missingGradient('floatToImage'));
}

/** Mean of |prediction - target|, as a tensor of one. */
export function l1Loss(prediction: Tensor, target: Tensor): Tensor {
  expectShape('target of l1Loss', prediction.shape, target.shape);
  return track('l1Loss', [prediction, target], losses.l1Loss(prediction, target), gradients.l1Loss(prediction, target));
}

/** Mean of (prediction - target)^2, as a tensor of one. */
export function l2Loss(prediction: Tensor, target: Tensor): Tensor {
  expectShape('target of l2Loss', prediction.shape, target.shape);
  return track('l2Loss', [prediction, target], losses.l2Loss(prediction, target), gradients.l2Loss(prediction, target));
}

/** Mean binary cross-entropy of sigmoid(logits) against one target for all (1 real, 0 fake), as a tensor of one. */
export function bceWithLogits(logits: Tensor, target: number): Tensor {
  return track('bceWithLogits', [logits], losses.bceWithLogits(logits, target), gradients.bceWithLogits(logits, target));
}
