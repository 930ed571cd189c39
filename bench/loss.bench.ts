import * as reference from '../kernels-test/reference/loss.js';
import {
  bceWithLogits,
  bceWithLogitsGrad,
  l1Loss,
  l1LossGrad,
  mseLoss,
  mseLossGrad,
  mean,
  meanGrad,
  sum,
  sumGrad,
} from '../src/kernels/loss.js';
import { elementCount, type Shape } from '../src/tensor/shape.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { IMAGE, LOGITS, SKIP_128, bytesOf, format } from './shapes.js';

interface Loss {
  readonly kernel: string;
  readonly shape: Shape;
  /** Tensors read. */
  readonly inputs: number;
  readonly run: (x: Tensor, target: Tensor) => Tensor;
  readonly expected: (x: Float32Array, target: Float32Array) => number;
}

const REAL = 1;

const losses: readonly Loss[] = [
  { kernel: 'sum', shape: SKIP_128, inputs: 1, run: (x) => sum(x), expected: (x) => reference.mean(x) * x.length },
  { kernel: 'mean', shape: SKIP_128, inputs: 1, run: (x) => mean(x), expected: reference.mean },
  { kernel: 'l1Loss', shape: IMAGE, inputs: 2, run: (x, target) => l1Loss(x, target), expected: reference.l1Loss },
  { kernel: 'mseLoss', shape: IMAGE, inputs: 2, run: (x, target) => mseLoss(x, target), expected: reference.mseLoss },
  {
    kernel: 'bceWithLogits',
    shape: LOGITS,
    inputs: 1,
    run: (x) => bceWithLogits(x, REAL),
    expected: (x) => reference.bceWithLogits(x, REAL),
  },
];

const forward = losses.map(
  ({ kernel, shape, inputs, run, expected }): BenchEntry => ({
    kernel,
    label: format(shape),
    work: { bytes: inputs * bytesOf(shape) },
    setup(bench) {
      // An offset, so that a sum is not the small difference of large ones.
      const x = bench.random('x', shape, { offset: 0.5 });
      const target = bench.random('target', shape);
      return workload({
        run: () => run(x.tensor, target.tensor),
        check: (loss) => checkAll(loss, () => expected(x.data, target.data), { relative: 1e-5, label: kernel }),
      });
    },
  }),
);

interface LossGradient {
  readonly kernel: string;
  readonly shape: Shape;
  readonly inputs: number;
  readonly run: (x: Tensor, target: Tensor, gradLoss: Tensor) => Tensor;
  /** Derivative of the element's term. */
  readonly term: (x: number, target: number) => number;
  readonly divisor: 'size' | 'one';
}

const lossGradients: readonly LossGradient[] = [
  { kernel: 'sumGrad', shape: SKIP_128, inputs: 0, run: (x, _, g) => sumGrad(x.shape, g), term: () => 1, divisor: 'one' },
  { kernel: 'meanGrad', shape: SKIP_128, inputs: 0, run: (x, _, g) => meanGrad(x.shape, g), term: () => 1, divisor: 'size' },
  {
    kernel: 'l1LossGrad',
    shape: IMAGE,
    inputs: 2,
    run: (x, target, g) => l1LossGrad(x, target, g),
    term: (x, target) => Math.sign(x - target),
    divisor: 'size',
  },
  {
    kernel: 'mseLossGrad',
    shape: IMAGE,
    inputs: 2,
    run: (x, target, g) => mseLossGrad(x, target, g),
    term: (x, target) => 2 * (x - target),
    divisor: 'size',
  },
  {
    kernel: 'bceWithLogitsGrad',
    shape: LOGITS,
    inputs: 1,
    run: (x, _, g) => bceWithLogitsGrad(x, REAL, g),
    term: (x) => 1 / (1 + Math.exp(-x)) - REAL,
    divisor: 'size',
  },
];

const backward = lossGradients.map(
  ({ kernel, shape, inputs, run, term, divisor }): BenchEntry => ({
    kernel,
    label: format(shape),
    work: { bytes: (inputs + 1) * bytesOf(shape) },
    setup(bench) {
      const x = bench.random('x', shape);
      const target = bench.random('target', shape);
      const gradLoss = bench.random('gradient of the loss', [1], { offset: 2 });
      const factor = gradLoss.data[0]! / (divisor === 'size' ? elementCount(shape) : 1);
      return workload({
        run: () => run(x.tensor, target.tensor, gradLoss.tensor),
        check: (dx) =>
          checkAll(dx, (index) => factor * term(x.data[index]!, target.data[index]!), {
            absolute: 1e-6 * factor,
            relative: 1e-5,
            label: kernel,
          }),
      });
    },
  }),
);

export const entries: readonly BenchEntry[] = [...forward, ...backward];
