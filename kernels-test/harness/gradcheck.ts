import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { mul, sum } from '../../src/autograd/ops.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from './deterministic.js';

export interface GradientCheck {
  label: string;
  shapes: readonly Shape[];
  /** The operation, on the device. */
  device: (...inputs: Tensor[]) => Tensor;
  /** The same in float64 on plain arrays. */
  reference: (...inputs: Float64Array[]) => ArrayLike<number>;
  /** Contents of the inputs; uniform in [-1, 1) by default. */
  inputs?: readonly Float32Array[];
  /** Largest allowed error, relative to the largest gradient of the same input. */
  tolerance?: number;
}

/** The operation stands in the middle of a graph, so that it gets a gradient that is not one, and must pass one on. */
const BEFORE = 1.25;
const AFTER = -0.75;
const STEP = 1e-4;
const MOST_ELEMENTS = 40;

/** Inputs of a check on the device: leaves, whose gradients are kept. */
export function leavesOf(gpu: Gpu, label: string, shapes: readonly Shape[], data: readonly Float32Array[]): Tensor[] {
  return shapes.map((shape, index) => {
    const leaf = Tensor.from(gpu, data[index]!, shape, `${label} input ${index}`);
    leaf.requiresGrad = true;
    return leaf;
  });
}

/** The central difference of a loss by one number that it is computed from. */
export function slopeAt(numbers: Float64Array, index: number, step: number, loss: () => number): number {
  const before = numbers[index]!;
  numbers[index] = before + step;
  const above = loss();
  numbers[index] = before - step;
  const below = loss();
  numbers[index] = before;
  return (above - below) / (2 * step);
}

/**
 * Compares backward() through `sum(weights * AFTER * op(BEFORE * x))` with central differences of the float64
 * reference of the whole expression, for every input.
 */
export async function checkGradients(
  gpu: Gpu,
  { label, shapes, device, reference, inputs, tolerance = 2e-4 }: GradientCheck,
): Promise<void> {
  const data = inputs ?? shapes.map((shape, index) => values(`${label}/${index}`, elementCount(shape)));
  const leaves = leavesOf(gpu, label, shapes, data);
  const weights = gpu.scope(() => {
    const y = device(...leaves.map((leaf) => mul(leaf, BEFORE)));
    const weighting = values(`${label}/weights`, y.size);
    backward(sum(mul(mul(y, AFTER), Tensor.from(gpu, weighting, y.shape))));
    return weighting;
  });

  const doubles = data.map((array) => Float64Array.from(array));
  const loss = (): number => {
    const y = reference(...doubles.map((array) => array.map((x) => x * BEFORE)));
    assert.is(y.length, weights.length, `${label}: the reference makes as many numbers as the device`);
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i]! * AFTER * y[i]!;
    return total;
  };
  for (const [index, leaf] of leaves.entries()) {
    assert.ok(leaf.grad, `${label}: input ${index} has a gradient`);
    const gradient = await leaf.grad!.data();
    const array = doubles[index]!;
    const largest = Math.max(...gradient.map(Math.abs), 1e-3);
    const stride = Math.max(1, Math.floor(array.length / MOST_ELEMENTS));
    for (let i = 0; i < array.length; i += stride) {
      const numeric = slopeAt(array, i, STEP, loss);
      const error = Math.abs(gradient[i]! - numeric) / largest;
      assert.ok(
        error <= tolerance,
        `${label}: gradient of input ${index}, element ${i}: ${gradient[i]} on the device, ${numeric} by differences`,
      );
    }
    leaf.grad!.dispose();
    leaf.dispose();
  }
}
