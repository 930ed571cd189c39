import type { OnnxNode, OnnxTensor } from '../../formats/onnx.js';
import { ShadegradError } from '../../errors.js';
import { sameShape } from '../../tensor/shape.js';
import { TO_THE_END, type GraphNode, type Lengths, type OnnxGraph } from './graph.js';

/** What a model consists of. */
export interface MergedGraph {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/**
 * One graph for inputs of any length, of several that were made for inputs of different lengths: where they agree nothing depends on
 * the lengths, and a Reshape takes over those that do. What cannot be said so is refused, since the model would be wrong for other
 * lengths.
 *
 * @param any names the axes that may have any length, for messages; null for none
 * @throws WEIGHTS_UNSUPPORTED
 */
export function mergedGraph(one: OnnxGraph, others: readonly OnnxGraph[], any: string | null): MergedGraph {
  const users = new Map(one.nodes.flatMap((node) => node.inputs.map((input) => [input, node] as const)));
  for (const other of others) expectEqual(one, other, users, any);
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [...one.tensors];
  const lengths = new Map(one.lengths.map((each, index) => [each.name, [each, ...others.map((other) => other.lengths[index]!)]] as const));
  for (const node of one.nodes) {
    for (const input of node.inputs) {
      const cases = lengths.get(input);
      if (!cases) continue;
      const said = cases[0]!.isEnd ? mergedEnd(cases) : mergedLengths(cases, [one, ...others]);
      if (!said) throw depends(node, any);
      addLengths(input, said, node.inputs[0]!, nodes, tensors);
    }
    nodes.push(node);
  }
  return { nodes, tensors };
}

/** @throws WEIGHTS_UNSUPPORTED unless two graphs are the same but for lengths */
function expectEqual(one: OnnxGraph, other: OnnxGraph, users: ReadonlyMap<string, GraphNode>, any: string | null): void {
  const count = Math.max(one.nodes.length, other.nodes.length);
  for (let index = 0; index < count; index++) {
    const [a, b] = [one.nodes[index], other.nodes[index]];
    if (!a || !b || !sameNode(a, b)) throw depends(a ?? b!, any);
  }
  if (one.tensors.length !== other.tensors.length) throw depends(undefined, any);
  one.tensors.forEach((tensor, index) => {
    const { name, shape, known } = other.tensors[index]!;
    const equal = tensor.name === name && sameShape(tensor.shape, shape) && (!tensor.known || sameNumbers(tensor.known, known!));
    if (!equal) throw depends(users.get(tensor.name), any);
  });
  const unlike = one.fixed.find(({ length }, index) => other.fixed[index]!.length !== length);
  if (unlike) throw depends(unlike, any);
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

/**
 * A length that is the same for all inputs, that of an axis of what is reshaped or of an input, or the one that follows from the others.
 */
type Length = { readonly number: number } | { readonly axis: number } | { readonly input: string; readonly axis: number } | 'rest';

/** What each length is in all cases; null where that cannot be said. */
function mergedLengths(cases: readonly Lengths[], graphs: readonly OnnxGraph[]): Length[] | null {
  const [{ values, from }] = cases as readonly [Lengths, ...Lengths[]];
  if (cases.some((each) => each.values.length !== values.length || each.from?.length !== from?.length)) return null;
  /** An axis of an input that always has the length. */
  const ofInput = (at: number): Length | null => {
    for (const [index, { name, shape }] of graphs[0]!.inputs.entries()) {
      const axis = shape.findIndex((_, each) =>
        cases.every(({ values: own }, which) => own[at] === graphs[which]!.inputs[index]!.shape[each]),
      );
      if (axis >= 0) return { input: name, axis };
    }
    return null;
  };
  const merged = values.map((value, at): Length | null => {
    if (cases.every((each) => each.values[at] === value)) return { number: value };
    const same = (axis: number): boolean => cases.every((each) => each.from![axis] === each.values[at]);
    // An axis at another place has the same length only where it always has it, if the cases tell the axes apart.
    const axis = !from ? -1 : same(at) && at < from.length ? at : from.findIndex((_, other) => same(other));
    return axis >= 0 ? { axis } : from ? 'rest' : ofInput(at);
  });
  const open = (length: Length | null): boolean => length === 'rest';
  // Of several that follow from nothing here, an input may tell all but one.
  for (let at = 0; at < merged.length && merged.filter(open).length > 1; at++) if (open(merged[at]!)) merged[at] = ofInput(at) ?? 'rest';
  return merged.includes(null) || merged.filter(open).length > 1 ? null : (merged as Length[]);
}

/** Where a slice ends in all cases: the first of a batch of one may be the whole of it or the first of any; other lengths tell. */
function mergedEnd(cases: readonly Lengths[]): Length[] | null {
  const ends = cases.map(({ values }) => values[0]!);
  if (ends.every((end) => end === ends[0])) return [{ number: ends[0]! }];
  return cases.every(({ from }, index) => from![0] === ends[index]) ? [{ number: TO_THE_END }] : null;
}

/** Adds what gives the lengths: a stored tensor, or a part of the shape that the model sees where an axis has moved. */
function addLengths(name: string, lengths: readonly Length[], reshaped: string, nodes: OnnxNode[], tensors: OnnxTensor[]): void {
  const integers = (of: string, values: readonly number[]): void => {
    tensors.push({
      name: of,
      shape: [values.length],
      dtype: 'i64',
      integers: values,
      read: () => Promise.resolve(Float32Array.from(values)),
    });
  };
  const isPlain = lengths.every((length, at) => length === 'rest' || 'number' in length || (!('input' in length) && length.axis === at));
  if (isPlain) {
    integers(
      name,
      lengths.map((length) => (length === 'rest' ? -1 : 'number' in length ? length.number : 0)),
    );
    return;
  }
  const shapes = new Map<string, string>();
  const shapeOf = (value: string): string => {
    const known = shapes.get(value);
    if (known !== undefined) return known;
    const shape = `${name}.shape.${shapes.size}`;
    nodes.push({ operator: 'Shape', inputs: [value], attributes: {}, output: shape });
    shapes.set(value, shape);
    return shape;
  };
  const parts = lengths.map((length, at) => {
    const part = `${name}.${at}`;
    if (length === 'rest' || 'number' in length) {
      integers(part, [length === 'rest' ? -1 : length.number]);
      return part;
    }
    integers(`${part}.axis`, [length.axis]);
    const shape = shapeOf('input' in length ? length.input : reshaped);
    nodes.push({ operator: 'Gather', inputs: [shape, `${part}.axis`], attributes: { axis: 0 }, output: part });
    return part;
  });
  nodes.push({ operator: 'Concat', inputs: parts, attributes: { axis: 0 }, output: name });
}

function depends(node: Pick<GraphNode, 'op'> | undefined, any: string | null): ShadegradError {
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
      'export the model for one length with dynamicAxes: [], or leave that axis out of dynamicAxes; ' +
      'or compute without the length, as by mean() in place of a sum times a number',
  });
}
