import * as conv from '../../kernels/conv2d/direct.js';
import type { Shape } from '../../tensor/shape.js';
import type { DType, Tensor } from '../../tensor/tensor.js';
import { rule, track, where, type Rule } from '../graph.js';
import { packed } from './axes.js';
import { sumRows } from './rows.js';

// Convolutions with dilation or groups, by plain kernels of their own. As with the tuned ones, each of the three kernels is linear in
// both of its operands, and the adjoint with respect to one of them is another of the three.

/** A place for a result, or its type. */
interface Result {
  readonly out?: Tensor | undefined;
  readonly dtype?: DType;
}

/** x [batch, h, w, in] with weight [kernel h, kernel w, in / groups, out]. */
export function directConv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: conv.DirectGeometry,
  { out, dtype }: Result = {},
): Tensor {
  const taps = packed(weight);
  const y = conv.directForward(x, taps, bias, geometry, out, dtype);
  return track('conv2d', bias ? [x, taps, bias] : [x, taps], y, forwardRule(x, taps, geometry));
}

/** x [batch, h, w, in] with weight [kernel h, kernel w, out / groups, in]. */
export function directConvTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: conv.DirectGeometry,
  outputPadding: readonly [number, number],
  { out, dtype }: Result = {},
): Tensor {
  const taps = packed(weight);
  const shape = conv.directTransposeShape(x.shape, taps.shape, geometry, outputPadding);
  const y = conv.directInputGrad(x, taps, bias, shape, geometry, out, dtype);
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
