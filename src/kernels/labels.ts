import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { elementCount, formatShape, sameShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { elementGrid, expectOperands } from './elements.js';
import { grid, specialise } from './kernel.js';
import stretchSource from '../../shaders/shared/stretch.wgsl';
import pickSource from '../../shaders/label_pick.wgsl';
import spreadSource from '../../shaders/label_spread.wgsl';
import weightsSource from '../../shaders/label_weights.wgsl';

/** How much of a row goes to its label, how much to every class, and which label counts for nothing. */
export interface LabelOptions {
  readonly on: number;
  readonly off: number;
  /** null: none */
  readonly ignored: number | null;
}

/** @throws INVALID_ARGUMENT, SHAPE_MISMATCH unless there is one label for each row of `shape`, without gaps */
export function expectLabels(what: string, labels: Tensor, shape: Shape): void {
  expectOperands(what, { labels }, 'i32');
  const rows = shape.slice(0, -1);
  if ((sameShape(labels.shape, rows) || (rows.length === 0 && labels.size === 1)) && labels.contiguous) return;
  throw new ShadegradError('SHAPE_MISMATCH', `labels of ${what}`, {
    expected: `one for each row of ${formatShape(shape)}: ${formatShape(rows)}, without gaps`,
    received: `${formatShape(labels.shape)}${labels.contiguous ? '' : ' with gaps'}`,
    fix: 'classes are the last axis of the other operand, and the labels have all axes but that one',
  });
}

/**
 * on * x[r, label] + off * (sum of row r): the inner product of each row with its smoothed label.
 * @param x [..., classes]
 * @param labels [...], i32: 0 where ignored, NaN where no class
 * @returns [...] (or [1])
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function pickLabels(x: Tensor, labels: Tensor, { on, off, ignored }: LabelOptions): Tensor {
  expectOperands('pickLabels', { x });
  expectLabels('pickLabels', labels, x.shape);
  const y = Tensor.empty(x.gpu, labels.shape, 'at the labels');
  x.gpu.dispatch({
    shader: specialise('label_pick', [pickSource], { HAS_IGNORED: ignored !== null }),
    bindings: [x.read(), labels.read('i32'), y.written()],
    params: new Params()
      .u32(x.rows, x.channels, x.base, x.rowStride, labels.base, y.base)
      .i32(ignored ?? 0)
      .f32(on, off)
      .nan(),
    workgroups: grid(x.rows, 64),
  });
  return y;
}

/**
 * x[r] * (on at the label, and off everywhere): the adjoint of pickLabels().
 * @param x [...], or null for ones
 * @param labels [...], i32: a row of 0 where ignored, of NaN where no class
 * @param shape [..., classes]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function spreadLabels(x: Tensor | null, labels: Tensor, shape: Shape, { on, off, ignored }: LabelOptions): Tensor {
  expectOperands('spreadLabels', { x });
  expectLabels('spreadLabels', labels, shape);
  const y = Tensor.empty(labels.gpu, shape, 'spread to the labels');
  const count = elementCount(shape);
  labels.gpu.dispatch({
    shader: specialise('label_spread', [stretchSource, spreadSource], { HAS_X: x !== null, HAS_IGNORED: ignored !== null }),
    bindings: [x ? x.read() : labels.read('i32'), labels.read('i32'), y.written()],
    params: new Params()
      .u32(count, y.channels, x?.base ?? 0, labels.base, y.base, y.rowStride)
      .i32(ignored ?? 0)
      .f32(on, off)
      .nan(),
    workgroups: elementGrid(count, labels.gpu.adapter.software),
  });
  return y;
}

/** The share of each label in a mean over those that are not ignored; NaN where all are. @returns f32, of the labels' shape */
export function labelWeights(labels: Tensor, ignored: number): Tensor {
  expectOperands('label weights', { labels }, 'i32');
  const y = Tensor.empty(labels.gpu, labels.shape, 'label weights');
  labels.gpu.dispatch({
    shader: specialise('label_weights', [weightsSource]),
    bindings: [labels.read('i32'), y.written()],
    params: new Params().u32(labels.size, labels.base, y.base).i32(ignored).nan(),
    workgroups: [1, 1, 1],
  });
  return y;
}
