import { ShadegradError } from '../gpu/errors.js';
import type { Origin, Tensor } from '../tensor/tensor.js';

/** Where the gradient of a leaf is to go: written over, or added to when something is there already. */
export interface GradientTarget {
  readonly tensor?: Tensor;
  readonly accumulate?: boolean;
}

/** One operation that was run and may have to be run backwards. */
export interface GraphNode extends Origin {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Which inputs needed a gradient when the operation ran: freezing a parameter later changes nothing here. */
  readonly needed: readonly boolean[];
  readonly backward: Backward;
}

/**
 * Gradients of the inputs, given that of the output. `targets[i]` is undefined when input i needs none;
 * a rule that can write into `targets[i].tensor` returns that tensor, any other returns one of its own.
 */
export type Backward = (gradOutput: Tensor, targets: readonly (GradientTarget | undefined)[]) => readonly (Tensor | null)[];

let enabled = true;

/** Runs `body` without noting operations down for backward(). */
export function noGrad<T>(body: () => T): T {
  const before = enabled;
  enabled = false;
  try {
    return body();
  } finally {
    enabled = before;
  }
}

/** Ties an operation's output to its inputs, if a gradient may be asked for. Returns the output. */
export function track(op: string, inputs: readonly Tensor[], output: Tensor, backward: Backward): Tensor {
  const needed = inputs.map((input) => input.requiresGrad);
  if (enabled && needed.includes(true)) {
    output.requiresGrad = true;
    const node: GraphNode = { op, inputs, output, needed, backward };
    output.origin = node;
  } else if (output.origin) {
    // A given place that an earlier operation had written: that history is no longer its own.
    output.origin = null;
    output.requiresGrad = false;
  }
  return output;
}

/** A loud end for operations that have no gradient. */
export function missingGradient(op: string): Backward {
  return () => {
    throw new ShadegradError('MISSING_GRADIENT', `the operation "${op}" has no gradient`, {
      expected: 'an operation with a rule in the gradient table',
      received: op,
      fix: 'detach() its result, run it in noGrad(), or add a rule to src/autograd/gradients.ts',
    });
  };
}
