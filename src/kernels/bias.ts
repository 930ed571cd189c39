import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectFloats, FLOATS, resultTensor, walkElements } from './elements.js';
import { grid, specialise, storedTypes } from './kernel.js';
import addBiasSource from '../../shaders/add_bias.wgsl';
import sumRowsSource from '../../shaders/sum_rows.wgsl';

/** Fewer rows than this are summed at once: a second stage would cost more than it gains. */
const ROWS_AT_ONCE = 64;

/**
 * x + bias, the same for every row.
 * @param x [..., channels]
 * @param bias [channels]
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function addBias(x: Tensor, bias: Tensor, out?: Tensor): Tensor {
  expectFloats('addBias', { x, out }, { bias });
  expectShape('bias of addBias', [x.channels], bias.shape);
  const output = resultTensor('addBias', x, out, FLOATS);
  const walk = walkElements([x, bias, output], true);
  x.gpu.dispatch({
    shader: specialise('add_bias', [walk.source, addBiasSource], walk.constants, walk.types({ x, y: output })),
    bindings: [x.read(x.dtype), bias.read(), output.written(output.dtype)],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(output), walk.place(bias)[0]),
    workgroups: walk.workgroups,
  });
  return output;
}

/**
 * Sum over all rows for each channel: the gradient of a bias. Two stages for many rows, in a fixed order.
 * @param gradOutput [..., channels]
 * @param into [channels], where to put it: written over, or added to with `accumulate`
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function biasGrad(gradOutput: Tensor, into?: Tensor, accumulate = false): Tensor {
  expectFloats('biasGrad', { gradOutput }, { into });
  const { gpu, rows, channels } = gradOutput;
  const result = into ?? Tensor.empty(gpu, [channels], 'bias gradient');
  expectShape('target of biasGrad', [channels], result.shape);
  if (rows <= ROWS_AT_ONCE) {
    sumRows(gradOutput, result, rows, accumulate && into !== undefined);
    return result;
  }
  const rowsPerSplit = Math.ceil(Math.sqrt(rows));
  const partial = Tensor.empty(gpu, [Math.ceil(rows / rowsPerSplit), channels], 'partial bias gradients');
  sumRows(gradOutput, partial, rowsPerSplit, false);
  sumRows(partial, result, partial.rows, accumulate && into !== undefined);
  partial.dispose();
  return result;
}

/** Each row of `y`, f32, becomes the sum of `rowsPerSplit` rows of `x`. `y` has no gaps. */
function sumRows(x: Tensor, y: Tensor, rowsPerSplit: number, accumulate: boolean): void {
  const vectorized = x.vectorizable && y.offset % 4 === 0;
  const width = vectorized ? 4 : 1;
  const columns = x.channels / width;
  x.gpu.dispatch({
    shader: specialise(
      'sum_rows',
      [sumRowsSource],
      { ACCUMULATE: accumulate },
      { element: vectorized ? 'vec4f' : 'f32', ...storedTypes(width, { x }) },
    ),
    bindings: [x.read(x.dtype), y.written()],
    params: new Params().u32(x.rows, columns, x.base / width, x.rowStride / width, y.base / width, y.rows, rowsPerSplit),
    workgroups: grid(y.rows * columns, 64),
  });
}
