import { expectOneDevice, expectOperands, expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/embedding.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';

/**
 * Looks rows of a table up by their indices; torch.nn.functional.embedding. Indices have no gradient; the table's is gathered in the
 * order of the indices, so that one batch gives one result to the bit.
 *
 * @param indices i32 [...]; one that the table lacks cannot be refused, being on the device: it gives a row of NaN
 * @param table [entries, columns]
 * @returns [..., columns]
 * @throws SHAPE_MISMATCH for a table of other axes; INVALID_ARGUMENT for other types
 */
export function embedding(indices: Tensor, table: Tensor): Tensor {
  expectOperands('embedding', { table });
  expectTensor('embedding', 'indices', indices);
  expectOneDevice('embedding', ['table', table], ['indices', indices]);
  return called('embedding', [indices, table], {}, () =>
    track(
      'embedding',
      [table],
      kernel.embedding(indices, table),
      rule([indices], (dy) => [gradient(dy, indices, table.shape)]),
    ),
  );
}

/** The adjoint of embedding, and the other way round. */
function gradient(dy: Tensor, indices: Tensor, shape: Shape): Tensor {
  return track(
    'embedding gradient',
    [dy],
    kernel.embeddingGrad(dy, indices, shape),
    rule([indices], (g) => [embedding(indices, g)]),
  );
}
