import * as ops from '../../src/autograd/ops.js';
import { DropoutState } from '../../src/kernels/dropout.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { map, reduce } from '../reference/broadcast.js';
import * as reference from '../reference/conv2d.js';
import { dropout } from '../reference/dropout.js';
import * as elementwise from '../reference/functions.js';
import * as losses from '../reference/loss.js';
import { values } from './deterministic.js';
import * as functions from './functions.js';
import { spatialChecks, type OperationCheck } from './spatial-checks.js';

const zip = (a: Float64Array, b: Float64Array, f: (x: number, y: number) => number): Float64Array => a.map((x, i) => f(x, b[i]!));
let state: DropoutState | undefined;
/** One state for the device of the file that runs the checks. */
function stateFor({ gpu }: Tensor): DropoutState {
  if (state?.tensor.gpu !== gpu) (state = new DropoutState(gpu, 11)).advance(4);
  return state;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Away from the kinks, where differences mean nothing. */
const apart = (name: string, size: number): Float32Array => values(name, size).map((x) => x + Math.sign(x) * 0.1);

/** `softplus2` is softplus with another option. */
const operationOf = (name: string): string => name.replace(/2$|Tanh$/, '');

const conv = (input: Shape, weight: Shape, output: Shape, stride: number, padding: number): OperationCheck => ({
  shapes: [input, weight, [weight[3]!]],
  device: (x, w, b) => ops.conv2d(x!, w!, b!, { stride, padding }),
  reference: (x, w, b) => reference.conv2d(x!, w!, b!, input, weight, output, { stride: [stride, stride], padding: [padding, padding] }),
});

const basicChecks: Record<string, OperationCheck> = {
  add: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    device: (a, b) => ops.add(a!, b!),
    reference: (a, b) => zip(a!, b!, (x, y) => x + y),
  },
  addScaled: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    device: (a, b) => ops.addScaled(a!, b!, 2, -3),
    reference: (a, b) => zip(a!, b!, (x, y) => 2 * x - 3 * y),
  },
  mul: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    device: (a, b) => ops.mul(a!, b!),
    reference: (a, b) => zip(a!, b!, (x, y) => x * y),
  },
  'mul by a number': { shapes: [[7]], device: (x) => ops.mul(x!, 3), reference: (x) => x!.map((v) => 3 * v) },
  copy: { shapes: [[7]], device: (x) => ops.copy(x!), reference: (x) => x! },
  reshape: { shapes: [[2, 6]], device: (x) => ops.reshape(x!, [3, 4]), reference: (x) => x! },
  sliceChannels: {
    shapes: [[3, 6]],
    device: (x) => ops.sliceChannels(x!, 1, 4),
    reference: (x) => x!.filter((_, i) => i % 6 >= 1 && i % 6 < 4),
  },
  concat: {
    shapes: [
      [4, 1],
      [4, 3],
    ],
    device: (a, b) => ops.concat([a!, b!]),
    reference: (a, b) => Float64Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? a![i / 4]! : b![(i >> 2) * 3 + (i % 4) - 1]!)),
  },
  sum: { shapes: [[3, 5]], device: (x) => ops.sum(x!), reference: (x) => [x!.reduce((total, v) => total + v, 0)] },
  mean: { shapes: [[3, 5]], device: (x) => ops.mean(x!), reference: (x) => [losses.mean(x!)] },
  tanh: { shapes: [[3, 5]], device: (x) => ops.tanh(x!), reference: (x) => x!.map(Math.tanh) },
  sigmoid: { shapes: [[3, 5]], device: (x) => ops.sigmoid(x!), reference: (x) => x!.map(sigmoid) },
  relu: { shapes: [[31]], device: (x) => ops.relu(x!), reference: (x) => x!.map((v) => Math.max(v, 0)), inputs: [apart('relu', 31)] },
  leakyRelu: {
    shapes: [[31]],
    device: (x) => ops.leakyRelu(x!, 0.2),
    reference: (x) => x!.map((v) => (v > 0 ? v : 0.2 * v)),
    inputs: [apart('leaky', 31)],
  },
  dropout: {
    shapes: [[64]],
    device: (x) => ops.dropout(x!, { rate: 0.25, layer: 2, state: stateFor(x!) }),
    reference: (x) => dropout(x!, 0.25, 2, 4, 11),
  },
  l1Loss: { shapes: [[12], [12]], device: (a, b) => ops.l1Loss(a!, b!), reference: (a, b) => [losses.l1Loss(a!, b!)] },
  mseLoss: { shapes: [[12], [12]], device: (a, b) => ops.mseLoss(a!, b!), reference: (a, b) => [losses.mseLoss(a!, b!)] },
  bceWithLogits: { shapes: [[12]], device: (x) => ops.bceWithLogits(x!, 0.9), reference: (x) => [losses.bceWithLogits(x!, 0.9)] },
  conv2d: conv([2, 5, 4, 3], [3, 3, 3, 2], [2, 5, 4, 2], 1, 1),
  'conv2d of stride 2': conv([1, 6, 6, 2], [4, 4, 2, 3], [1, 3, 3, 3], 2, 1),
  'conv2d of one pixel': conv([3, 1, 1, 7], [1, 1, 7, 1], [3, 1, 1, 1], 1, 0),
  convTranspose2d: {
    shapes: [[2, 3, 2, 3], [4, 4, 2, 3], [2]],
    device: (x, w, b) => ops.convTranspose2d(x!, w!, b!, { stride: 2, padding: 1 }),
    reference: (x, w, b) =>
      reference.conv2dInputGrad(x!, w!, b!, [2, 6, 4, 2], [4, 4, 2, 3], [2, 3, 2, 3], { stride: [2, 2], padding: [1, 1] }),
  },
};
/** Functions of single elements, on numbers at which they and their derivatives are smooth. */
const smoothNumbers = (name: string, size: number, positive: boolean): Float32Array =>
  values(name, size).map((x) => (positive ? Math.abs(x) + 0.6 : x + Math.sign(x) * 0.05));
