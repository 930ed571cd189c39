import * as ops from '../../src/autograd/ops.js';
import * as axes from '../reference/axes.js';
import { matmul } from '../reference/matmul.js';
import type { GradientCheck } from './gradcheck.js';

/** Operations with several axes, each with its float64 reference: for first and second gradients, and for what they save. */
export type OperationCheck = Omit<GradientCheck, 'label'> & {
  /** Whether its inputs may be overwritten before backward(): their gradients depend on none of them, or on copies. */
  free?: boolean;
};

export const axisChecks: Record<string, OperationCheck> = {
  matmul: { shapes: [[3, 5], [5, 4]], device: (a, b) => ops.matmul(a!, b!), reference: (a, b) => matmul(a!, b!, { batch: 1, m: 3, n: 4, k: 5 }) },
  'matmul of a batch': {
    shapes: [[2, 3, 6], [2, 6, 7]], device: (a, b) => ops.matmul(a!, b!), reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 7, k: 6 }),
  },
  'matmul of a batch and one matrix, both transposed': {
    shapes: [[2, 6, 3], [7, 6]],
    device: (a, b) => ops.matmul(a!, b!, { transposeA: true, transposeB: true }),
    reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 7, k: 6, transposeA: true, transposeB: true }),
  },
  'matmul of one matrix and a batch': {
    shapes: [[3, 6], [2, 6, 1]], device: (a, b) => ops.matmul(a!, b!), reference: (a, b) => matmul(a!, b!, { batch: 2, m: 3, n: 1, k: 6 }),
  },
  'matmul of batches that broadcast': {
    shapes: [[2, 1, 1, 3], [3, 3, 2]],
    device: (a, b) => ops.matmul(a!, b!),
    reference: (a, b) => matmul(axes.expand(a!, [2, 1, 1, 3], [2, 3, 1, 3]), axes.expand(b!, [3, 3, 2], [2, 3, 3, 2]), { batch: 6, m: 1, n: 2, k: 3 }),
    free: true,
  },
  'matmul of a matrix and a vector': { shapes: [[2, 2, 5], [5]], device: (a, b) => ops.matmul(a!, b!), reference: (a, b) => matmul(a!, b!, { batch: 1, m: 4, n: 1, k: 5 }) },
  linear: {
    shapes: [[2, 3, 7], [7, 6], [6]],
    device: (x, w, b) => ops.linear(x!, w!, b!),
    reference: (x, w, b) => matmul(x!, w!, { batch: 1, m: 6, n: 6, k: 7 }).map((value, i) => value + b![i % 6]!),
  },
  permute: { shapes: [[2, 3, 1, 5]], device: (x) => ops.permute(x!, [3, 0, 2, 1]), reference: (x) => axes.permute(x!, [2, 3, 1, 5], [3, 0, 2, 1]), free: true },
  transpose: { shapes: [[2, 3, 5]], device: (x) => ops.transpose(x!), reference: (x) => axes.permute(x!, [2, 3, 5], [0, 2, 1]), free: true },
  flip: { shapes: [[2, 3, 5]], device: (x) => ops.flip(x!, [0, -1]), reference: (x) => axes.flip(x!, [2, 3, 5], [0, 2]), free: true },
  slice: { shapes: [[3, 7, 2]], device: (x) => ops.slice(x!, { axis: 1, start: 1, end: -1, step: 2 }), reference: (x) => axes.slice(x!, [3, 7, 2], 1, 1, 6, 2), free: true },
  split: { shapes: [[5, 6]], device: (x) => ops.split(x!, [2, 3])[1]!, reference: (x) => axes.slice(x!, [5, 6], 0, 2, 5), free: true },
  'concat along the first axis': {
    shapes: [[1, 2, 3], [3, 2, 3]],
    device: (a, b) => ops.concat([a!, b!], { axis: 0 }),
    reference: (a, b) => axes.concat([{ x: a!, shape: [1, 2, 3] }, { x: b!, shape: [3, 2, 3] }], 0),
    free: true,
  },
  stack: {
    shapes: [[2, 3], [2, 3]],
    device: (a, b) => ops.stack([a!, b!], { axis: -1 }),
    reference: (a, b) => axes.concat([{ x: a!, shape: [2, 3, 1] }, { x: b!, shape: [2, 3, 1] }], 2),
    free: true,
  },
  expand: { shapes: [[3, 1, 2]], device: (x) => ops.expand(x!, [2, 3, 4, 2]), reference: (x) => axes.expand(x!, [3, 1, 2], [2, 3, 4, 2]), free: true },
};

export const spatialChecks: Record<string, OperationCheck> = { ...axisChecks };
