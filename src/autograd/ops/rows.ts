import { addBias, biasGrad } from '../../kernels/bias.js';
import { fill } from '../../kernels/elementwise.js';
import type { Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { rule, track } from '../graph.js';

/** Sum over all axes but the last: the gradient of a bias. */
export function sumRows(x: Tensor): Tensor {
  return track(
    'sum of rows',
    [x],
    biasGrad(x),
    rule([], (dy) => [spreadRows(dy, x.shape)]),
  );
}

/** One row in every row of a shape: the adjoint of sumRows. */
function spreadRows(row: Tensor, shape: Shape): Tensor {
  const zeros = Tensor.empty(row.gpu, shape, 'spread rows');
  fill(zeros, 0);
  return track(
    'spread rows',
    [row],
    addBias(zeros, row),
    rule([], (g) => [sumRows(g)]),
  );
}
