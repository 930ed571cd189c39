import { copy } from '../../autograd/ops.js';
import { expectOneDevice, expectFloats, expectTensor } from '../../kernels/elements.js';
import type { Tensor } from '../../tensor/tensor.js';

/**
 * The result of a layer whose operations take no `out`, copied to there if there is one.
 * @param operation names itself in errors
 * @param run makes the result; called when `out` has been checked
 * @throws INVALID_ARGUMENT for what is no tensor; USE_AFTER_FREE, INVALID_ARGUMENT, DEVICE_MISMATCH before anything runs;
 *   SHAPE_MISMATCH; and what `run` throws
 */
export function placed(operation: string, x: Tensor, out: Tensor | undefined, run: () => Tensor): Tensor {
  expectTensor(operation, 'input', x);
  if (!out) return run();
  expectFloats(operation, { out });
  expectOneDevice(operation, ['input', x], ['out', out]);
  return copy(run(), { out });
}
