import { listenToCalls, type Call } from '../../autograd/calls.js';
import { noGrad } from '../../autograd/graph.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Storage } from '../../gpu/storage.js';
import { writeTime } from '../../gpu/write-log.js';
import { copy } from '../../kernels/elementwise.js';
import { fillNormal } from '../../kernels/random.js';
import type { Module } from '../../nn/module.js';
import { formatShape, sameShape, type Shape } from '../../tensor/shape.js';
import { Tensor, type DType } from '../../tensor/tensor.js';
import { unsupported } from './call.js';

/** Where a value of a traced function comes from. */
export type TracedOrigin =
  | { readonly kind: 'input'; readonly name: string }
  /** A parameter or buffer of the module, by its full name. */
  | { readonly kind: 'state'; readonly name: string }
  /** A tensor with the same contents whatever comes in. */
  | { readonly kind: 'constant'; readonly numbers: Float32Array | Int32Array }
  | { readonly kind: 'result'; readonly call: TracedCall }
  /** What cannot be exported: an error, unless nothing depends on it, as of a place that is only written to. */
  | { readonly kind: 'refused'; readonly error: ShadegradError };

/** A tensor of a traced function, as it was at one time: memory that is written again holds another value. */
export interface TracedValue {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly origin: TracedOrigin;
}

/** An operation that a traced function called. */
export interface TracedCall {
  readonly op: string;
  readonly operands: readonly (TracedValue | number | null)[];
  readonly attributes: Call['attributes'];
  /** Shape of the result. */
  readonly shape: Shape;
}

export interface Trace {
  readonly inputs: ReadonlyMap<string, TracedValue>;
  readonly calls: readonly TracedCall[];
  readonly outputs: ReadonlyMap<string, TracedValue>;
}

/** A tensor to run a function on. */
export interface TraceInput {
  readonly shape: Shape;
  readonly dtype: 'f32' | 'i32';
}

/** What a traced function returns: a tensor, or tensors by name. */
export type TraceOutputs = Tensor | Readonly<Record<string, Tensor>>;

/** What a tensor without a call behind it may have been written by: its contents do not depend on anything that comes in. */
const MAKERS = new Set(['write()', 'kernel fill', 'kernel fill_range']);

/** A value, and the memory that it is in. */
interface Held {
  readonly value: TracedValue;
  readonly tensor: Tensor;
  /** When it was there, in the time of writeTime(). */
  readonly time: number;
}

/** A tensor that no call made, whose contents are read when the function has run. */
interface Unread extends Held {
  readonly numbers: { value: Float32Array | Int32Array | null };
}

const SEED = 0x6f6e6e78;

/**
 * Runs a function of a module on numbers that say nothing, and notes down the operations that it calls, from which inputs,
 * parameters and constants to which outputs.
 *
 * @param stream tells the numbers of two traces apart
 * @throws WEIGHTS_UNSUPPORTED when something was computed by other means than operations; INVALID_ARGUMENT when the function
 *   returns no tensors; and what the function throws
 */
export async function traceModule(
  gpu: Gpu,
  module: Module,
  inputs: ReadonlyMap<string, TraceInput>,
  run: (inputs: Readonly<Record<string, Tensor>>) => TraceOutputs,
  stream: number,
): Promise<Trace> {
  const tracer = new Tracer(module);
  const kept: Tensor[] = [];
  const state = keptState(module);
  try {
    const outputs = gpu.scope(() =>
      noGrad(() => {
        const given = Object.fromEntries([...inputs].map(([name, input], index) => [name, sample(gpu, input, stream + index)]));
        tracer.begin(given);
        const result = listenToCalls({ begin: expectNoTraining, end: (call) => tracer.note(call) }, () => run(given));
        const made = Object.entries(result instanceof Tensor ? { output: result } : tensorsOf(result));
        for (const [name] of made) expectOutputName(name, inputs);
        const found = new Map(made.map(([name, tensor]) => [name, tracer.valueOf(`output "${name}"`, tensor)]));
        for (const { tensor } of tracer.unread) kept.push(tensor.keep());
        return found;
      }),
    );
    const changed = [...module.namedTensors()].find(([, { value }]) => value.writtenSince(tracer.start));
    if (changed) throw notTheSame(...changed, state);
    const used = usedBy(outputs.values());
    for (const each of used) if ('origin' in each && each.origin.kind === 'refused') throw each.origin.error;
    for (const { tensor, time, numbers, value } of tracer.unread) {
      if (!used.has(value)) continue;
      const write = tensor.writtenSince(time);
      if (write) throw notAnOperation(tensor, write.by);
      if (!tensor.writtenSince(0)) throw notAnOperation(tensor, 'nothing');
      numbers.value = value.dtype === 'i32' ? await tensor.ints() : await tensor.data();
    }
    return { inputs: tracer.inputs, calls: tracer.calls.filter((call) => used.has(call)), outputs };
  } finally {
    for (const tensor of [...kept, ...state.values()]) tensor.dispose();
  }
}

