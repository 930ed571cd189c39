import type { OnnxNode, OnnxTensor } from '../../formats/onnx.js';
import { ShadegradError } from '../../gpu/errors.js';
import { sameShape, type Shape } from '../../tensor/shape.js';
import type { GraphNode, OnnxGraph } from './graph.js';

/** What a model consists of. */
export interface MergedGraph {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/**
 * One graph for inputs of any length, of two that were made for inputs of different lengths: where they agree nothing depends on
 * the lengths, and a Reshape takes over those that do. What cannot be said so is refused, since the model would be wrong for other
 * lengths.
 *
 * @param any names the axes that may have any length, for messages; null for none
 * @throws WEIGHTS_UNSUPPORTED
 */
export function mergedGraph(one: OnnxGraph, other: OnnxGraph, any: string | null): MergedGraph {
  const count = Math.max(one.nodes.length, other.nodes.length);
  for (let index = 0; index < count; index++) {
    const [a, b] = [one.nodes[index], other.nodes[index]];
    if (!a || !b || !sameNode(a, b)) throw depends(a ?? b!, any);
  }
  const users = new Map(one.nodes.flatMap((node) => node.inputs.map((input) => [input, node] as const)));
  if (one.tensors.length !== other.tensors.length) throw depends(undefined, any);
  one.tensors.forEach((tensor, index) => {
    const { name, shape, known } = other.tensors[index]!;
    const equal = tensor.name === name && sameShape(tensor.shape, shape) && (!tensor.known || sameNumbers(tensor.known, known!));
    if (!equal) throw depends(users.get(tensor.name), any);
  });
  const lengths = one.lengths.map(({ name, values, from }, index): OnnxTensor => {
    const { values: others, from: otherFrom } = other.lengths[index]!;
    const merged = mergedLengths([values, others], from && otherFrom ? [from, otherFrom] : null);
    if (!merged) throw depends(users.get(name), any);
    return { name, shape: [merged.length], dtype: 'i64', read: () => Promise.resolve(Float32Array.from(merged)) };
  });
  return { nodes: one.nodes, tensors: [...one.tensors, ...lengths] };
}

function sameNode(a: GraphNode, b: GraphNode): boolean {
  return (
    a.operator === b.operator &&
    a.output === b.output &&
    a.inputs.join() === b.inputs.join() &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

/** Lengths for both cases: 0 takes an axis of the input over, -1 stands for one that follows from the others. */
function mergedLengths([values, others]: readonly [Shape, Shape], from: readonly [Shape, Shape] | null): number[] | null {
  if (values.length !== others.length) return null;
  let open = true;
  const merged = values.map((value, axis) => {
    if (value === others[axis]) return value;
    if (from && value === from[0][axis] && others[axis] === from[1][axis]) return 0;
    if (!from || !open) return null;
    open = false;
    return -1;
  });
  return merged.includes(null) ? null : (merged as number[]);
}

function depends(node: GraphNode | undefined, any: string | null): ShadegradError {
  const what = node ? `"${node.op}"` : 'an operation';
  if (any === null) {
    return new ShadegradError('WEIGHTS_UNSUPPORTED', `${what} is not the same when the function that is exported runs twice`, {
      expected: 'the same operations and constants whatever comes in, and however often it is called',
      received: 'others the second time',
      fix: 'pass what changes as an input of its own, and let nothing depend on a count of calls',
    });
  }
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${what} depends on the lengths of the inputs' axes`, {
    expected: `the same computation for ${any} of any length`,
    received: 'numbers or shapes that differ with it',
    fix:
      'export the model for one length with dynamicAxes: [], or leave that axis out of dynamicAxes; '
      + 'or compute without the length, as by mean() in place of a sum times a number',
  });
}
