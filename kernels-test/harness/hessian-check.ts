import * as assert from 'uvu/assert';
import { backward, grad } from '../../src/autograd/backward.js';
import { add, mul, sum } from '../../src/autograd/ops.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from './deterministic.js';
import { leavesOf, slopeAt, type GradientCheck } from './gradcheck.js';

/** The operation stands in the middle of a graph, as in checkGradients(). */
const BEFORE = 1.25;
const STEP = 1e-4;
const MOST_ELEMENTS = 12;

/**
 * Compares gradients of gradients with differences of differences in float64: with L = sum(weights * y^2), y = op(BEFORE * x),
 * and one direction v_k for each input, the gradient of sum over k of v_k * dL/dx_k is the Hessian of L times v.
 */
export async function checkSecondOrder(
  gpu: Gpu,
  { label, shapes, device, reference, inputs, tolerance = 1e-3 }: GradientCheck,
): Promise<void> {
  const data = inputs ?? shapes.map((shape, index) => values(`${label}/${index}`, elementCount(shape)));
  const directions = shapes.map((shape, index) => values(`${label}/direction ${index}`, elementCount(shape)));
  const leaves = leavesOf(gpu, label, shapes, data);
  const weights = gpu.scope(() => {
    const y = device(...leaves.map((leaf) => mul(leaf, BEFORE)));
    const weighting = values(`${label}/weights`, y.size);
    const loss = sum(mul(mul(y, y), Tensor.from(gpu, weighting, y.shape)));
    const slopes = grad(loss, leaves, { createGraph: true });
    const along = slopes.map((slope, index) => sum(mul(slope, Tensor.from(gpu, directions[index]!, slope.shape))));
    backward(along.reduce((total, each) => add(total, each)));
    return weighting;
  });

  const doubles = data.map((array) => Float64Array.from(array));
  const loss = (): number => {
    const y = reference(...doubles.map((array) => array.map((x) => x * BEFORE)));
    assert.is(y.length, weights.length, `${label}: the reference makes as many numbers as the device`);
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i]! * y[i]! * y[i]!;
    return total;
  };
  const shift = (by: number): void => doubles.forEach((array, k) => directions[k]!.forEach((v, i) => (array[i]! += by * v)));
  for (const [index, leaf] of leaves.entries()) {
    const gradient = leaf.grad ? await leaf.grad.data() : new Float32Array(leaf.size);
    const array = doubles[index]!;
    const stride = Math.max(1, Math.floor(array.length / MOST_ELEMENTS));
    const found: [number, number][] = [];
    for (let i = 0; i < array.length; i += stride) {
      shift(STEP);
      const ahead = slopeAt(array, i, STEP, loss);
      shift(-2 * STEP);
      const behind = slopeAt(array, i, STEP, loss);
      shift(STEP);
      found.push([gradient[i]!, (ahead - behind) / (2 * STEP)]);
    }
    const largest = Math.max(...found.map(([, numeric]) => Math.abs(numeric)), 1e-2);
    for (const [device, numeric] of found) {
      assert.ok(
        Math.abs(device - numeric) / largest <= tolerance,
        `${label}: second gradient of input ${index}: ${device} on the device, ${numeric} by differences`,
      );
    }
    leaf.dispose();
  }
}
