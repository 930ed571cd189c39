import type { Tensor } from '../tensor/tensor.js';
import type { OptimizerOptions } from './parameter-group.js';

/** A stretch of parameters, and what lies beside it in the memory of gradients and of the optimiser's state. */
export interface ParameterBlock {
  /** The parameters: what the rule writes to. */
  readonly parameters: Tensor;
  /** Their gradients. */
  readonly gradients: Tensor;
  /** The tensors of the state, by the names that the rule gives them. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** What the rule's numbers() returned for the step at hand; with pieces, once for each share, one after the other. */
  readonly hyper: Tensor;
  /** Where neighbours are updated unlike each other: what cutBlock() made of them. */
  readonly pieces?: Tensor;
  /**
   * Where the losses are scaled: first the scale, for the kernel to divide by; third, not 0 where the step is left out; from the fourth
   * on, of each row of `hyper` how many of the steps that it counts were left out.
   */
  readonly lossScale?: Tensor;
}

/** What one kind of optimiser does; the rest is the same for all. */
export interface OptimizerRule<O extends OptimizerOptions> {
  /** Names it in errors. */
  readonly name: string;
  /** Checks the options. @throws INVALID_ARGUMENT for options that cannot work; the learning rate is checked elsewhere */
  check(options: O): void;
  /** Names of the tensors kept for each parameter, given the options of all groups. All are zero before the first step. */
  stateNames(options: readonly O[]): readonly string[];
  /** How many numbers() there are. */
  readonly numbersSize: number;
  /** What changes from step to step, for parameters that are to take their step number `step`, counted from 1. */
  numbers(options: O, step: number): Float32Array;
  /** How the kernel uses them. */
  kind(options: O): number;
  /**
   * Dispatches the kernel.
   * @param options of all parameters of the block; none where it has pieces, each with its kind
   */
  update(block: ParameterBlock, options?: O): void;
}
