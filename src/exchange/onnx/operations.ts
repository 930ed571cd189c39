import { ShadegradError } from '../../errors.js';
import { ONNX_BOOL, ONNX_FLOAT, ONNX_INT32, ONNX_INT64, type OnnxAttribute } from '../../formats/onnx.js';
import { elementCount, formatShape, type Shape } from '../../tensor/shape.js';
import { unsupported, valueIn, type GraphCall, type GraphOperation } from './call.js';
import { TO_THE_END, type AxisOrder, type GraphValue, type OnnxGraph } from './graph.js';
import { imageOperations } from './image-operations.js';
import { normOperations } from './norm-operations.js';

/** A formula over operands that broadcast: it is given their names and returns that of its result. */
export function elementwise(formula: (graph: OnnxGraph, names: readonly string[], call: GraphCall) => string): GraphOperation {
  return (graph, call) => {
    const { names, order } = graph.arranged(call.operands, call.shape);
    return { name: formula(graph, names, call), shape: call.shape, dtype: 'f32', order };
  };
}

/** One of ONNX's elementwise operators, with attributes made from the call's. */
const operator = (name: string, attributes: (call: GraphCall) => Record<string, OnnxAttribute> = () => ({})): GraphOperation =>
  elementwise((graph, names, call) => graph.node(name, names, attributes(call)));

/** Comparisons give numbers here and truth values there. */
const comparison = (name: string, negated = false): GraphOperation =>
  elementwise((graph, names) => {
    const truth = graph.node(name, names);
    return graph.node('Cast', [negated ? graph.node('Not', [truth]) : truth], { to: ONNX_FLOAT });
  });

const numbersOf = ({ attributes }: GraphCall): readonly number[] => attributes.numbers as readonly number[];

const mul = (graph: OnnxGraph, x: string, factor: number): string => (factor === 1 ? x : graph.node('Mul', [x, graph.number(factor)]));

/** x times its share: what SiLU and GELU have in common. */
const gated =
  (share: (graph: OnnxGraph, x: string) => string) =>
  (graph: OnnxGraph, x: string): string =>
    graph.node('Mul', [x, share(graph, x)]);

const exactGelu = gated((graph, x) =>
  mul(graph, graph.node('Add', [graph.node('Erf', [mul(graph, x, Math.SQRT1_2)]), graph.number(1)]), 0.5),
);

const tanhGelu = gated((graph, x) => {
  const cubic = mul(graph, graph.node('Mul', [graph.node('Mul', [x, x]), x]), 0.044715);
  const t = graph.node('Tanh', [mul(graph, graph.node('Add', [x, cubic]), Math.sqrt(2 / Math.PI))]);
  return mul(graph, graph.node('Add', [t, graph.number(1)]), 0.5);
});

const unary: Record<string, GraphOperation> = {
  neg: operator('Neg'),
  exp: operator('Exp'),
  log: operator('Log'),
  sqrt: operator('Sqrt'),
  square: elementwise((graph, [x]) => graph.node('Mul', [x!, x!])),
  // Of NaN it is 0 here, as in PyTorch.
  sign: elementwise((graph, [x]) => graph.node('Where', [graph.node('Equal', [x!, x!]), graph.node('Sign', [x!]), graph.number(0)])),
  abs: operator('Abs'),
  reciprocal: operator('Reciprocal'),
  relu: operator('Relu'),
  leakyRelu: operator('LeakyRelu', ({ attributes }) => ({ alpha: { float: attributes.slope as number } })),
  tanh: operator('Tanh'),
  sigmoid: operator('Sigmoid'),
  elu: operator('Elu', (call) => ({ alpha: { float: numbersOf(call)[0]! } })),
  silu: elementwise((graph, [x]) => gated((_, each) => graph.node('Sigmoid', [each]))(graph, x!)),
  gelu: elementwise((graph, [x], { attributes }) => (attributes.approximate === 'tanh' ? tanhGelu : exactGelu)(graph, x!)),
  softplus: elementwise((graph, [x], call) => {
    const beta = numbersOf(call)[0]!;
    return mul(graph, graph.node('Softplus', [mul(graph, x!, beta)]), 1 / beta);
  }),
  clamp: elementwise((graph, [x], call) => {
    const bounds = numbersOf(call).map((bound) => (Number.isFinite(bound) ? graph.number(bound) : ''));
    return graph.node('Clip', bounds[1] === '' ? [x!, bounds[0]!] : [x!, ...bounds]);
  }),
  copy: (_, call) => valueIn(call, 0),
};

