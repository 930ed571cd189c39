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

/**
 * Compares backward() through `sum(weights * AFTER * op(BEFORE * x))` with central differences of the float64
 * reference of the whole expression, for every input.
 */
export async function checkGradients(gpu: Gpu, { label, shapes, device, reference, inputs, tolerance = 2e-4 }: GradientCheck): Promise<void> {
  const data = inputs ?? shapes.map((shape, index) => values(`${label}/${index}`, elementCount(shape)));
  const leaves = shapes.map((shape, index) => {
    const leaf = Tensor.from(gpu, data[index]!, shape, `${label} input ${index}`);
    leaf.requiresGrad = true;
    return leaf;
  });
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
      const before = array[i]!;
      array[i] = before + STEP;
      const above = loss();
      array[i] = before - STEP;
      const below = loss();
      array[i] = before;
      const numeric = (above - below) / (2 * STEP);
      const error = Math.abs(gradient[i]! - numeric) / largest;
      assert.ok(error <= tolerance, `${label}: gradient of input ${index}, element ${i}: ${gradient[i]} on the device, ${numeric} by differences`);
    }
    leaf.grad!.dispose();
    leaf.dispose();
  }
}
