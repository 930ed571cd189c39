import type { Tensor } from '../../tensor/tensor.js';

/** Options every operation takes that can put its result into a given place. */
export interface OutOption {
  /** Where the result goes, such as a channel slice of a wider tensor. Made when absent. */
  out?: Tensor;
}
