import * as ops from '../../src/autograd/ops.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { DirectGeometry } from '../../src/kernels/conv2d/direct.js';
import * as axes from '../reference/axes.js';
import * as direct from '../reference/conv2d-direct.js';
import * as losses from '../reference/loss.js';
import { matmul } from '../reference/matmul.js';
import * as norms from '../reference/group-norm.js';
import * as images from '../reference/spatial.js';
import * as soft from '../reference/softmax.js';
import type { GradientCheck } from './gradcheck.js';

/** Operations with several axes, each with its float64 reference: for first and second gradients, and for what they save. */
export type OperationCheck = Omit<GradientCheck, 'label'> & {
  /** Whether its inputs may be overwritten before backward(): their gradients depend on none of them, or on copies. */
  free?: boolean;
};

export const axisChecks: Record<string, OperationCheck> = {
  matmul: {
    shapes: [
      [3, 5],
      [5, 4],
    ],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) => matmul(a!, b!, { batch: 1, m: 3, n: 4, k: 5 }),
  },
  'matmul of a batch': {
    shapes: [
      [2, 3, 6],
      [2, 6, 7],
    ],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 7, k: 6 }),
  },
  'matmul of a batch and one matrix, both transposed': {
    shapes: [
      [2, 6, 3],
      [7, 6],
    ],
    device: (a, b) => ops.matmul(a!, b!, { transposeA: true, transposeB: true }),
    reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 7, k: 6, transposeA: true, transposeB: true }),
  },
  'matmul of one matrix and a batch': {
    shapes: [
      [3, 6],
      [2, 6, 1],
    ],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 1, k: 6 }),
  },
  'matmul of batches that broadcast': {
    shapes: [
      [2, 1, 1, 3],
      [3, 3, 2],
    ],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) =>
      matmul(axes.expand(a!, [2, 1, 1, 3], [2, 3, 1, 3]), axes.expand(b!, [3, 3, 2], [2, 3, 3, 2]), { batch: 6, m: 1, n: 2, k: 3 }),
    free: true,
  },
  'matmul of a matrix and a vector': {
    shapes: [[2, 2, 5], [5]],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) => matmul(a!, b!, { batch: 1, m: 4, n: 1, k: 5 }),
  },
  linear: {
    shapes: [[2, 3, 7], [7, 6], [6]],
    device: (x, w, b) => ops.linear(x!, w!, b!),
    reference: (x, w, b) => matmul(x!, w!, { batch: 1, m: 6, n: 6, k: 7 }).map((value, i) => value + b![i % 6]!),
  },
  permute: {
    shapes: [[2, 3, 1, 5]],
    device: (x) => ops.permute(x!, [3, 0, 2, 1]),
    reference: (x) => axes.permute(x!, [2, 3, 1, 5], [3, 0, 2, 1]),
    free: true,
  },
  transpose: {
    shapes: [[2, 3, 5]],
    device: (x) => ops.transpose(x!),
    reference: (x) => axes.permute(x!, [2, 3, 5], [0, 2, 1]),
    free: true,
  },
  flip: { shapes: [[2, 3, 5]], device: (x) => ops.flip(x!, [0, -1]), reference: (x) => axes.flip(x!, [2, 3, 5], [0, 2]), free: true },
  flatten: { shapes: [[2, 3, 1, 2]], device: (x) => ops.flatten(x!, 1), reference: (x) => x!, free: true },
  squeeze: { shapes: [[2, 1, 3, 1]], device: (x) => ops.squeeze(x!), reference: (x) => x!, free: true },
  'squeeze of a channel slice': {
    shapes: [[2, 3, 2]],
    device: (x) => ops.squeeze(ops.sliceChannels(x!, 1, 2), -1),
    reference: (x) => axes.slice(x!, [2, 3, 2], 2, 1, 2),
    free: true,
  },
  unsqueeze: { shapes: [[3, 4]], device: (x) => ops.unsqueeze(x!, 1), reference: (x) => x!, free: true },
  slice: {
    shapes: [[3, 7, 2]],
    device: (x) => ops.slice(x!, { axis: 1, start: 1, end: -1, step: 2 }),
    reference: (x) => axes.slice(x!, [3, 7, 2], 1, 1, 6, 2),
    free: true,
  },
  split: { shapes: [[5, 6]], device: (x) => ops.split(x!, [2, 3])[1]!, reference: (x) => axes.slice(x!, [5, 6], 0, 2, 5), free: true },
  'concat along the first axis': {
    shapes: [
      [1, 2, 3],
      [3, 2, 3],
    ],
    device: (a, b) => ops.concat([a!, b!], { axis: 0 }),
    reference: (a, b) =>
      axes.concat(
        [
          { x: a!, shape: [1, 2, 3] },
          { x: b!, shape: [3, 2, 3] },
        ],
        0,
      ),
    free: true,
  },
  stack: {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    device: (a, b) => ops.stack([a!, b!], { axis: -1 }),
    reference: (a, b) =>
      axes.concat(
        [
          { x: a!, shape: [2, 3, 1] },
          { x: b!, shape: [2, 3, 1] },
        ],
        2,
      ),
    free: true,
  },
  expand: {
    shapes: [[3, 1, 2]],
    device: (x) => ops.expand(x!, [2, 3, 4, 2]),
    reference: (x) => axes.expand(x!, [3, 1, 2], [2, 3, 4, 2]),
    free: true,
  },
};

