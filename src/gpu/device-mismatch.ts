import { adapterName, type AdapterDescription } from './adapter.js';
import { ShadegradError } from '../errors.js';

/** The error for a tensor that is on another Gpu than the one that is to use it; `owner` is null where it is not known. */
export function memoryElsewhere(label: string, adapter: AdapterDescription, owner: AdapterDescription | null): ShadegradError {
  return new ShadegradError('DEVICE_MISMATCH', `tensor "${label}" is on another Gpu than the one that is to use it`, {
    expected: `memory of this Gpu (${adapterName(adapter)})`,
    received: `memory of another one${owner ? ` (${adapterName(owner)})` : ''}`,
    fix: 'make all tensors of a computation on one Gpu; data() and Tensor.from() carry numbers from one to another',
  });
}

/** The error for an operation on one Gpu inside a function that another one records. */
export function tracedElsewhere(kernel: string): ShadegradError {
  return new ShadegradError('DEVICE_MISMATCH', `kernel ${kernel} is dispatched on another Gpu than the one that records`, {
    expected: 'tensors of the Gpu whose record() was called',
    received: 'tensors of another one: the step would do without them when it is run',
    fix: 'call record() of the Gpu that the tensors are on, and record one step for each Gpu',
  });
}
