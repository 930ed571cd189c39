import type { Tensor } from '../tensor/tensor.js';
import type { Module } from './module.js';

/**
 * How a layer or network runs once. What is left out is as the module is: see Module.train() and eval(). A network hands
 * these options to its parts.
 */
export interface ForwardOptions {
  /** Where the result goes, of the result's shape, such as a channel slice of a wider tensor. Made when absent. */
  out?: Tensor;
  /** Whether norms use the batch's statistics and update the running ones, and dropout drops. Default: the module's `training`. */
  training?: boolean;
  /** What batch norms normalise by when not training. Default: as the norm was built, which is 'running' unless that says otherwise. */
  statistics?: 'batch' | 'running';
  /** Whether dropout drops. Default: as `training`. */
  dropout?: boolean;
}

/** A module that makes one tensor of one: what composes in a Sequential. */
export type Layer = Module & { forward(x: Tensor, options?: ForwardOptions): Tensor };