/** Copies of a module's buffers, which a run might write to. */
function keptState(module: Module): Map<Tensor, Tensor> {
  return noGrad(() => new Map([...module.namedBuffers().values()].map((buffer) => [buffer, copy(buffer).keep()])));
}

/** Puts back what the run has changed, and says that a model has no memory. */
function notTheSame(name: string, { value }: { readonly value: Tensor }, state: ReadonlyMap<Tensor, Tensor>): ShadegradError {
  const { by } = value.writtenSince(0)!;
  noGrad(() => state.forEach((numbers, buffer) => copy(numbers, buffer)));
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${quoteName(name)} cannot be exported to ONNX`, {
    expected: 'parameters and buffers that stay the same when the module runs: a model has no memory',
    received: `${quoteName(name)}, which ${by} has written to`,
    fix: 'take the state as an input, and return the new one as an output',
  });
}

function sample(gpu: Gpu, { shape, dtype }: TraceInput, stream: number): Tensor {
  if (dtype === 'i32') return Tensor.from(gpu, new Int32Array(shape.reduce((product, length) => product * length, 1)), shape, 'input');
  const tensor = Tensor.empty(gpu, shape, 'input');
  fillNormal(tensor, 0, 1, SEED, stream);
  return tensor;
}

/** The values and calls that the outputs depend on. */
function usedBy(outputs: Iterable<TracedValue>): Set<TracedValue | TracedCall> {
  const used = new Set<TracedValue | TracedCall>();
  const open = [...outputs];
  for (let value = open.pop(); value; value = open.pop()) {
    if (used.has(value)) continue;
    used.add(value);
    if (value.origin.kind !== 'result') continue;
    used.add(value.origin.call);
    for (const operand of value.origin.call.operands) if (typeof operand === 'object' && operand !== null) open.push(operand);
  }
  return used;
}

function tensorsOf(result: unknown): Readonly<Record<string, Tensor>> {
  // Whoever wrote the function must hear of the mistake, not of what may go wrong in the rest of it.
  if (result instanceof Promise) result.catch(() => {});
  const isRecord = typeof result === 'object' && result !== null && !('then' in result);
  if (isRecord && Object.keys(result).length > 0 && Object.values(result).every((each) => each instanceof Tensor)) return { ...result };
  throw new ShadegradError('INVALID_ARGUMENT', 'result of the function that is exported to ONNX', {
    expected: 'a tensor, or an object with tensors by name',
    received: isRecord ? 'something else in an object' : typeof result === 'object' && result !== null ? 'a promise' : typeof result,
    fix: 'return what forward() returns, from a function without await',
  });
}

/** Refused before it runs: it would teach the module the numbers of a trace. */
function expectNoTraining({ op, attributes }: Omit<Call, 'output'>): void {
  if (attributes.updates !== true) return;
  throw unsupported(op, 'a network out of training', 'one that updates its running statistics', 'leave `training` to the module');
}

/** Inputs, outputs and what is stored have one space of names in a model. */
function expectOutputName(name: string, inputs: ReadonlyMap<string, TraceInput>): void {
  if (name !== '' && !name.startsWith('/') && !inputs.has(name)) return;
  const taken = [...inputs.keys()].map(quoteName).join(', ');
  throw new ShadegradError('INVALID_ARGUMENT', `output ${quoteName(name)} of an ONNX export`, {
    expected: `a name that is not empty, begins with no slash, and is none of the inputs' (${taken})`,
    received: quoteName(name),
    fix: 'give the output another name: forward: (inputs) => ({ result: ... })',
  });
}

