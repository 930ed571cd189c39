import { quoteName } from '../../formats/names.js';
import { encodeOnnx, type OnnxFiles, type OnnxValue } from '../../formats/onnx.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Layer } from '../../nn/forward.js';
import { Module } from '../../nn/module.js';
import { expectOptions } from '../../checks.js';
import { checkShape, formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { LIBRARY_VERSION } from '../../version.js';
import { checkedState } from '../network/module-file.js';
import type { GraphOperation } from './call.js';
import { OnnxGraph, type AxisOrder, type GraphValue } from './graph.js';
import { otherLengths, type Axes, type Inputs } from './lengths.js';
import { mergedGraph } from './merge.js';
import { addOperation } from './operations.js';
import { traceModule, type Trace, type TracedValue, type TraceInput, type TraceOutputs } from './trace.js';

/** What comes in: a shape in this library's order, or that of whole numbers, as for an Embedding. */
export type OnnxInputShape = Shape | { readonly shape: Shape; readonly dtype?: 'f32' | 'i32' };

/** Options of exportModuleOnnx(): what comes in, what may have any length, and how the model is stored. */
export interface OnnxModuleOptions<Name extends string = string> {
  /**
   * Shape of what forward() takes, in this library's order, as [1, 256, 256, 3]; or the shapes of several inputs by name, which
   * `forward` is given by these names.
   */
  input: OnnxInputShape | Readonly<Record<Name, OnnxInputShape>>;
  /**
   * What is exported, where it is not module.forward() of the one input: a function without await that takes the inputs by name, a
   * single one without a name as `input`: `({ input }) => ...`. Tensors by name are several outputs.
   */
  forward?: (inputs: Readonly<Record<Name, Tensor>>) => TraceOutputs;
  /**
   * Axes of the inputs, in this library's order, that may have any length when the model runs: of all inputs, or of each by its name.
   * Default [0], the batch, which is one for all inputs. Other axes of two inputs are one where the module takes no others.
   */
  dynamicAxes?: readonly number[] | Readonly<Partial<Record<Name, readonly number[]>>>;
  /**
   * Order of the axes of images, inputs and outputs of four axes: 'NCHW' as PyTorch's exporter has it, or 'NHWC' as in this
   * library. Default 'NCHW'.
   */
  layout?: 'NCHW' | 'NHWC';
  /** How weights of two axes or more are stored. 'f16' halves the file; the model still computes in float32. Default 'f32'. */
  dtype?: 'f32' | 'f16';
  /** Puts the weights into a file of their own, beside the model and of this name. Without it a model ends at 2 GiB. */
  external?: { readonly fileName: string };
  /** Where to run a module that has neither parameters nor buffers, which tell it otherwise. */
  gpu?: Gpu;
  /** How operations of one's own, by the name that defineOperation() was given, are computed by ONNX's operators. */
  operations?: Readonly<Record<string, GraphOperation>>;
}

const OPTIONS = ['input', 'forward', 'dynamicAxes', 'layout', 'dtype', 'external', 'gpu', 'operations'] as const;
/** The first set of operators with all that is needed in one version; ONNX Runtime 1.12 and later run it. */
const OPSET = 17;

/**
 * Any module of known operations as an ONNX model, by tracing: forward() is run several times on numbers that say nothing, in eval()
 * mode, and the operations that it calls become the model. The runs have inputs of other contents, and of other lengths along
 * `dynamicAxes`, together and each by itself, odd ones where the module takes them; what differs between them is refused. What a program
 * decides otherwise only for lengths or contents that were not tried is in the model as it was decided then: compare the model with the
 * module.
 *
 * Tensors are named as in stateDict(), inputs "input" and "output" unless they are given names. The files come a tensor at a time;
 * write them before the module is trained on.
 *
 * ```js
 * const { model } = await exportModuleOnnx(network, { input: [1, 256, 256, 3] });
 * for await (const bytes of model.encode()) ...
 * ```
 *
 * @returns the model's file, and that of the weights where they are to lie outside
 * @throws WEIGHTS_UNSUPPORTED for an operation that ONNX does not have, for what was computed by other means, and for a computation
 *   that depends on a length that is to be any; INVALID_ARGUMENT for impossible options and for a module on no device; what forward()
 *   throws; while writing DIVERGED for weights that are not finite, WEIGHTS_UNSUPPORTED for one that float16 does not reach, and
 *   STALE_TENSOR when the module was trained since
 */
export async function exportModuleOnnx<Name extends string = 'input'>(
  module: Module,
  options: OnnxModuleOptions<Name>,
): Promise<OnnxFiles> {
  expectModule(module);
  const {
    forward,
    layout = 'NCHW',
    dtype = 'f32',
    external,
    operations = {},
  } = expectOptions('an ONNX export', options, OPTIONS, { required: ['input'] });
  expectChoice('layout', ['NCHW', 'NHWC'], layout);
  expectChoice('dtype', ['f32', 'f16'], dtype);
  const inputs = inputsOf(options.input);
  const axes = dynamicAxesOf(options.dynamicAxes ?? [0], inputs);
  const run =
    forward ??
    ((given) => {
      expectOneInput(module, inputs);
      return (module as Layer).forward(Object.values<Tensor>(given)[0]!);
    });

  const gpu = options.gpu ?? [...module.namedTensors()][0]?.[1].value.gpu;
  if (!gpu) throw notPlaced();
  const inEval: typeof run = (tensors) => inEvalMode(module, () => run(tensors));
  let stream = 0;
  const trace = (given: ReadonlyMap<string, TraceInput>): Promise<Trace> => {
    stream += inputs.size;
    return traceModule(gpu, module, given, inEval, stream);
  };
  const first = await trace(inputs);
  const again = await trace(inputs);
  const isFixed = [...axes.values()].every((each) => each.length === 0);
  const { others, apart } = isFixed ? { others: [], apart: new Set<number>() } : await otherLengths(inputs, axes, trace);
  const order: AxisOrder = layout === 'NCHW' ? 'first' : 'last';
  const graph = (traced: Trace): OnnxGraph => graphOf(module, traced, { order, dtype, operations });
  const any = [...new Set([...axes.values()].flat())].map((axis) => (axis === 0 ? 'batches' : `axis ${axis}`)).join(' and ');
  const one = graph(first);
  // What is not the same for the same lengths does not differ by them.
  const same = mergedGraph(one, [graph(again)], null);
  const { nodes, tensors } = isFixed ? same : mergedGraph(one, others.map(graph), any);

  const symbols = symbolsOf(inputs, axes, apart);
  const given = [...inputs].map(
    ([name, { shape, dtype: type }]): OnnxValue => ({
      name,
      dtype: type,
      shape: turned(
        order,
        shape.map((length, axis) => symbols.get(name)!.get(axis) ?? length),
      ),
      description: described(order, shape),
    }),
  );
  const made = [...first.outputs].map(([name, { shape, dtype: type }]): OnnxValue => {
    const lengths = outputShape(name, [first, ...others], symbols);
    return { name, dtype: type as 'f32' | 'i32', shape: turned(order, lengths), description: described(order, shape) };
  });
  const name = module.constructor.name;
  return encodeOnnx(
    {
      name,
      description: `${name}, exported by tracing.`,
      producer: ['shadegrad', LIBRARY_VERSION],
      opset: OPSET,
      metadata: { layout },
      inputs: given,
      outputs: made,
      nodes,
      tensors,
    },
    { dataFile: external?.fileName },
  );
}

function expectChoice(option: string, choices: readonly string[], received: unknown): void {
  if (choices.includes(received as string)) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${option} of an ONNX export`, {
    expected: choices.join(' or '),
    received: String(received),
    fix: `leave it out for ${choices[0]}`,
  });
}

function expectModule(module: unknown): void {
  if (module instanceof Module) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'an ONNX export', {
    expected: 'a module, then the options',
    received: typeof module === 'object' ? 'an object that is no module' : typeof module,
    fix: "exportModuleOnnx(network, { input: [1, 64, 64, 3] }), or saveOnnx('network.onnx', network, { input: [1, 64, 64, 3] })",
  });
}

function notPlaced(): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', 'an ONNX export of a module without parameters and buffers', {
    expected: 'a module on a device, which tells where to run it',
    received: 'one that has nothing there',
    fix: 'pass gpu: where it is to run',
  });
}

function inputsOf(input: OnnxModuleOptions['input']): Map<string, TraceInput> {
  const isShape = (value: unknown): value is Shape => Array.isArray(value);
  const isOne = isShape(input) || (typeof input === 'object' && input !== null && isShape((input as { shape?: unknown }).shape));
  const named: [string, OnnxInputShape][] = isOne
    ? [['input', input as OnnxInputShape]]
    : (Object.entries(input ?? {}) as [string, OnnxInputShape][]);
  if (named.length === 0) throw refusedInput('a shape, or shapes by name', String(input));
  return new Map(
    named.map(([name, each]) => {
      const { shape, dtype = 'f32' } = isShape(each) ? { shape: each } : (each as { shape: Shape; dtype?: 'f32' | 'i32' });
      if (name.startsWith('/')) throw refusedInput('names that begin with no slash, as those do that the export makes up', quoteName(name));
      if (name === '' || !isShape(shape)) throw refusedInput(`a shape for ${quoteName(name)}, such as [1, 256, 256, 3]`, String(shape));
      checkShape(shape, name);
      expectChoice(`dtype of ${quoteName(name)}`, ['f32', 'i32'], dtype);
      return [name, { shape, dtype }];
    }),
  );
}

function refusedInput(expected: string, received: string): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', 'input of an ONNX export', {
    expected,
    received,
    fix: "pass input: [1, 256, 256, 3], or input: { image: [1, 256, 256, 3], labels: { shape: [1], dtype: 'i32' } }",
  });
}

function expectOneInput(module: Module, inputs: ReadonlyMap<string, TraceInput>): void {
  const hasForward = typeof (module as Module & { forward?: unknown }).forward === 'function';
  if (hasForward && inputs.size === 1) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'forward of an ONNX export', {
    expected: hasForward ? 'one input, which module.forward() takes' : 'a module with a forward()',
    received: hasForward ? `${inputs.size} inputs` : `a ${module.constructor.name} without one`,
    fix: 'pass forward: (inputs) => module.forward(...), which says what is done with the inputs',
  });
}

/** The axes of each input that may have any length. */
function dynamicAxesOf(
  given: NonNullable<OnnxModuleOptions['dynamicAxes']>,
  inputs: ReadonlyMap<string, TraceInput>,
): Map<string, readonly number[]> {
  const isList = Array.isArray(given);
  const byName = (isList ? {} : (given ?? {})) as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(byName).filter((name) => !inputs.has(name));
  const rank = Math.max(...[...inputs.values()].map(({ shape }) => shape.length));
  const isAxes = (axes: unknown, length: number): boolean =>
    Array.isArray(axes) && axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < Math.max(length, 1));
  const areAxes = isList
    ? isAxes(given, rank)
    : typeof given === 'object' &&
      given !== null &&
      Object.entries(byName).every(([name, axes]) => isAxes(axes, inputs.get(name)?.shape.length ?? 0));
  if (!areAxes || unknown.length > 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'dynamicAxes of an ONNX export', {
      expected: `axes of the inputs, from 0 to ${rank - 1}, or those of each input by its name`,
      received: isList ? String(given) : (JSON.stringify(given) ?? String(given)),
      fix: 'leave it out for [0], the batch; [0, 1, 2] is any height and width, too',
    });
  }
  return new Map(
    [...inputs].map(([name, { shape }]) => {
      const axes = (isList ? given : (byName[name] ?? [])) as readonly number[];
      return [name, axes.filter((axis) => axis < shape.length)];
    }),
  );
}

/** Runs `body`, a function without await, with the module and all in it out of training mode. */
function inEvalMode<T>(module: Module, body: () => T): T {
  const modes = [...module.modules()].map((each) => [each, each.training] as const);
  module.eval();
  try {
    return body();
  } finally {
    for (const [each, training] of modes) each.training = training;
  }
}

interface GraphOptions {
  readonly order: AxisOrder;
  readonly dtype: 'f32' | 'f16';
  readonly operations: Readonly<Record<string, GraphOperation>>;
}

function graphOf(module: Module, { inputs, calls, outputs }: Trace, { order, dtype, operations }: GraphOptions): OnnxGraph {
  const graph = new OnnxGraph(dtype);
  for (const [name, { shape }] of inputs) graph.inputs.push({ name, shape: turned(order, shape) });
  const state = checkedState(module.stateDict());
  const values = new Map<TracedValue | Trace['calls'][number], GraphValue>();
  const names = stateNames(state.keys(), [...inputs.keys(), ...outputs.keys()]);
  const constants = new Map<Float32Array | Int32Array, number>();
  const tensorOf = (value: TracedValue): GraphValue => {
    const { shape, origin } = value;
    const type = value.dtype as 'f32' | 'i32';
    switch (origin.kind) {
      case 'result':
        return values.get(origin.call)!;
      case 'refused':
        throw origin.error;
      case 'input':
        return { name: origin.name, shape, dtype: type, order: shape.length === 4 ? order : 'last' };
      case 'state': {
        const read = (): Promise<Float32Array> => state.get(origin.name)!.read();
        return {
          name: names.get(origin.name)!,
          shape,
          dtype: type,
          order: 'last',
          source: { shape, dtype: type, read },
        };
      }
      case 'constant': {
        const { numbers } = origin;
        if (!constants.has(numbers)) constants.set(numbers, constants.size);
        const read = (): Promise<Float32Array> => Promise.resolve(Float32Array.from(numbers));
        return {
          name: `/tensor.${constants.get(numbers)!}`,
          shape,
          dtype: type,
          order: 'last',
          source: { shape, dtype: type, read, known: [...numbers] },
        };
      }
    }
  };
  for (const call of calls) {
    const operands = call.operands.map((operand) => (typeof operand === 'object' && operand !== null ? tensorOf(operand) : operand));
    values.set(call, addOperation(graph, { ...call, operands }, operations));
  }
  graph.begin('output');
  for (const [name, value] of outputs) {
    const result = tensorOf(value);
    graph.result(name, graph.in(value.shape.length === 4 ? order : 'last', result));
  }
  return graph;
}

/**
 * The names under which a model stores parameters and buffers: their own, unless an input or output has that name, or it begins with a
 * slash as those do that the export makes up.
 */
function stateNames(names: Iterable<string>, taken: readonly string[]): Map<string, string> {
  const own = [...names];
  const others = new Set(taken);
  const used = new Set([...taken, ...own]);
  const free = (name: string): string => {
    if (!others.has(name) && !name.startsWith('/')) return name;
    let other = `state${name.startsWith('/') ? '' : '.'}${name}`;
    while (used.has(other)) other = `state.${other}`;
    used.add(other);
    return other;
  };
  return new Map(own.map((name) => [name, free(name)]));
}

/** Names of the axes that may have any length, by input and axis. @param apart axes of which each input may have a length of its own */
function symbolsOf(inputs: Inputs, axes: Axes, apart: ReadonlySet<number>): Map<string, Map<number, string>> {
  const names = (rank: number): readonly string[] => (rank === 4 ? ['batch', 'height', 'width', 'channels'] : ['batch']);
  return new Map(
    [...inputs].map(([input, { shape }]) => {
      const symbol = (axis: number): string => {
        const name = names(shape.length)[axis] ?? `axis_${axis}`;
        return apart.has(axis) ? `${input}_${name}` : name;
      };
      return [input, new Map(axes.get(input)!.map((axis) => [axis, symbol(axis)]))];
    }),
  );
}

/** Lengths of an output's axes: numbers where they are always the same, else a symbol, an input's if the lengths are always those. */
function outputShape(
  name: string,
  traces: readonly Trace[],
  symbols: ReadonlyMap<string, ReadonlyMap<number, string>>,
): (number | string)[] {
  const shapes = traces.map(({ outputs }) => outputs.get(name)!.shape);
  return shapes[0]!.map((length, axis) => {
    if (shapes.every((shape) => shape[axis] === length)) return length;
    for (const [input, named] of symbols) {
      const symbol = named.get(axis);
      const isInputs = traces.every(({ inputs }, index) => inputs.get(input)!.shape[axis] === shapes[index]![axis]);
      if (symbol !== undefined && isInputs) return symbol;
    }
    return `${name}_axis_${axis}`;
  });
}

/** The axes of images in the order that the model has them in. */
function turned<T>(order: AxisOrder, [batch, height, width, channels, ...more]: readonly T[]): T[] {
  if (channels === undefined || more.length > 0 || order === 'last')
    return [batch, height, width, channels, ...more].filter((each) => each !== undefined) as T[];
  return [batch!, channels, height!, width!];
}

function described(order: AxisOrder, shape: Shape): string {
  if (shape.length !== 4) return `Like ${formatShape(shape)}.`;
  return order === 'first' ? 'Batch, channels, height, width.' : 'Batch, height, width, channels.';
}
