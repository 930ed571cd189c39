import { ShadegradError } from '../../errors.js';
import type { Shape } from '../../tensor/shape.js';
import type { GraphValue, OnnxGraph } from './graph.js';

/** What an operation takes in the model: values, numbers, or nothing where an operand was left out. */
export type GraphOperand = GraphValue | number | null;

/** A call to be put into a model. */
export interface GraphCall {
  /** The name of the operation, such as 'conv2d'. */
  readonly op: string;
  /** Tensors and numbers that it was called with, in the order of its parameters. */
  readonly operands: readonly GraphOperand[];
  /** Its options, each with its value; of defineOperation(), `args`, all arguments as they were given. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The shape of the result in this library. */
  readonly shape: Shape;
}

/** Adds what computes a call; returns where the result is. */
export type GraphOperation = (graph: OnnxGraph, call: GraphCall) => GraphValue;

export const valueIn = ({ op, operands }: GraphCall, index: number): GraphValue => {
  const operand = operands[index];
  if (typeof operand === 'object' && operand !== null) return operand;
  throw new RangeError(`${op} has no tensor as operand ${index}`);
};

export function unsupported(op: string, expected: string, received: string, fix: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `"${op}" cannot be exported to ONNX as it was called`, { expected, received, fix });
}
