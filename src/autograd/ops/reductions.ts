import { addBias, biasGrad } from '../../kernels/bias.js';
import { fill } from '../../kernels/elementwise.js';
import * as kernel from '../../kernels/loss.js';
import type { Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { rule, track } from '../graph.js';

/** Mean of all elements, as a tensor of one. */
export function mean(x: Tensor): Tensor {
  return track('mean', [x], kernel.mean(x), rule([], (dy) => [spreadMean(dy, x.shape)]));
}

/** Sum of all elements, as a tensor of one. */
export function sum(x: Tensor): Tensor {
  return track('sum', [x], kernel.sum(x), rule([], (dy) => [spread(dy, x.shape)]));
}

/** One number in every element of a shape: the adjoint of sum. */
export function spread(scalar: Tensor, shape: Shape): Tensor {
  return track('spread', [scalar], kernel.sumGrad(shape, scalar), rule([], (g) => [sum(g)]));
}

/** One number divided by the count of elements, in every element of a shape: the adjoint of mean. */
export function spreadMean(scalar: Tensor, shape: Shape): Tensor {
  return track('spread mean', [scalar], kernel.meanGrad(shape, scalar), rule([], (g) => [mean(g)]));
}

/** Sum over all axes but the last: the gradient of a bias. */
export function sumRows(x: Tensor): Tensor {
  return track('sum of rows', [x], biasGrad(x), rule([], (dy) => [spreadRows(dy, x.shape)]));
}

/** One row in every row of a shape: the adjoint of sumRows. */
function spreadRows(row: Tensor, shape: Shape): Tensor {
  const zeros = Tensor.empty(row.gpu, shape, 'spread rows');
  fill(zeros, 0);
  return track('spread rows', [row], addBias(zeros, row), rule([], (g) => [sumRows(g)]));
}
