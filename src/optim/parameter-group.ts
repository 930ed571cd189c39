import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { isFloat } from '../gpu/params.js';
import { Module } from '../nn/module.js';
import type { PlacedParameter } from '../nn/parameter-arena.js';
import type { Tensor } from '../tensor/tensor.js';

/** What every optimiser has. */
export interface OptimizerOptions {
  /** Size of a step, at least 0. */
  learningRate: number;
  /** How much a step draws each parameter towards zero, at least 0. */
  weightDecay: number;
}

/** A module in the optimiser's, some of its tensors, or a choice by their names. */
export type ParameterChoice = Module | Iterable<Tensor> | ((name: string, parameter: Tensor) => boolean);

/** Options of some of an optimiser's parameters; those left out are the optimiser's. */
export type GroupOptions<O extends OptimizerOptions> = { readonly parameters: ParameterChoice } & Partial<O>;

/** What a group asks of its optimiser: whether options can work, and what kind of step they make. */
interface GroupRule<O> {
  readonly name: string;
  check(options: O): void;
  kind(options: O): number;
}

/** Parameters that are trained with the same options. */
export class ParameterGroup<O extends OptimizerOptions = OptimizerOptions> {
  /** Names of its parameters, in the order of the module; of a list of tensors, their places in it. */
  names: readonly string[] = [];
  /** The learning rate that the group began with, from which schedules compute others. */
  readonly initialLearningRate: number;
  private current: O;

  /** @throws INVALID_ARGUMENT for a wrong learning rate or weight decay */
  constructor(
    private readonly rule: GroupRule<O>,
    options: O,
  ) {
    this.current = options;
    this.learningRate = options.learningRate;
    this.initialLearningRate = options.learningRate;
    expectWeightDecay(rule.name, options.weightDecay);
  }

  /** All options, with the learning rate at hand. */
  get options(): Readonly<O> {
    return this.current;
  }

  /**
   * Sets some of the options, such as the momentum that a schedule gives for a step: used from the next step on, also by a recorded one.
   *
   *     for (const group of sgd.groups) group.change({ momentum: 0.7 });
   *
   * @throws INVALID_ARGUMENT for options that the optimiser does not have or refuses, and for those that ask for another kind of step,
   *   such as momentum where there was none; nothing is changed then
   */
  change(options: Partial<O>): void {
    expectOptions<Partial<O>>(`a group of ${this.rule.name}`, options, Object.keys(this.current) as (keyof O & string)[]);
    const next = { ...this.current, ...options };
    expectLearningRate(this.rule.name, next.learningRate);
    expectWeightDecay(this.rule.name, next.weightDecay);
    this.rule.check(next);
    if (this.rule.kind(next) !== this.rule.kind(this.current)) {
      throw new ShadegradError('INVALID_ARGUMENT', `options of a group of ${this.rule.name} that is there already`, {
        expected: 'the same kind of step as before: what was 0 stays 0, and what was above 0 stays above it',
        received: JSON.stringify(options),
        fix: 'make a new optimiser for another kind of step',
      });
    }
    this.current = next;
  }

  /** Size of a step. What is set is used from the next step on, also by a recorded one. */
  get learningRate(): number {
    return this.current.learningRate;
  }

  /** @throws INVALID_ARGUMENT unless it is a finite number of at least 0 */
  set learningRate(rate: number) {
    expectLearningRate(this.rule.name, rate);
    this.current = { ...this.current, learningRate: rate };
  }
}

function expectWeightDecay(optimizer: string, weightDecay: number): void {
  if (isFloat(weightDecay) && weightDecay >= 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', `weightDecay of ${optimizer}`, {
    expected: 'a finite number of at least 0',
    received: String(weightDecay),
    fix: 'use 0 for none; 0.01 is usual with AdamW, 1e-4 with SGD',
  });
}

/** @throws INVALID_ARGUMENT unless it is a finite number of at least 0 */
export function expectLearningRate(optimizer: string, rate: number): void {
  if (isFloat(rate) && rate >= 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', `learningRate of ${optimizer}`, {
    expected: 'a finite number of at least 0',
    received: String(rate),
    fix: 'check what the schedule computes it from; 1e-3 is the usual start, 2e-4 that of pix2pix',
  });
}

/**
 * Which group each parameter is in, and the groups' names set: those that no choice takes are in the first group.
 * @param choices of the groups from the second one on
 * @throws INVALID_ARGUMENT for a parameter in two groups, or one that the optimiser does not have, and for a group without any
 */
export function assignGroups<O extends OptimizerOptions>(
  optimizer: string,
  parameters: readonly PlacedParameter[],
  groups: readonly ParameterGroup<O>[],
  choices: readonly ParameterChoice[],
): Map<Tensor, ParameterGroup<O>> {
  const chosen = choices.map((choice) => choose(optimizer, parameters, choice));
  for (const [index, tensors] of chosen.entries()) {
    if (tensors.size > 0) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `group ${index + 1} of ${optimizer} takes no parameter`, {
      expected: 'at least one parameter in each group',
      received: `none of ${parameters
        .map(({ name }) => name)
        .slice(0, 4)
        .join(', ')}${parameters.length > 4 ? ', ...' : ''}`,
      fix: 'compare what the group chooses by with these names, or leave the group out',
    });
  }
  const groupOf = new Map<Tensor, ParameterGroup<O>>();
  for (const { name, tensor } of parameters) {
    const indices = [...chosen.keys()].filter((index) => chosen[index]!.has(tensor));
    if (indices.length > 1) {
      throw new ShadegradError('INVALID_ARGUMENT', `parameter "${name}" is in two groups of ${optimizer}`, {
        expected: 'each parameter in one group',
        received: `groups ${indices.join(' and ')}`,
        fix: 'let the choices of the groups exclude each other',
      });
    }
    groupOf.set(tensor, groups[indices.length === 0 ? 0 : indices[0]! + 1]!);
  }
  for (const group of groups) group.names = parameters.filter(({ tensor }) => groupOf.get(tensor) === group).map(({ name }) => name);
  return groupOf;
}

function choose(optimizer: string, parameters: readonly PlacedParameter[], choice: ParameterChoice): Set<Tensor> {
  if (typeof choice === 'function') {
    return new Set(parameters.filter(({ name, tensor }) => choice(name, tensor)).map(({ tensor }) => tensor));
  }
  if (!(choice instanceof Module) && typeof (choice as Partial<Iterable<Tensor>> | undefined)?.[Symbol.iterator] !== 'function') {
    throw new ShadegradError('INVALID_ARGUMENT', `parameters of a group of ${optimizer}`, {
      expected: 'a module, a list of tensors, or a function of a name that returns true for those of the group',
      received: typeof choice,
      fix: 'for no decay of biases: { parameters: (name) => name.endsWith("bias"), weightDecay: 0 }',
    });
  }
  const tensors = new Set(choice instanceof Module ? choice.parameters() : choice);
  const known = new Set(parameters.map(({ tensor }) => tensor));
  for (const tensor of tensors) {
    if (known.has(tensor)) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `a group of ${optimizer} names a tensor that is none of its parameters`, {
      expected: 'parameters of the module, or tensors of the list, that the optimiser was made for',
      received: `"${String((tensor as Partial<Tensor> | undefined)?.label)}"`,
      fix: 'make the optimiser for the whole, and groups of its parts',
    });
  }
  return tensors;
}