const binary: Record<string, GraphOperation> = {
  add: operator('Add'),
  sub: operator('Sub'),
  mul: operator('Mul'),
  div: operator('Div'),
  pow: operator('Pow'),
  maximum: operator('Max'),
  minimum: operator('Min'),
  equal: comparison('Equal'),
  notEqual: comparison('Equal', true),
  greater: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  less: comparison('Less'),
  lessEqual: comparison('LessOrEqual'),
  where: elementwise((graph, [condition, a, b]) => graph.node('Where', [graph.node('Cast', [condition!], { to: ONNX_BOOL }), a!, b!])),
  addScaled: elementwise((graph, [a, b], { attributes }) =>
    graph.node('Add', [mul(graph, a!, attributes.scaleA as number), mul(graph, b!, attributes.scaleB as number)]),
  ),
};

/** A reduction along axes; ONNX takes them as an attribute, or, since operator set 13, Sum takes them as a tensor. */
function reduction(name: string): GraphOperation {
  return (graph, call) => {
    const x = valueIn(call, 0);
    const rank = x.shape.length;
    const axes = call.attributes.axes as readonly number[];
    if (axes.length === 0) return x;
    const order: AxisOrder = rank === 4 && x.order === 'first' && !x.source ? 'first' : 'last';
    const there = axes.map((axis) => graph.axisIn(order, rank, axis)).sort((a, b) => a - b);
    const inputs = name === 'ReduceSum' ? [graph.in(order, x), graph.integers(there)] : [graph.in(order, x)];
    const reduced = graph.node(name, inputs, { keepdims: 1, ...(name !== 'ReduceSum' && { axes: there }) });
    const ones = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const kept: GraphValue = { name: reduced, shape: ones, dtype: 'f32', order };
    return call.shape.length === rank ? graph.reshape(kept, call.shape) : squeezed(graph, kept, axes, call.shape);
  };
}

/** Without axes of length 1, whatever the others' lengths are. */
function squeezed(graph: OnnxGraph, value: GraphValue, axes: readonly number[], shape: Shape): GraphValue {
  return { name: graph.node('Squeeze', [graph.last(value), graph.integers(axes)]), shape, dtype: value.dtype, order: 'last' };
}

function argReduction(name: string): GraphOperation {
  return (graph, call) => {
    const x = valueIn(call, 0);
    const axis = call.attributes.axis as number | null;
    const flat = axis === null ? graph.reshape(x, [elementCount(x.shape)]) : x;
    const found = graph.node(name, [graph.last(flat)], { axis: axis ?? 0, keepdims: 1 });
    const cast = graph.node('Cast', [found], { to: ONNX_INT32 });
    const ones = flat.shape.map((length, at) => (at === (axis ?? 0) ? 1 : length));
    const kept: GraphValue = { name: cast, shape: ones, dtype: 'i32', order: 'last' };
    const drops = axis !== null && call.shape.length < ones.length;
    return drops ? squeezed(graph, kept, [axis], call.shape) : graph.reshape(kept, call.shape);
  };
}

/** An operator along one axis, in the order that the values have already. */
function alongAxis(build: (graph: OnnxGraph, names: readonly string[], axis: number, call: GraphCall) => string): GraphOperation {
  return (graph, call) => {
    const values = call.operands.map((_, index) => valueIn(call, index));
    const rank = values[0]!.shape.length;
    const order: AxisOrder = rank === 4 && values.some((value) => value.order === 'first' && !value.source) ? 'first' : 'last';
    const axis = graph.axisIn(order, rank, call.attributes.axis as number);
    const names = values.map((value) => graph.in(order, value));
    return { name: build(graph, names, axis, call), shape: call.shape, dtype: values[0]!.dtype, order };
  };
}

