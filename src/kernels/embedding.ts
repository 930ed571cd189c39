import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { elementCount, expectShape, formatShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { elementGrid, expectOperands, expectTensors, walkSource } from './elements.js';
import { grid, specialise } from './kernel.js';
import embeddingGradSource from '../../shaders/embedding_grad.wgsl';
import embeddingLinksSource from '../../shaders/embedding_links.wgsl';
import embeddingSource from '../../shaders/embedding.wgsl';

function expectTable(indices: Tensor, table: Shape): void {
  expectOperands('embedding', { indices }, 'i32');
  if (table.length === 2 && indices.contiguous) return;
  throw new ShadegradError('SHAPE_MISMATCH', 'table of embedding', {
    expected: '[entries, columns], and indices without gaps',
    received: `${formatShape(table)}${indices.contiguous ? '' : ', indices with gaps'}`,
    fix: 'join axes of the table with reshape()',
  });
}

/** Four columns at a time where both tensors' rows allow it. */
function lanes(tensors: readonly Tensor[]): { width: 1 | 4; aliases: Record<string, string>; place(tensor: Tensor): [number, number] } {
  expectTensors('embedding', tensors);
  const width = tensors.every((tensor) => tensor.vectorizable) ? 4 : 1;
  return {
    width,
    aliases: { element: width === 4 ? 'vec4f' : 'f32' },
    place: ({ base, rowStride }) => [base / width, Math.floor(rowStride / width)],
  };
}

/**
 * Rows of a table by their indices; a row of NaN for an index that the table lacks.
 * @param indices i32 [...], without gaps
 * @param table [entries, columns]
 * @returns [..., columns]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function embedding(indices: Tensor, table: Tensor, out?: Tensor): Tensor {
  expectTable(indices, table.shape);
  const shape = [...indices.shape, table.channels];
  const y = out ?? Tensor.empty(table.gpu, shape, 'embedding');
  expectShape('out of embedding', shape, y.shape);
  const { width, aliases, place } = lanes([table, y]);
  const count = elementCount(shape) / width;
  table.gpu.dispatch({
    shader: specialise('embedding', [walkSource, embeddingSource], { STRIDED: false }, aliases),
    bindings: [indices.read('i32'), table.read(), y.written()],
    params: new Params().u32(count, table.channels / width, table.rows, indices.base, ...place(table), ...place(y)).nan(),
    workgroups: elementGrid(count, table.gpu.adapter.software),
  });
  return y;
}

/**
 * The adjoint of embedding(): each row of the table gathers the gradients of the rows that named it, in their order. Finding those
 * takes as many comparisons as half the square of the indices.
 * @param gradOutput [..., columns]
 * @param shape [entries, columns] of the table
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function embeddingGrad(gradOutput: Tensor, indices: Tensor, shape: Shape): Tensor {
  expectTable(indices, shape);
  expectShape('gradient of embedding', [...indices.shape, shape[1]!], gradOutput.shape);
  const { gpu } = gradOutput;
  const [entries, columns] = shape as [number, number];
  const links = Tensor.empty(gpu, [entries + indices.size], 'links of an embedding', 'i32');
  for (const clear of [true, false]) {
    gpu.dispatch({
      shader: specialise('embedding_links', [embeddingLinksSource], { CLEAR: clear }),
      bindings: [indices.read('i32'), links.written('i32')],
      params: new Params().u32(indices.size, entries, indices.base),
      workgroups: grid(clear ? links.size : indices.size, 64),
    });
  }
  const dtable = Tensor.empty(gpu, shape, 'embedding gradient');
  const { width, aliases, place } = lanes([gradOutput, dtable]);
  const count = dtable.size / width;
  gpu.dispatch({
    shader: specialise('embedding_grad', [walkSource, embeddingGradSource], { STRIDED: false }, aliases),
    bindings: [links.read('i32'), gradOutput.read(), dtable.written()],
    params: new Params().u32(count, columns / width, entries, ...place(gradOutput), ...place(dtable)),
    workgroups: elementGrid(count, gpu.adapter.software),
  });
  links.dispose();
  return dtable;
}
