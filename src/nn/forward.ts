import { expectOptions } from '../checks.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Module } from './module.js';

/**
 * How a layer or network runs once. What is left out is as the module is: see Module.train() and eval(). A network hands
 * these options to its parts, so each layer takes all of them, also those that are nothing to it.
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

/** An entry for each, so that the compiler notices one that is forgotten. */
const FORWARD_OPTIONS: Readonly<Record<keyof ForwardOptions, true>> = { out: true, training: true, statistics: true, dropout: true };
const NAMES = Object.keys(FORWARD_OPTIONS) as (keyof ForwardOptions)[];
const KNOWN: ReadonlySet<string> = new Set(NAMES);

/**
 * Checks the options of a forward(): a misspelled `training` would train by default. It stands first in each forward() of this
 * library. Loops call it for every layer of every step, so nothing is allocated unless something is wrong.
 *
 * @param module names itself in the error
 * @returns the options
 * @throws INVALID_ARGUMENT unless they are an object with no other names than those of ForwardOptions
 */
export function forwardOptions(module: Module, options: ForwardOptions): ForwardOptions {
  // An array has no names of its own, and null none at all.
  let plain = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (plain) for (const name in options) plain &&= KNOWN.has(name);
  return plain ? options : expectOptions(`${module.constructor.name}.forward()`, options, NAMES);
}
