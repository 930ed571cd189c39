import { checkNumbers } from '../../formats/finite.js';
import type { StoredTensor } from '../../formats/weight-file.js';

/**
 * A tensor of a file whose numbers are checked whenever they are read: a network cannot compute with NaN, with infinity,
 * or with a variance below 0. Every tensor that becomes part of a network or of an optimiser is one of these. Tensors
 * that nothing takes are not looked at.
 *
 * @param label names the file in errors; read() throws WEIGHTS_CORRUPT with tensor, index and value
 */
export function checkedTensor(tensor: StoredTensor, label: string): StoredTensor {
  return {
    ...tensor,
    async read() {
      const values = await tensor.read();
      checkNumbers(values, { label, name: tensor.name, shape: tensor.shape });
      return values;
    },
  };
}
