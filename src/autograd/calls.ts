import { expectTensor } from '../kernels/elements.js';
import type { Tensor } from '../tensor/tensor.js';

/** What an operation takes in a place of its own: a tensor, the same number everywhere, or nothing where it may be left out. */
export type CallOperand = Tensor | number | null;

/** A call of an operation: all that its result depends on. */
export interface Call {
  /** As the function is called, such as 'conv2d'. */
  readonly op: string;
  readonly operands: readonly CallOperand[];
  /** Options, each with its value; numbers and texts. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly output: Tensor;
}

/** Who is told of calls. */
export interface CallListener {
  /** Before anything runs: what it throws keeps the operation from running. */
  begin(call: Omit<Call, 'output'>): void;
  end(call: Call): void;
}

let listener: CallListener | null = null;

/**
 * Runs an operation, and tells whoever listens to calls of it. Operations inside it are its own affair: nothing is told of them.
 *
 * @param operands every tensor that the result depends on, in the order of the operation's parameters
 * @param attributes everything else that it depends on
 * @throws INVALID_ARGUMENT where the first operand is neither a tensor nor a number
 */
export function called(op: string, operands: readonly CallOperand[], attributes: Call['attributes'], run: () => Tensor): Tensor {
  // The others may be left out.
  const [first] = operands;
  if (operands.length > 0 && typeof first !== 'number') expectTensor(op, 'the first operand', first);
  const told = listener;
  if (told === null) return run();
  told.begin({ op, operands, attributes });
  listener = null;
  let output: Tensor;
  try {
    output = run();
  } finally {
    listener = told;
  }
  told.end({ op, operands, attributes, output });
  return output;
}

/** Runs `body`, a function without await, and tells of every operation in it that is called from outside the library's operations. */
export function listenToCalls<T>(told: CallListener, body: () => T): T {
  const before = listener;
  listener = told;
  try {
    return body();
  } finally {
    listener = before;
  }
}
