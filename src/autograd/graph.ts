import { ShadegradError } from '../errors.js';
import { writeTime, type Write } from '../gpu/write-log.js';
import { bytesFor, type Origin, type Tensor } from '../tensor/tensor.js';

/** Where the gradient of a leaf is to go: written over, or added to when something is there already. */
export interface GradientTarget {
  /** The tensor that is to hold the gradient; none where the rule is to make one. */
  readonly tensor?: Tensor;
  /** Whether the gradient is added to what the tensor holds. Default false: written over it. */
  readonly accumulate?: boolean;
}

/**
 * Gradients of the inputs, given that of the output. `targets[i]` is undefined when input i needs none;
 * a rule that can write into `targets[i].tensor` returns that tensor, any other returns one of its own. Whatever else it makes is
 * disposed at its end.
 */
export type Backward = (gradOutput: Tensor, targets: readonly (GradientTarget | undefined)[]) => readonly (Tensor | null)[];

/** How an operation is run backwards. */
export interface Rule {
  /**
   * Every tensor that the wanted gradients are computed from, besides the output's gradient: nothing may write to it before
   * `backward` ran. `needed[i]` says whether input i's gradient is wanted.
   */
  readonly saved: (needed: readonly boolean[]) => readonly Tensor[];
  readonly backward: Backward;
  /** True for a rule that calls kernels, not operations: its results have no history, so that they cannot be differentiated again. */
  readonly firstOrderOnly?: boolean;
  /**
   * Makes the result once more, to the bit, of the inputs and what is `saved`, which hold then what they held; and changes nothing else.
   * Only of an operation that is cheap beside a convolution: recompute() then keeps its result no longer than the forward pass needs it.
   */
  readonly again?: (() => Tensor) | undefined;
}

/** A rule that computes every gradient from all of `saved`, or from those that a function names for the gradients wanted. */
export function rule(saved: readonly Tensor[] | Rule['saved'], backward: Backward, again?: Rule['again']): Rule {
  return { saved: typeof saved === 'function' ? saved : () => saved, backward, again };
}

/** The tensors beside a true. */
export const where = (...entries: (readonly [boolean | undefined, Tensor])[]): Tensor[] =>
  entries.flatMap(([wanted, tensor]) => (wanted ? [tensor] : []));

/** One operation that was run and may have to be run backwards. */
export interface GraphNode extends Origin {
  readonly inputs: readonly Tensor[];
  /** What made each input, as of when the operation ran; null for a leaf. An `out` that is used again later has another origin. */
  readonly sources: readonly (GraphNode | null)[];
  readonly output: Tensor;
  /** Which inputs needed a gradient when the operation ran: freezing a parameter later changes nothing here. */
  readonly needed: readonly boolean[];
  readonly saved: readonly Tensor[];
  readonly backward: Backward;
  readonly firstOrderOnly: boolean;
  /** Makes the output once more; null where it is kept. */
  readonly again: (() => Tensor) | null;
  /** How many operations at most have to run for that, one after the other; 0 where it is kept. */
  readonly reruns: number;
  /** When the operation had written its output, in the time of `writeTime()`. */
  readonly time: number;
  /** The trace in which it ran, which has no contents afterwards; null for an operation that ran at once. */
  readonly trace: object | null;
  /** Hooks that the trace had by then. */
  readonly hooks: number;
  /** Whether a backward() has passed here. */
  consumed: boolean;
}

let enabled = true;
let recomputing = false;

/** Operations that run again one after the other for a result: of a longer row one in the middle is kept. */
const MOST_RERUNS = 8;

/**
 * Runs `body` so that a recorded step in it needs less memory: of operations that are cheap beside a convolution (activations, norms,
 * dropout, padding, upsampling), backward() runs those again whose results it needs, instead of their being kept from the forward pass on.
 * All numbers stay the same, to the bit; a step takes a little longer. Operations that run at once, outside `gpu.record()`, are kept.
 *
 * ```ts
 * const { recording } = await gpu.record(() => recompute(() => step()));
 * ```
 *
 * @param body a function without await: what runs after its first await would be kept
 * @throws INVALID_ARGUMENT when it returns a promise
 */
export function recompute<T>(body: () => T): T {
  if (typeof body !== 'function') {
    throw new ShadegradError('INVALID_ARGUMENT', 'recompute() of something else than a function', {
      expected: 'a function without await',
      received: typeof body,
      fix: 'recompute(() => step()), inside gpu.record()',
    });
  }
  const before = recomputing;
  recomputing = true;
  try {
    return expectSynchronous('recompute', body());
  } finally {
    recomputing = before;
  }
}

/**
 * Runs `body` without noting operations down for backward().
 *
 * @param body a function without await: what runs after its first await would be noted down again
 * @throws INVALID_ARGUMENT when it returns a promise
 */
export function noGrad<T>(body: () => T): T {
  const before = enabled;
  enabled = false;
  try {
    return expectSynchronous('noGrad', body());
  } finally {
    enabled = before;
  }
}

