import type { Optimizer } from '../optim/optimizer.js';

/** Steps of single parameters by name, where they are other than those of the rest. */
export type StepCounts = Readonly<Record<string, number>>;

/** What a file keeps of the steps of an optimiser. */
export interface SavedSteps {
  /** Steps of the parameter that has taken the most. */
  readonly steps: number;
  /**
   * Steps of the parameters that have taken fewer, by name in the network: those that were frozen for a while. Absent when all have
   * taken as many.
   */
  readonly stepCounts?: StepCounts;
  /**
   * Steps that changed nothing, because a gradient was not finite in f16, by the parameter's name in the network: they are not among the
   * steps. Absent when there were none.
   */
  readonly leftOut?: StepCounts;
}

/**
 * What a file is to keep of the steps of an optimiser.
 * @param leftOut from its leftOutCounts()
 */
export function savedSteps(optimizer: Optimizer, leftOut: ReadonlyMap<string, number>): SavedSteps {
  const taken = new Map([...optimizer.stepCounts()].map(([name, count]) => [name, count - (leftOut.get(name) ?? 0)]));
  const steps = Math.max(0, ...taken.values());
  const stepCounts = exceptionalCounts(taken, steps);
  const some = [...leftOut].filter(([, count]) => count > 0);
  return { steps, ...(stepCounts && { stepCounts }), ...(some.length > 0 && { leftOut: Object.fromEntries(some) }) };
}

/** Of parameters that have taken fewer steps than the optimiser's stepCount, how many; undefined when there are none. */
export function exceptionalCounts(counts: ReadonlyMap<string, number>, steps: number): StepCounts | undefined {
  const exceptions = [...counts].filter(([, count]) => count !== steps);
  return exceptions.length > 0 ? Object.fromEntries(exceptions) : undefined;
}

/** Names among the counts that no parameter of the optimiser has: what a damaged file may hold. */
export function strangeNames(optimizer: Optimizer, { stepCounts = {}, leftOut = {} }: SavedSteps): string[] {
  const known = optimizer.stepCounts();
  return Object.keys({ ...stepCounts, ...leftOut }).filter((name) => !known.has(name));
}

/** Sets an optimiser's counts to those of a file. The optimiser counts steps that were left out, too. */
export function placeStepCounts(optimizer: Optimizer, { steps, stepCounts = {}, leftOut = {} }: SavedSteps): void {
  optimizer.stepCount = steps;
  const skipped = new Map(Object.entries(leftOut));
  const given = { ...Object.fromEntries([...skipped.keys()].map((name) => [name, steps])), ...stepCounts };
  optimizer.setStepCounts(new Map(Object.entries(given).map(([name, count]) => [name, count + (skipped.get(name) ?? 0)])));
  optimizer.setLeftOutCounts(skipped);
}
