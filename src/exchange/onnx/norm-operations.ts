import type { Shape } from '../../tensor/shape.js';
import { unsupported, valueIn, type GraphCall, type GraphOperation } from './call.js';
import type { GraphValue, OnnxGraph } from './graph.js';

const epsilonOf = ({ attributes }: GraphCall): number => attributes.epsilon as number;

/** Channels second, as norms have them in ONNX, for values of any rank: its name there, its shape, and the way back. */
function channelsSecond(graph: OnnxGraph, x: GraphValue): { name: string; shape: Shape; back(name: string): GraphValue } {
  const rank = x.shape.length;
  const [batch, ...rest] = x.shape;
  const shape = rank < 3 ? x.shape : [batch!, rest.at(-1)!, ...rest.slice(0, -1)];
  const result = { shape: x.shape, dtype: 'f32' } as const;
  if (rank === 4) return { name: graph.first(x), shape, back: (name) => ({ ...result, name, order: 'first' }) };
  const there = rank < 3 ? [...x.shape.keys()] : [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, index) => index + 1)];
  const way = there.map((_, axis) => there.indexOf(axis));
  return {
    name: graph.transposed(graph.last(x), there),
    shape,
    back: (name) => ({ ...result, name: graph.transposed(name, way), order: 'last' }),
  };
}

/** A factor or summand of each channel, for channels that are second; null where there is none. */
function perChannel(graph: OnnxGraph, { operands }: GraphCall, index: number, rank: number): string | null {
  const operand = operands[index];
  if (typeof operand !== 'object' || operand === null) return null;
  return graph.last(graph.reshape(operand, [operand.shape[0]!, ...new Array<number>(Math.max(rank - 2, 0)).fill(1)]));
}

function scaled(graph: OnnxGraph, x: string, gamma: string | null, beta: string | null): string {
  const product = gamma === null ? x : graph.node('Mul', [x, gamma]);
  return beta === null ? product : graph.node('Add', [product, beta]);
}

/** (x - mean) / sqrt(variance + epsilon) by the moments along axes. */
function standardised(graph: OnnxGraph, x: string, axes: readonly number[], epsilon: number): string {
  const moment = { axes, keepdims: 1 };
  const centred = graph.node('Sub', [x, graph.node('ReduceMean', [x], moment)]);
  const variance = graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], moment);
  return graph.node('Div', [centred, graph.node('Sqrt', [graph.node('Add', [variance, graph.number(epsilon)])])]);
}

const batchNorm: GraphOperation = (graph, call) => {
  const { statistics } = call.attributes;
  const x = valueIn(call, 0);
  if (x.shape.length < 2)
    throw unsupported(call.op, 'axes besides the channels', 'a single axis', 'give the input a batch: x.unsqueeze(0)');
  const { name, shape, back } = channelsSecond(graph, x);
  if (statistics === 'running') {
    const channelwise = [1, 2, 3, 4].map((index) => graph.last(valueIn(call, index)));
    return back(graph.node('BatchNormalization', [name, ...channelwise], { epsilon: { float: epsilonOf(call) } }));
  }
  const axes = [...shape.keys()].filter((axis) => axis !== 1);
  const normalised = standardised(graph, name, axes, epsilonOf(call));
  return back(scaled(graph, normalised, perChannel(graph, call, 1, shape.length), perChannel(graph, call, 2, shape.length)));
};

/** ONNX's instance norm, which always has a factor and a summand. */
function instanceNormalised(graph: OnnxGraph, x: string, channels: number, call: GraphCall, affine: boolean): string {
  const operand = (index: number, value: number): string => {
    const given = affine ? call.operands[index] : null;
    return typeof given === 'object' && given !== null ? graph.last(given) : graph.filled(value, [channels]);
  };
  return graph.node('InstanceNormalization', [x, operand(1, 1), operand(2, 0)], { epsilon: { float: epsilonOf(call) } });
}

const instanceNorm: GraphOperation = (graph, call) => {
  const { name, shape, back } = channelsSecond(graph, valueIn(call, 0));
  return back(instanceNormalised(graph, name, shape[1]!, call, true));
};

/** A batch norm whose moments are those of each image by itself: what it computes of a batch of one, for any batch. */
export const batchNormOfEach: GraphOperation = instanceNorm;

const groupNorm: GraphOperation = (graph, call) => {
  const groups = call.attributes.groups as number;
  const { name, shape, back } = channelsSecond(graph, valueIn(call, 0));
  // Each group as one long channel; then the shape that was there before, whatever it is when the model runs.
  const cut = graph.node('Reshape', [name, graph.integers([0, groups, -1])]);
  const normalised = graph.node('Reshape', [instanceNormalised(graph, cut, groups, call, false), graph.node('Shape', [name])]);
  return back(scaled(graph, normalised, perChannel(graph, call, 1, shape.length), perChannel(graph, call, 2, shape.length)));
};

const layerNorm: GraphOperation = (graph, call) => {
  const x = valueIn(call, 0);
  const axis = x.shape.length - (call.attributes.axes as number);
  const own = x.shape.slice(axis);
  const [gamma, beta] = [call.operands[1], call.operands[2]];
  const named = (operand: typeof gamma): string | null => (typeof operand === 'object' && operand !== null ? graph.last(operand) : null);
  const inputs = [graph.last(x), named(gamma) ?? graph.filled(1, own), ...(named(beta) === null ? [] : [named(beta)!])];
  return {
    name: graph.node('LayerNormalization', inputs, { axis, epsilon: { float: epsilonOf(call) } }),
    shape: x.shape,
    dtype: 'f32',
    order: 'last',
  };
};

export const normOperations: Readonly<Record<string, GraphOperation>> = { batchNorm, instanceNorm, groupNorm, layerNorm };