const LABELS = [2, 0, -100, 4, 2];
const constants = new Map<string, Tensor>();
/** A constant beside an operation's inputs, made once for a device: a recorded function cannot upload it. */
function constant({ gpu }: Tensor, label: string, numbers: Int32Array | Float32Array, shape: readonly number[]): Tensor {
  const known = constants.get(label);
  if (known && known.gpu === gpu && !known.disposed) return known;
  const made = Tensor.from(gpu, numbers, shape, label).keep();
  constants.set(label, made);
  return made;
}
const labels = (like: Tensor): Tensor => constant(like, 'labels', new Int32Array(LABELS), [LABELS.length]);
const mean = (x: Float64Array, term: (value: number) => number): [number] => [losses.mean(x.map(term))];

export const lossChecks: Record<string, OperationCheck> = {
  softmax: { shapes: [[3, 5]], device: (x) => ops.softmax(x!), reference: (x) => soft.softmax(x!, [3, 5], 1) },
  'softmax along an axis inside': {
    shapes: [[2, 6, 3]],
    device: (x) => ops.softmax(x!, { axis: 1 }),
    reference: (x) => soft.softmax(x!, [2, 6, 3], 1),
  },
  logSoftmax: { shapes: [[3, 5]], device: (x) => ops.logSoftmax(x!), reference: (x) => soft.softmax(x!, [3, 5], 1, true) },
  'logSoftmax along the first axis': {
    shapes: [[4, 3]],
    device: (x) => ops.logSoftmax(x!, { axis: 0 }),
    reference: (x) => soft.softmax(x!, [4, 3], 0, true),
  },
  crossEntropy: {
    shapes: [[5, 6]],
    device: (x) => ops.crossEntropy(x!, labels(x!), { labelSmoothing: 0.1 }),
    reference: (x) => [soft.crossEntropy(x!, 6, LABELS, 0.1)],
    free: true,
  },
  'crossEntropy of each row': {
    shapes: [[5, 6]],
    device: (x) => ops.crossEntropy(x!, labels(x!), { reduction: 'none' }),
    reference: (x) => soft.crossEntropyRows(x!, 6, LABELS),
    free: true,
  },
  'crossEntropy with probabilities': {
    shapes: [
      [4, 3],
      [4, 3],
    ],
    device: (x, t) => ops.crossEntropy(x!, t!),
    reference: (x, t) => [soft.softCrossEntropy(x!, 3, t!)],
  },
  nllLoss: {
    shapes: [[5, 6]],
    device: (x) => ops.nllLoss(x!, labels(x!), { reduction: 'sum' }),
    reference: (x) => [LABELS.reduce((sum, label, row) => sum - (label < 0 ? 0 : x![row * 6 + label]!), 0)],
    free: true,
  },
  'bceWithLogits with a tensor': {
    shapes: [[12], [12]],
    device: (x, t) => ops.bceWithLogits(x!, t!),
    reference: (x, t) => [losses.bceWithLogits(x!, t!)],
  },
  'mseLoss with a number': {
    shapes: [[12]],
    device: (x) => ops.mseLoss(x!, 0.9),
    reference: (x) => mean(x!, (value) => (value - 0.9) ** 2),
  },
  'l1Loss with a number': { shapes: [[12]], device: (x) => ops.l1Loss(x!, 3), reference: (x) => mean(x!, (value) => Math.abs(value - 3)) },
  hingeLoss: {
    shapes: [[12]],
    device: (x) => ops.hingeLoss(x!, 'real'),
    reference: (x) => mean(x!, (value) => Math.max(0, 1 - value)),
    free: true,
  },
  'hingeLoss of fakes': {
    shapes: [[12]],
    device: (x) => ops.hingeLoss(x!, 'fake'),
    reference: (x) => mean(x!, (value) => Math.max(0, 1 + value)),
    free: true,
  },
  'hingeLoss of a generator': {
    shapes: [[12]],
    device: (x) => ops.hingeLoss(x!, 'generator'),
    reference: (x) => mean(x!, (value) => -value),
    free: true,
  },
};

