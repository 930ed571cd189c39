import * as conv from '../../kernels/conv2d/direct.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { rule, track, where, type Rule } from '../graph.js';
import { packed } from './axes.js';
import { sumRows } from './rows.js';
import { inSingle } from './cast.js';

// Convolutions with dilation or groups, by plain kernels of their own. As with the tuned ones, each of the three kernels is linear in
// both of its operands, and the adjoint with respect to one of them is another of the three.

/** x [batch, h, w, in] with weight [kernel h, kernel w, in / groups, out]. */
export function directConv2d(given: Tensor, weight: Tensor, bias: Tensor | null, geometry: conv.DirectGeometry, out?: Tensor): Tensor {
  const [x, taps] = [inSingle(given), packed(weight)];
  const y = conv.directForward(x, taps, bias, geometry, out);
  return track('conv2d', bias ? [x, taps, bias] : [x, taps], y, forwardRule(x, taps, geometry));
}

/** x [batch, h, w, in] with weight [kernel h, kernel w, out / groups, in]. */
export function directConvTranspose2d(
  given: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: conv.DirectGeometry,
  outputPadding: readonly [number, number],
  out?: Tensor,
): Tensor {
  const [x, taps] = [inSingle(given), packed(weight)];
  const shape = conv.directTransposeShape(x.shape, taps.shape, geometry, outputPadding);
  const y = conv.directInputGrad(x, taps, bias, shape, geometry, out);
  return track('convTranspose2d', bias ? [x, taps, bias] : [x, taps], y, adjointRule(x, taps, geometry));
}

function forwardRule(x: Tensor, weight: Tensor, geometry: conv.DirectGeometry): Rule {
  return rule(
    ([dx, dw]) => where([dx, weight], [dw, x]),
    (dy, [dx, dw, db]) => [
      dx ? inputGrad(dy, weight, x.shape, geometry) : null,
      dw ? weightGrad(x, dy, weight.shape, geometry) : null,
      db ? sumRows(dy) : null,
    ],
  );
}

function adjointRule(x: Tensor, weight: Tensor, geometry: conv.DirectGeometry): Rule {
  return rule(
    ([dx, dw]) => where([dx, weight], [dw, x]),
    (dy, [dx, dw, db]) => [
      dx ? directConv2d(dy, weight, null, geometry) : null,
      dw ? weightGrad(dy, x, weight.shape, geometry) : null,
      db ? sumRows(dy) : null,
    ],
  );
}

/** The weight may be a gradient that is a channel slice. */
function inputGrad(dy: Tensor, slice: Tensor, shape: Shape, geometry: conv.DirectGeometry): Tensor {
  const weight = packed(slice);
  return track(
    'conv2d input gradient',
    [dy, weight],
    conv.directInputGrad(dy, weight, null, shape, geometry),
    adjointRule(dy, weight, geometry),
  );
}

function weightGrad(x: Tensor, dy: Tensor, shape: Shape, geometry: conv.DirectGeometry): Tensor {
  return track(
    'conv2d weight gradient',
    [x, dy],
    conv.directWeightGrad(x, dy, shape, geometry),
    rule(
      ([dx, ddy]) => where([dx, dy], [ddy, x]),
      (g, [dx, ddy]) => [dx ? inputGrad(dy, g, x.shape, geometry) : null, ddy ? directConv2d(x, g, null, geometry) : null],
    ),
  );
}