for (const [name, run] of Object.entries(functions.unary)) {
  // Constant in steps: nothing is left to differentiate.
  if (name === 'sign') continue;
  const f = elementwise.unary[name]!;
  basicChecks[`${operationOf(name)} as ${name}`] = {
    shapes: [[3, 5]],
    device: (x) => run(x!),
    reference: (x) => x!.map(f),
    inputs: [smoothNumbers(name, 15, ['log', 'sqrt', 'reciprocal'].includes(name))],
  };
}
for (const [name, run] of Object.entries(functions.arithmetic)) {
  const f = elementwise.binary[name]!;
  basicChecks[`${name} with broadcasting`] = {
    shapes: [
      [2, 1, 5],
      [3, 1],
    ],
    device: (a, b) => run(a!, b!),
    reference: (a, b) =>
      map(f, [
        { data: a!, shape: [2, 1, 5] },
        { data: b!, shape: [3, 1] },
      ]),
    inputs: [smoothNumbers(`${name} a`, 10, true), smoothNumbers(`${name} b`, 3, true).map((x) => x + 0.01)],
  };
}
Object.assign(basicChecks, {
  'where of a tensor and a number': {
    shapes: [[3, 5]],
    device: (x) => ops.where(ops.greater(x!, 0), ops.square(x!), 1),
    reference: (x) => x!.map((v) => (v > 0 ? v * v : 1)),
    inputs: [apart('where', 15)],
  },
  'max along an axis': {
    shapes: [[3, 5]],
    device: (x) => ops.max(x!, { axes: 1 }),
    reference: (x) => reduce((v) => Math.max(...v), x!, [3, 5], [1]),
  },
  'min along an axis': {
    shapes: [[3, 5]],
    device: (x) => ops.min(x!, { axes: 0 }),
    reference: (x) => reduce((v) => Math.min(...v), x!, [3, 5], [0]),
  },
  'sum along an axis': {
    shapes: [[3, 5]],
    device: (x) => ops.sum(x!, { axes: 1 }),
    reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0), x!, [3, 5], [1]),
  },
  'mean along an axis': {
    shapes: [[3, 5]],
    device: (x) => ops.mean(x!, { axes: 0, keepDims: true }),
    reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0) / v.length, x!, [3, 5], [0]),
  },
  'sum along an axis inside': {
    shapes: [[2, 3, 5]],
    device: (x) => ops.sum(x!, { axes: 1 }),
    reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0), x!, [2, 3, 5], [1]),
  },
  'mean along the last axis': {
    shapes: [[2, 3, 6]],
    device: (x) => ops.mean(x!, { axes: -1 }),
    reference: (x) => reduce((v) => v.reduce((a, b) => a + b, 0) / v.length, x!, [2, 3, 6], [2]),
  },
  'max along the last axis': {
    shapes: [[2, 3, 5]],
    device: (x) => ops.max(x!, { axes: -1 }),
    reference: (x) => reduce((v) => Math.max(...v), x!, [2, 3, 5], [2]),
  },
  'min along an axis inside': {
    shapes: [[2, 3, 5]],
    device: (x) => ops.min(x!, { axes: 1 }),
    reference: (x) => reduce((v) => Math.min(...v), x!, [2, 3, 5], [1]),
  },
  'sum of a single number': { shapes: [[]], device: (x) => ops.sum(x!), reference: (x) => x! },
  'mul of a single number and a vector': {
    shapes: [[], [3, 1, 5]],
    device: (a, b) => ops.mul(a!, b!),
    reference: (a, b) => b!.map((value) => value * a![0]!),
  },
} satisfies typeof basicChecks);

/** Every operation that has a gradient, each with its float64 reference. The first word of a name is the operation's. */
export const operationChecks: Readonly<Record<string, OperationCheck>> = { ...basicChecks, ...spatialChecks };

/** What steps from one number to the next, and lets gradients pass: autocast.test.ts and half.test.ts are about it. */
export const ROUNDING = ['cast'] as const;

/** Operations whose results are constants to backward(). */
export const CONSTANT = [
  'argmax',
  'argmin',
  'equal',
  'floatToImage',
  'greater',
  'greaterEqual',
  'less',
  'lessEqual',
  'notEqual',
  'oneHot',
] as const;

/** The names of operations of a table whose keys begin with them. */
export const namedIn = (table: object): Set<string> => new Set(Object.keys(table).map((name) => name.split(' ')[0]!));