const IMAGE = [2, 4, 5, 3];
const unevenPool = { kernel: [3, 2], stride: [2, 2], padding: [1, 1], size: [2, 3] };
const roundedUp = { kernel: [3, 3], stride: [2, 2], padding: [1, 1], size: [3, 3] };
/** Numbers whose order no small step changes. */
const distinct = Float32Array.from({ length: 120 }, (_, i) => ((i * 77) % 120) / 60 - 1);

export const imageChecks: Record<string, OperationCheck> = {
  pad: {
    shapes: [IMAGE],
    device: (x) => ops.pad(x!, 2, { value: 0.5 }),
    reference: (x) => images.pad(x!, IMAGE, [2, 2, 2, 2], 0.5),
    free: true,
  },
  'pad by reflection': {
    shapes: [IMAGE],
    device: (x) => ops.pad(x!, [3, 1, 2, 4], { mode: 'reflect' }),
    reference: (x) => images.pad(x!, IMAGE, [3, 1, 2, 4], 'reflect'),
    free: true,
  },
  'pad by the edge': {
    shapes: [IMAGE],
    device: (x) => ops.pad(x!, [0, 7, 2, 1], { mode: 'replicate' }),
    reference: (x) => images.pad(x!, IMAGE, [0, 7, 2, 1], 'replicate'),
    free: true,
  },
  upsample: {
    shapes: [IMAGE],
    device: (x) => ops.upsample(x!, { scale: 2 }),
    reference: (x) => images.upsample(x!, IMAGE, [8, 10], [0.5, 0.5], 'nearest'),
    free: true,
  },
  'upsample to a smaller size': {
    shapes: [IMAGE],
    device: (x) => ops.upsample(x!, { size: [3, 2] }),
    reference: (x) => images.upsample(x!, IMAGE, [3, 2], [4 / 3, 5 / 2], 'nearest'),
    free: true,
  },
  'upsample between neighbours': {
    shapes: [IMAGE],
    device: (x) => ops.upsample(x!, { scale: [2, 1.5], mode: 'bilinear' }),
    reference: (x) => images.upsample(x!, IMAGE, [8, 7], [0.5, 1 / 1.5], 'bilinear'),
    free: true,
  },
  'upsample with aligned corners': {
    shapes: [IMAGE],
    device: (x) => ops.upsample(x!, { size: [7, 3], mode: 'bilinear', alignCorners: true }),
    reference: (x) => images.upsample(x!, IMAGE, [7, 3], [3 / 6, 4 / 2], 'aligned'),
    free: true,
  },
  pixelShuffle: {
    shapes: [[2, 2, 3, 8]],
    device: (x) => ops.pixelShuffle(x!, 2),
    reference: (x) =>
      axes.gather(x!, [2, 2, 3, 8], [2, 4, 6, 2], ([n, i, j, c]) => [n!, i! >> 1, j! >> 1, c! * 4 + (i! & 1) * 2 + (j! & 1)]),
    free: true,
  },
  pixelUnshuffle: {
    shapes: [[1, 4, 6, 2]],
    device: (x) => ops.pixelUnshuffle(x!, 2),
    reference: (x) =>
      axes.gather(x!, [1, 4, 6, 2], [1, 2, 3, 8], ([n, i, j, c]) => [n!, i! * 2 + ((c! >> 1) & 1), j! * 2 + (c! & 1), c! >> 2]),
    free: true,
  },
  maxPool2d: {
    shapes: [IMAGE],
    inputs: [distinct],
    device: (x) => ops.maxPool2d(x!, { kernel: [3, 2], stride: 2, padding: 1 }),
    reference: (x) => images.pool(x!, IMAGE, unevenPool, images.largest),
    free: true,
  },
  avgPool2d: {
    shapes: [IMAGE],
    device: (x) => ops.avgPool2d(x!, { kernel: [3, 2], stride: 2, padding: 1 }),
    reference: (x) => images.pool(x!, IMAGE, unevenPool, images.averageWithPadding),
    free: true,
  },
  'avgPool2d rounded up, without the padding': {
    shapes: [IMAGE],
    device: (x) => ops.avgPool2d(x!, { kernel: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    reference: (x) => images.pool(x!, IMAGE, roundedUp, images.average),
    free: true,
  },
  globalAveragePool: {
    shapes: [IMAGE],
    device: (x) => ops.globalAveragePool(x!),
    reference: (x) => images.pool(x!, IMAGE, { kernel: [4, 5], stride: [1, 1], padding: [0, 0], size: [1, 1] }, images.average),
    free: true,
  },
};

const given = (x: Tensor) => ({
  mean: constant(x, 'running mean', new Float32Array([0.1, -0.2, 0.3]), [3]),
  variance: constant(x, 'running variance', new Float32Array([1, 2, 0.5]), [3]),
});

export const normChecks: Record<string, OperationCheck> = {
  batchNorm: {
    shapes: [IMAGE, [3], [3]],
    device: (x, gamma, beta) => ops.batchNorm(x!, gamma!, beta!),
    reference: (x, gamma, beta) => norms.normalise(x!, { images: 1, rows: 40, channels: 3, groups: 3 }, gamma!, beta!),
  },
  'batchNorm with given statistics': {
    shapes: [IMAGE, [3], [3]],
    device: (x, gamma, beta) => ops.batchNorm(x!, gamma!, beta!, { statistics: 'running', running: given(x!) }),
    reference: (x, gamma, beta) =>
      x!.map((value, i) => ((value - [0.1, -0.2, 0.3][i % 3]!) / Math.sqrt([1, 2, 0.5][i % 3]! + 1e-5)) * gamma![i % 3]! + beta![i % 3]!),
  },
  instanceNorm: {
    shapes: [IMAGE],
    device: (x) => ops.instanceNorm(x!),
    reference: (x) => norms.normalise(x!, { images: 2, rows: 20, channels: 3, groups: 3 }),
  },
  'instanceNorm with factors and summands': {
    shapes: [IMAGE, [3], [3]],
    device: (x, gamma, beta) => ops.instanceNorm(x!, { gamma, beta }),
    reference: (x, gamma, beta) => norms.normalise(x!, { images: 2, rows: 20, channels: 3, groups: 3 }, gamma!, beta!),
  },
  groupNorm: {
    shapes: [[2, 3, 2, 6], [6], [6]],
    device: (x, gamma, beta) => ops.groupNorm(x!, 2, { gamma, beta }),
    reference: (x, gamma, beta) => norms.normalise(x!, { images: 2, rows: 6, channels: 6, groups: 2 }, gamma!, beta!),
  },
  layerNorm: {
    shapes: [[3, 2, 8], [8], [8]],
    device: (x, gamma, beta) => ops.layerNorm(x!, [8], { gamma, beta }),
    reference: (x, gamma, beta) => norms.normalise(x!, { images: 6, rows: 1, channels: 8, groups: 1 }, gamma!, beta!),
  },
  'layerNorm over two axes': {
    shapes: [
      [3, 2, 5],
      [2, 5],
      [2, 5],
    ],
    device: (x, gamma, beta) => ops.layerNorm(x!, [2, 5], { gamma, beta }),
    reference: (x, gamma, beta) => norms.normalise(x!, { images: 3, rows: 1, channels: 10, groups: 1 }, gamma!, beta!),
  },
};

const INDICES = [2, 0, 2, 4, 2, 0];

export const embeddingChecks: Record<string, OperationCheck> = {
  embedding: {
    shapes: [[5, 3]],
    device: (table) => ops.embedding(constant(table!, 'indices', new Int32Array(INDICES), [2, 3]), table!),
    reference: (table) => Float64Array.from({ length: 18 }, (_, i) => table![INDICES[Math.floor(i / 3)]! * 3 + (i % 3)]!),
    free: true,
  },
};

/** A convolution with dilation and groups, or a transposed one, whose `input` is the result's shape. */
function directConv(
  input: readonly number[],
  weight: readonly number[],
  output: readonly number[],
  geometry: DirectGeometry,
  transposed = false,
): OperationCheck {
  const { stride, padding, dilation, groups } = geometry;
  const options = { stride, padding, dilation, groups };
  return transposed
    ? {
        shapes: [output, weight, [input[3]!]],
        device: (x, w, b) => ops.convTranspose2d(x!, w!, b!, { ...options, outputPadding: [1, 0] }),
        reference: (x, w, b) => direct.convTranspose2d(x!, w!, b!, input, weight, output, geometry),
      }
    : {
        shapes: [input, weight, [output[3]!]],
        device: (x, w, b) => ops.conv2d(x!, w!, b!, options),
        reference: (x, w, b) => direct.conv2d(x!, w!, b!, input, weight, output, geometry),
      };
}

export const convChecks: Record<string, OperationCheck> = {
  'conv2d with dilation': directConv([2, 6, 5, 3], [3, 2, 3, 2], [2, 4, 5, 2], {
    stride: [1, 1],
    padding: [1, 1],
    dilation: [2, 2],
    groups: 1,
  }),
  'conv2d with dilation of many channels': directConv([2, 5, 4, 16], [3, 2, 16, 17], [2, 3, 3, 17], {
    stride: [1, 1],
    padding: [1, 1],
    dilation: [2, 3],
    groups: 1,
  }),
  'conv2d of groups': directConv([1, 5, 4, 6], [3, 3, 2, 12], [1, 3, 2, 12], {
    stride: [2, 2],
    padding: [1, 1],
    dilation: [1, 1],
    groups: 3,
  }),
  'conv2d of every channel by itself': directConv([1, 5, 5, 4], [3, 3, 1, 4], [1, 5, 5, 4], {
    stride: [1, 1],
    padding: [2, 2],
    dilation: [2, 2],
    groups: 4,
  }),
  'convTranspose2d with dilation and groups': directConv(
    [1, 8, 5, 4],
    [3, 2, 2, 6],
    [1, 2, 3, 6],
    { stride: [2, 2], padding: [1, 1], dilation: [3, 2], groups: 2 },
    true,
  ),
};

export const spatialChecks: Record<string, OperationCheck> = {
  ...axisChecks,
  ...lossChecks,
  ...imageChecks,
  ...normChecks,
  ...embeddingChecks,
  ...convChecks,
};