const axes: Record<string, GraphOperation> = {
  reshape: (graph, call) => graph.reshape(valueIn(call, 0), call.shape),
  permute: (graph, call) => {
    const x = valueIn(call, 0);
    return { name: graph.permuted(x, call.attributes.axes as readonly number[]), shape: call.shape, dtype: x.dtype, order: 'last' };
  },
  flip: (graph, call) => {
    const x = valueIn(call, 0);
    const order: AxisOrder = x.order;
    const turned = (call.attributes.axes as readonly number[]).map((axis) => graph.axisIn(order, x.shape.length, axis));
    if (turned.length === 0) return x;
    const all = (value: number): string => graph.integers(turned.map(() => value));
    const name = graph.node('Slice', [graph.in(order, x), all(-1), all(-TO_THE_END), graph.integers(turned), all(-1)]);
    return { name, shape: call.shape, dtype: x.dtype, order };
  },
  slice: alongAxis((graph, [x], axis, call) => {
    const { start, end, step, axis: own } = call.attributes as Record<string, number>;
    const last = graph.end(end!, valueIn(call, 0).shape[own!]!);
    return graph.node('Slice', [x!, graph.integers([start!]), last, graph.integers([axis]), graph.integers([step!])]);
  }),
  concat: alongAxis((graph, names, axis) => graph.node('Concat', names, { axis })),
  stack: (graph, call) => {
    const axis = call.attributes.axis as number;
    const values = call.operands.map((_, index) => valueIn(call, index));
    const parts = values.map((value) => graph.node('Unsqueeze', [graph.last(value), graph.integers([axis])]));
    return { name: graph.node('Concat', parts, { axis }), shape: call.shape, dtype: values[0]!.dtype, order: 'last' };
  },
  expand: (graph, call) => {
    const x = valueIn(call, 0);
    const missing = call.shape.length - x.shape.length;
    // An axis of 1 is as long as x's there: it may have any length.
    const lengths = call.shape.map((length, axis) => (axis >= missing && x.shape[axis - missing] === length ? 1 : length));
    return { name: graph.node('Expand', [graph.last(x), graph.varying(lengths)]), shape: call.shape, dtype: x.dtype, order: 'last' };
  },
  softmax: alongAxis((graph, names, axis) => graph.node('Softmax', names, { axis })),
  logSoftmax: alongAxis((graph, names, axis) => graph.node('LogSoftmax', names, { axis })),
};