/** @returns the result of a function that was run in `name`() @throws INVALID_ARGUMENT for a promise */
function expectSynchronous<T>(name: string, result: T): T {
  if (!isThenable(result)) return result;
  // Whoever wrote the body must hear of the mistake, not of what may go wrong in the rest of it.
  result.then(undefined, () => {});
  throw new ShadegradError('INVALID_ARGUMENT', `an asynchronous function is run in ${name}()`, {
    expected: `a function without await: ${name}() has ended when it returns`,
    received: 'a function that returned a promise',
    fix: `return the tensors from ${name}() and await their data outside`,
  });
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** False inside noGrad(). */
export const isTracking = (): boolean => enabled;

/** True if an operation on these inputs would be noted down. */
export function isTracked(inputs: readonly Tensor[]): boolean {
  return enabled && inputs.some((input) => input.requiresGrad);
}

/**
 * Ties an operation's output to its inputs, if a gradient may be asked for. Returns the output.
 *
 * @throws STALE_TENSOR when an input or the output holds something else by now than its history says
 */
export function track(op: string, inputs: readonly Tensor[], output: Tensor, rule: Rule): Tensor {
  if (!isTracked(inputs)) {
    // A given place that an earlier operation had written: that history is no longer its own.
    if (output.origin) {
      output.origin = null;
      output.requiresGrad = false;
    }
    return output;
  }
  const sources = inputs.map((input) => input.origin as GraphNode | null);
  const needed = inputs.map((input) => input.requiresGrad);
  sources.forEach((source, index) => {
    if (source && needed[index]) expectUnwritten(op, inputs[index]!, source, output);
  });
  expectFreePlace(op, output);
  output.requiresGrad = true;
  const reruns = 1 + Math.max(0, ...sources.map((source) => source?.reruns ?? 0));
  // What lies in another's place was put there to be kept, and what has memory already needs it anyway; a place of another type than
  // what it is made of was given, and would be made again in that type.
  const { storage } = output;
  const own =
    storage.buffer === null &&
    output.contiguous &&
    output.dtype === inputs[0]?.dtype &&
    bytesFor(output.dtype, output.size) === storage.bytes;
  const again = (recomputing && own && reruns <= MOST_RERUNS && rule.again) || null;
  const node: GraphNode = {
    op,
    inputs,
    sources,
    output,
    needed,
    saved: rule.saved(needed),
    backward: rule.backward,
    firstOrderOnly: rule.firstOrderOnly ?? false,
    again,
    reruns: again ? reruns : 0,
    time: writeTime(),
    trace: output.gpu.currentTrace,
    hooks: output.gpu.tracedHooks,
    consumed: false,
  };
  output.origin = node;
  return output;
}

/** An input must still hold what its origin made, or the gradient would go where the numbers did not come from. */
function expectUnwritten(op: string, input: Tensor, source: GraphNode, output: Tensor): void {
  const write = input.writtenSince(source.time);
  // The operation itself has run already, and may have written over its own input.
  if (!write || (input.storage === output.storage && write.time === output.writtenSince(source.time)?.time)) return;
  throw new ShadegradError('STALE_TENSOR', `input "${input.label}" of "${op}"`, {
    expected: `the result of "${source.op}", which made it`,
    received: `other contents: ${write.by} has written to its memory since`,
    fix: 'give the two operations memory of their own (another `out`, or none), or detach() the tensor if its new contents are a constant',
  });
}

/** A place that is handed to an operation must not be one whose gradient is still to be computed. */
function expectFreePlace(op: string, output: Tensor): void {
  const origin = output.origin as GraphNode | null;
  if (origin ? origin.consumed : !output.requiresGrad) return;
  throw new ShadegradError('STALE_TENSOR', `out of "${op}"`, {
    expected: 'memory whose contents no gradient depends on',
    received: origin
      ? `the result of "${origin.op}", which backward() has not passed yet`
      : `"${output.label}", a leaf that requires a gradient`,
    fix: origin
      ? 'use another `out`, or none; call backward() first; or run the earlier operation in noGrad()'
      : 'use another `out`, or overwrite the leaf in noGrad()',
  });
}

/**
 * What a node has saved must be what its operation saw.
 *
 * @throws STALE_TENSOR
 */
export function expectSavedUnwritten({ op, saved, time, trace, hooks, output }: GraphNode): void {
  if (trace !== output.gpu.currentTrace) {
    throw new ShadegradError('RECORDING', `backward() through "${op}"`, {
      expected: 'operations and their backward() in one recorded function, or both outside',
      received: trace
        ? 'an operation that a recorded function noted down, and backward() outside of it'
        : 'an operation that ran before, and backward() inside a recorded function',
      fix: 'run the operations and backward() in the same function',
    });
  }
  const stale =
    (tensor: Tensor) =>
    ({ by }: Write): ShadegradError =>
      new ShadegradError('STALE_TENSOR', `backward() through "${op}" needs "${tensor.label}" as it was when "${op}" ran`, {
        expected: 'contents that nothing has written to since',
        received: `${by} has written to its memory`,
        fix:
          "call backward() before the optimiser's step or the write, run the operation again after it, or give operations " +
          'an `out` of their own',
      });
  for (const tensor of saved) {
    if (tensor.disposed) continue;
    const write = tensor.writtenSince(time);
    if (write) throw stale(tensor)(write);
    if (trace) output.gpu.guardAgainstHooks(hooks, { storage: tensor.storage, region: tensor.region, error: stale(tensor) });
  }
}

/** A loud end for operations that have no gradient. */
export function missingGradient(op: string): Rule {
  return {
    saved: () => [],
    backward: () => {
      throw new ShadegradError('MISSING_GRADIENT', `the operation "${op}" has no gradient`, {
        expected: 'an operation with a rule in the gradient table',
        received: op,
        fix: 'detach() its result, run it in noGrad(), or give it a rule',
      });
    },
  };
}
