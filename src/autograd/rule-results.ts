import { adapterName } from '../gpu/adapter.js';
import { ShadegradError } from '../errors.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { FLOATS } from '../kernels/elements.js';
import { Tensor } from '../tensor/tensor.js';
import { isThenable, type GradientTarget, type GraphNode } from './graph.js';

/**
 * What a rule returns is one gradient for each input, or null where there is none. Those of inputs that want none are not looked at.
 *
 * @throws INVALID_ARGUMENT for no array, one of another length, or what is neither a tensor nor null; USE_AFTER_FREE for a tensor that
 *   was disposed; DEVICE_MISMATCH for one of another Gpu; SHAPE_MISMATCH for another shape or type than the input's
 */
export function expectGradients(node: GraphNode, results: unknown, targets: readonly (GradientTarget | undefined)[]): void {
  const { op, inputs } = node;
  // Rules of operations with an operand that may be absent say null for it, too.
  if (!Array.isArray(results) || results.length < inputs.length || results.slice(inputs.length).some((further) => further !== null)) {
    // Whoever wrote the rule must hear of the mistake, not of what may go wrong in the rest of it.
    if (isThenable(results)) results.then(undefined, () => {});
    throw new ShadegradError('INVALID_ARGUMENT', `gradients of the operation "${op}"`, {
      expected: `an array of ${inputs.length}, one for each tensor among its arguments`,
      received: kindOf(results),
      fix: isThenable(results) ? 'write the rule without await' : 'return null for those that are not needed',
    });
  }
  for (const [index, input] of inputs.entries()) if (targets[index]) expectGradient(op, input, results[index]);
}

function expectGradient(op: string, input: Tensor, gradient: unknown): void {
  if (gradient === null) return;
  const what = `gradient that the rule of "${op}" returned for "${input.label}"`;
  if (!(gradient instanceof Tensor)) {
    throw new ShadegradError('INVALID_ARGUMENT', what, {
      expected: 'a tensor, or null where the gradient is zero everywhere',
      received: kindOf(gradient),
      fix: 'return one gradient for each input, in their order',
    });
  }
  if (gradient.disposed) {
    throw new ShadegradError('USE_AFTER_FREE', what, {
      expected: 'a live tensor',
      received: `"${gradient.label}", which was disposed`,
      fix: 'do not dispose what the rule returns; keep() what one run of a rule makes and a later one returns',
    });
  }
  if (gradient.gpu !== input.gpu) {
    throw new ShadegradError('DEVICE_MISMATCH', what, {
      expected: `a tensor on the Gpu of its input (${adapterName(input.gpu.adapter)})`,
      received: `"${gradient.label}", on another one (${adapterName(gradient.gpu.adapter)})`,
      fix: 'compute it from tensors of one Gpu; data() and Tensor.from() carry numbers from one to another',
    });
  }
  if (sameShape(input.shape, gradient.shape) && FLOATS.includes(gradient.dtype)) return;
  throw new ShadegradError('SHAPE_MISMATCH', what, {
    expected: `f32 or f16 ${formatShape(input.shape)}`,
    received: `${gradient.dtype} ${formatShape(gradient.shape)}`,
    fix: 'return one gradient for each input, in their order and of their shapes, null for those not wanted',
  });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isThenable(value)) return 'a promise';
  return value === null ? 'null' : typeof value;
}

/**
 * Whether a rule has put a leaf's gradient into its place by itself.
 * @param since when the rule began, in the time of `writeTime()`
 * @throws INVALID_ARGUMENT when it wrote there and returned something else: the gradient would be counted twice, or not at all
 */
export function isInPlace({ op }: GraphNode, leaf: Tensor, place: Tensor | undefined, gradient: Tensor | null, since: number): boolean {
  if (!place?.writtenSince(since)) return false;
  if (gradient && sameMemory(place, gradient)) return true;
  throw new ShadegradError('INVALID_ARGUMENT', `gradient that the rule of "${op}" returned for "${leaf.label}"`, {
    expected: 'targets[i].tensor, which the rule has written to',
    received: gradient ? `another tensor, "${gradient.label}"` : 'null',
    fix: 'return the tensor that was written to, or leave targets[i].tensor alone and return a tensor of its own',
  });
}

/** Two tensors of one shape on the very same elements. */
function sameMemory(a: Tensor, b: Tensor): boolean {
  return a === b || (a.storage === b.storage && a.offset === b.offset && (a.rowStride === b.rowStride || a.rows === 1));
}