function notAnOperation(tensor: Tensor, by: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `"${tensor.label}" ${formatShape(tensor.shape)} cannot be exported to ONNX`, {
    expected: 'tensors that operations have made, parameters and buffers, or contents that are always the same',
    received: `memory that ${by} has written to, which belongs to no operation that is known here`,
    fix:
      'compute it by operations; one of your own is known when defineOperation() has made it. Give a tensor that others write into ' +
      'as `out` to one operation, and join parts by concat()',
  });
}

const refused = ({ shape, dtype }: Tensor, error: ShadegradError): TracedValue => ({ shape, dtype, origin: { kind: 'refused', error } });

class Tracer {
  readonly inputs = new Map<string, TracedValue>();
  readonly calls: TracedCall[] = [];
  readonly unread: Unread[] = [];
  private readonly held = new Map<Tensor, Held>();
  /** The same, by memory: another handle of it holds the same value. */
  private readonly heldIn = new Map<Storage, Held[]>();
  start = 0;

  constructor(private readonly module: Module) {}

  begin(inputs: Readonly<Record<string, Tensor>>): void {
    this.start = writeTime();
    for (const [name, { value }] of this.module.namedTensors()) this.hold(value, { kind: 'state', name });
    for (const [name, tensor] of Object.entries(inputs)) this.inputs.set(name, this.hold(tensor, { kind: 'input', name }));
  }

  private hold(tensor: Tensor, origin: TracedOrigin): TracedValue {
    const { shape, dtype } = tensor;
    const value: TracedValue = { shape, dtype, origin };
    this.remember({ value, tensor, time: writeTime() });
    return value;
  }

  private remember(held: Held): void {
    const { tensor } = held;
    this.held.set(tensor, held);
    const inStorage = this.heldIn.get(tensor.storage);
    if (inStorage) inStorage.push(held);
    else this.heldIn.set(tensor.storage, [held]);
  }

  note({ op, operands, attributes, output }: Call): void {
    const call: TracedCall = {
      op,
      attributes,
      shape: output.shape,
      operands: operands.map((operand, index) =>
        operand instanceof Tensor ? this.valueOf(`operand ${index} of ${op}`, operand, output) : operand,
      ),
    };
    this.calls.push(call);
    this.hold(output, { kind: 'result', call });
  }

  /**
   * The value that a tensor holds.
   * @param written what the call at hand has written already: an operand in the same memory held its value before
   */
  valueOf(what: string, tensor: Tensor, written?: Tensor): TracedValue {
    const known = this.held.get(tensor) ?? this.sameMemory(tensor);
    if (known) {
      const write = tensor === written ? null : tensor.writtenSince(known.time);
      if (!write || (written && write.time === written.writtenSince(known.time)?.time)) return known.value;
      return refused(tensor, notAnOperation(tensor, write.by));
    }
    const write = tensor.writtenSince(this.start);
    if (write && !MAKERS.has(write.by)) return refused(tensor, notAnOperation(tensor, write.by));
    if (tensor.dtype === 'u8') {
      return refused(
        tensor,
        new ShadegradError('WEIGHTS_UNSUPPORTED', `${what} cannot be exported to ONNX`, {
          expected: 'f32 or i32',
          received: 'u8',
          fix: 'export what comes after imageToFloat(), and before floatToImage()',
        }),
      );
    }
    const numbers = { value: null as Float32Array | Int32Array | null };
    const origin: TracedOrigin = {
      kind: 'constant',
      get numbers() {
        return numbers.value!;
      },
    };
    // A handle of its own: whoever has made the tensor may dispose it.
    const handle = tensor.detach();
    const value: TracedValue = { shape: tensor.shape, dtype: tensor.dtype, origin };
    const held = { value, tensor: handle, time: writeTime(), numbers };
    this.unread.push(held);
    this.remember({ ...held, tensor });
    return value;
  }

  /** A tensor under another handle, as detach() makes one. */
  private sameMemory(tensor: Tensor): Held | undefined {
    const found = (this.heldIn.get(tensor.storage) ?? []).filter(
      ({ tensor: other }) =>
        other.offset === tensor.offset &&
        other.rowStride === tensor.rowStride &&
        other.dtype === tensor.dtype &&
        sameShape(other.shape, tensor.shape),
    );
    return found.at(-1);
  }
}
