import * as kernel from '../../kernels/elementwise.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { rule, track, where } from '../graph.js';
import type { OutOption } from './options.js';

/** a + b, elementwise; equal shapes. */
export function add(a: Tensor, b: Tensor, { out }: OutOption = {}): Tensor {
  expectShape('add', a.shape, b.shape);
  return track('add', [a, b], kernel.add(a, b, out), rule([], (dy, [da, db]) => [da ? dy : null, db ? dy : null]));
}

/** scaleA * a + scaleB * b, elementwise; equal shapes. */
export function addScaled(a: Tensor, b: Tensor, scaleA: number, scaleB: number, { out }: OutOption = {}): Tensor {
  expectShape('addScaled', a.shape, b.shape);
  return track('addScaled', [a, b], kernel.addScaled(a, b, scaleA, scaleB, out), rule([], (dy, [da, db]) => [
    da ? scale(dy, scaleA) : null,
    db ? scale(dy, scaleB) : null,
  ]));
}

/** a * b, elementwise; equal shapes. */
export function multiply(a: Tensor, b: Tensor, { out }: OutOption = {}): Tensor {
  expectShape('multiply', a.shape, b.shape);
  return track('multiply', [a, b], kernel.multiply(a, b, out), rule(([da, db]) => where([da, b], [db, a]), (dy, [da, db]) => [
    da ? multiply(dy, b) : null,
    db ? multiply(dy, a) : null,
  ]));
}

/** factor * x */
export function scale(x: Tensor, factor: number, { out }: OutOption = {}): Tensor {
  return track('scale', [x], kernel.scale(x, factor, out), rule([], (dy) => [scale(dy, factor)]));
}