/** The last two axes in the other order. */
function turned(graph: OnnxGraph, value: GraphValue, transpose: unknown): string {
  if (transpose !== true) return graph.last(value);
  const rank = value.shape.length;
  return graph.permuted(value, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** The rows of indices; those of an index that there is not are NaN, where ONNX counts from the end or stops. */
function ofEntries(graph: OnnxGraph, indices: GraphValue, count: number, rows: (index: string) => string): string {
  const index = graph.node('Cast', [graph.last(indices)], { to: ONNX_INT64 });
  const isEntry = graph.node('And', [
    graph.node('GreaterOrEqual', [index, graph.integer(0)]),
    graph.node('Less', [index, graph.integer(count)]),
  ]);
  const entry = graph.node('Where', [isEntry, index, graph.integer(0)]);
  const isRow = graph.node('Unsqueeze', [isEntry, graph.integers([indices.shape.length])]);
  return graph.node('Where', [isRow, rows(entry), graph.number(NaN)]);
}

const products: Record<string, GraphOperation> = {
  linear: (graph, call) => {
    const product = graph.node('MatMul', [graph.last(valueIn(call, 0)), graph.last(valueIn(call, 1))]);
    const name = call.operands[2] === null ? product : graph.node('Add', [product, graph.last(valueIn(call, 2))]);
    return { name, shape: call.shape, dtype: 'f32', order: 'last' };
  },
  matmul: (graph, call) => {
    const [a, b] = [valueIn(call, 0), valueIn(call, 1)];
    const { transposeA, transposeB } = call.attributes;
    const name = graph.node('MatMul', [turned(graph, a, transposeA), turned(graph, b, transposeB)]);
    // Of two vectors ONNX has a number without axes, this library a vector of one.
    const scalar = a.shape.length === 1 && b.shape.length === 1;
    return graph.reshape({ name, shape: scalar ? [] : call.shape, dtype: 'f32', order: 'last' }, call.shape);
  },
  embedding: (graph, call) => {
    const [indices, table] = [valueIn(call, 0), valueIn(call, 1)];
    const rows = (index: string): string => graph.node('Gather', [graph.last(table), index], { axis: 0 });
    return { name: ofEntries(graph, indices, table.shape[0]!, rows), shape: call.shape, dtype: 'f32', order: 'last' };
  },
  oneHot: (graph, call) => {
    const labels = valueIn(call, 0);
    const classes = call.attributes.classes as number;
    const rows = (label: string): string =>
      graph.node('OneHot', [label, graph.number(classes), graph.floats([0, 1], [2])], { axis: labels.shape.length });
    return { name: ofEntries(graph, labels, classes, rows), shape: call.shape, dtype: 'f32', order: 'last' };
  },
};

/** The mean of a formula over a prediction and its target: a loss. */
function meanLoss(formula: (graph: OnnxGraph, prediction: string, target: string) => string): GraphOperation {
  return (graph, call) => {
    const x = valueIn(call, 0);
    const {
      names: [prediction, target],
    } = graph.arranged(call.operands, x.shape);
    const mean = graph.node('ReduceMean', [formula(graph, prediction!, target!)], { keepdims: 0 });
    return graph.reshape({ name: mean, shape: [], dtype: 'f32', order: 'last' }, call.shape);
  };
}

const losses: Record<string, GraphOperation> = {
  l1Loss: meanLoss((graph, x, target) => graph.node('Abs', [graph.node('Sub', [x, target])])),
  mseLoss: meanLoss((graph, x, target) => {
    const difference = graph.node('Sub', [x, target]);
    return graph.node('Mul', [difference, difference]);
  }),
  // max(x, 0) - x target + log(1 + exp(-|x|))
  bceWithLogits: meanLoss((graph, x, target) => {
    const linear = graph.node('Sub', [graph.node('Relu', [x]), graph.node('Mul', [x, target])]);
    return graph.node('Add', [linear, graph.node('Softplus', [graph.node('Neg', [graph.node('Abs', [x])])])]);
  }),
};

const refused: Record<string, GraphOperation> = {
  dropout: (_, { op }) => {
    throw unsupported(
      op,
      'a network out of training',
      'one that drops',
      'leave dropout and training to the module, which is exported in eval() mode',
    );
  },
};

/** How each operation of the library is computed by ONNX's operators. A new operation is a row. */
const OPERATIONS: Readonly<Record<string, GraphOperation>> = {
  ...unary,
  ...binary,
  ...axes,
  ...products,
  ...losses,
  ...imageOperations,
  ...normOperations,
  ...refused,
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  argmax: argReduction('ArgMax'),
  argmin: argReduction('ArgMin'),
};

/** The names of all operations that can be exported. */
export const exportedOperations = (): string[] => Object.keys(OPERATIONS).filter((op) => !(op in refused));

/** @throws WEIGHTS_UNSUPPORTED for an operation that ONNX's operators do not have, or not as it was called */
export function addOperation(graph: OnnxGraph, call: GraphCall, own: Readonly<Record<string, GraphOperation>>): GraphValue {
  const operation = Object.hasOwn(own, call.op) ? own[call.op] : Object.hasOwn(OPERATIONS, call.op) ? OPERATIONS[call.op] : undefined;
  graph.begin(call.op);
  if (operation) return operation(graph, call);
  const shapes = call.operands.map((operand) =>
    typeof operand === 'object' && operand !== null ? formatShape(operand.shape) : String(operand),
  );
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `the operation "${call.op}" cannot be exported to ONNX`, {
    expected: 'an operation that ONNX has, or that `operations` of the export explains',
    received: `"${call.op}" of ${shapes.join(', ')}`,
    fix:
      `pass operations: { ${JSON.stringify(call.op)}: (graph, call) => ... } that adds ONNX's operators for it, ` +
      'or compute it by other operations',
  });
}
