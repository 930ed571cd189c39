import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { Tensor } from '../tensor/tensor.js';
import { called } from './calls.js';
import { track, type GradientTarget } from './graph.js';

/** One call of an operation, as its gradient sees it. */
export interface OperationCall<Args extends readonly unknown[]> {
  /** What the operation was called with. */
  readonly args: Args;
  /** The result of the call. */
  readonly output: Tensor;
  /** For each tensor among the arguments, in their order: whether its gradient is wanted. */
  readonly needed: readonly boolean[];
  /** For each of them: where its gradient may be written right away. A gradient that is not needed has none. */
  readonly targets: readonly (GradientTarget | undefined)[];
}

/** What defineOperation() makes an operation of: a function that runs kernels, and one that gives the gradients. */
export interface OperationDefinition<Args extends readonly unknown[]> {
  /** Names the operation in errors, such as 'softplus'. */
  readonly name: string;
  /** Runs the operation's kernels on tensors and whatever else it takes; returns its result. */
  forward(...args: Args): Tensor;
  /**
   * The gradients of the tensors among the arguments, in their order and of their shapes; null for one that is not needed or is
   * zero everywhere. Written in operations, it can be differentiated again. What it makes and does not return is disposed at its
   * end, unless it is kept with keep().
   *
   * @param gradOutput the gradient of the result, of its shape; read-only, and disposed when nothing is left to read it
   */
  backward(gradOutput: Tensor, call: OperationCall<Args>): readonly (Tensor | null)[];
  /**
   * The tensors whose contents `backward` reads for the gradients that are needed: overwriting one before backward() is an
   * error. Default: every tensor among the arguments, and the result.
   */
  saves?(call: Pick<OperationCall<Args>, 'args' | 'output' | 'needed'>): readonly Tensor[];
  /** True when `backward` runs kernels itself, so that its results have no history. Default false. */
  readonly firstOrderOnly?: boolean;
}

const DEFINITION = ['name', 'forward', 'backward', 'saves', 'firstOrderOnly'] as const;

const tensorsIn = (args: readonly unknown[]): Tensor[] => args.filter((arg) => arg instanceof Tensor);

/**
 * Makes a differentiable operation out of a function that runs kernels and one that gives its gradients. The result is called
 * like `forward`; it is noted down for backward() and grad(), guarded against overwritten tensors, recorded and replayed like
 * the library's own operations.
 *
 * ```js
 * const cube = defineOperation({
 *   name: 'cube',
 *   forward: (x) => noGrad(() => mul(x, mul(x, x))),
 *   backward: (dy, { args: [x] }) => [mul(mul(dy, mul(x, x)), 3)],
 *   saves: ({ args: [x] }) => [x],
 * });
 * ```
 *
 * @throws INVALID_ARGUMENT for a definition without name, forward and backward or with anything else; when the operation is called, for a
 *   `forward` that returns no tensor or one of its arguments
 */
export function defineOperation<Args extends readonly unknown[]>(definition: OperationDefinition<Args>): (...args: Args) => Tensor {
  const { name, firstOrderOnly } = expectOptions('defineOperation', definition, DEFINITION, { required: DEFINITION.slice(0, 3) });
  return (...args) => {
    const inputs = tensorsIn(args);
    return called(name, inputs, { args }, () => {
      const output = definition.forward(...args);
      expectResult(name, output, inputs);
      return track(name, inputs, output, {
        saved: (needed) => definition.saves?.({ args, output, needed }) ?? [...inputs, output],
        backward: (gradOutput, targets) => {
          const needed = targets.map((target) => target !== undefined);
          return definition.backward(gradOutput, { args, output, needed, targets });
        },
        firstOrderOnly,
      });
    });
  };
}

function expectResult(name: string, output: unknown, inputs: readonly Tensor[]): void {
  if (output instanceof Tensor && !inputs.includes(output) && !output.origin) return;
  throw new ShadegradError('INVALID_ARGUMENT', `result of the operation "${name}"`, {
    expected: 'a tensor of its own, made by kernels',
    received: !(output instanceof Tensor)
      ? typeof output
      : output.origin
        ? `the result of "${output.origin.op}", which has a history already`
        : 'one of its arguments',
    fix:
      output instanceof Tensor && output.origin
        ? 'run the operations inside forward in noGrad()'
        : 'return the tensor that the kernels wrote',
  });
}
