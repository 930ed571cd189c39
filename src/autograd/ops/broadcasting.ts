import * as binaryFunctions from '../../kernels/binary-functions.js';
import * as unaryFunctions from '../../kernels/unary-functions.js';
import { mean, sum } from '../../kernels/loss.js';
import { binary, unary } from '../../kernels/map.js';
import { keptShape, reduceAxes } from '../../kernels/reduce.js';
import { sameShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { packed } from './axes.js';
import { withOnes } from './reduced-axes.js';
import { track } from '../graph.js';
import { inSingle } from './cast.js';

// Two operations that are each other's gradient: repeating a tensor along axes, and summing it along them.

/** factor * x, repeated to `shape`; x itself where that is the same. @throws SHAPE_MISMATCH */
export function expandTo(x: Tensor, shape: Shape, factor = 1): Tensor {
  if (factor === 1 && sameShape(x.shape, shape)) return x;
  const y = factor === 1 ? unary(unaryFunctions.identity, x, { shape }) : binary(binaryFunctions.mul, x, factor, { shape });
  return track('expand', [x], y, { saved: () => [], backward: (dy) => [sumTo(dy, x.shape, factor)] });
}

/** factor * x, summed to a shape that broadcasts to x's: the gradient of an operand that was repeated. */
export function sumTo(x: Tensor, shape: Shape, factor = 1): Tensor {
  if (sameShape(x.shape, shape)) return expandTo(x, shape, factor);
  const missing = x.shape.length - shape.length;
  const axes = [...x.shape.keys()].filter((axis) => axis < missing || (shape[axis - missing] === 1 && x.shape[axis] !== 1));
  return sumOver('sum', x, axes, shape, factor);
}

/**
 * factor * the sum of x along axes, in f32.
 * @param axes ascending, each once
 * @param shape of the result: without the axes, or with ones in place of some of them
 */
export function sumOver(name: string, terms: Tensor, axes: readonly number[], shape: Shape, factor = 1): Tensor {
  const x = inSingle(terms);
  return track(name, [x], sumKernel(x, axes, shape, factor), {
    saved: () => [],
    backward: (dy) => [expandTo(packed(dy).reshape(withOnes(x.shape, axes)), x.shape, factor)],
  });
}

/** Beyond this the kernel for sums of whole tensors has longer chains of additions than that for axes. */
const LARGEST_WHOLE = 2 ** 25;

/** Sums of whole tensors have kernels that are made for them. */
function sumKernel(x: Tensor, axes: readonly number[], shape: Shape, factor: number): Tensor {
  const all = keptShape(x.shape, axes).length === 0;
  const whole = all && x.size <= LARGEST_WHOLE && (factor === 1 || factor === 1 / x.size);
  const total = !whole ? reduceAxes('sum', x, axes, factor) : factor === 1 ? sum(x) : mean(x);
  if (sameShape(total.shape, shape)) return total;
  const result = total.viewAs(shape);
  total.dispose();
  return result;
}
