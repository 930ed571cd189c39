import type { Optimizer } from '../optim/optimizer.js';

/** Steps of single parameters by name, where they are other than those of the rest. */
export type StepCounts = Readonly<Record<string, number>>;

/** Of parameters that have taken fewer steps than the optimiser's stepCount, how many; undefined when there are none. */
export function exceptionalCounts(counts: ReadonlyMap<string, number>, steps: number): StepCounts | undefined {
  const exceptions = [...counts].filter(([, count]) => count !== steps);
  return exceptions.length > 0 ? Object.fromEntries(exceptions) : undefined;
}

/** Names among the counts that no parameter of the optimiser has: what a damaged file may hold. */
export function strangeNames(optimizer: Optimizer, counts: StepCounts = {}): string[] {
  const known = optimizer.stepCounts();
  return Object.keys(counts).filter((name) => !known.has(name));
}

/** Sets an optimiser's counts to those of a file. */
export function placeStepCounts(optimizer: Optimizer, steps: number, counts: StepCounts = {}): void {
  optimizer.stepCount = steps;
  optimizer.setStepCounts(new Map(Object.entries(counts)));
}
