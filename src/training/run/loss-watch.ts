import type { LossWatch } from '../scheme.js';

/** Looks for losses that stay so low that a training goes nowhere, as its scheme says. */
export class LossWatcher {
  private below = 0;
  /** The step at which it was certain; undefined as long as it is not. */
  foundAt: number | undefined;

  constructor(private readonly watch: LossWatch | undefined) {}

  /** @returns true once, at the step at which it is certain */
  add(step: number, losses: Readonly<Record<string, number>>): boolean {
    const { watch } = this;
    // Steps that have none of these losses say nothing of them.
    if (!watch?.losses.every((name) => name in losses)) return false;
    this.below = watch.losses.every((name) => losses[name]! < watch.below) ? this.below + 1 : 0;
    if (this.below < watch.steps || this.foundAt !== undefined) return false;
    this.foundAt = step;
    return true;
  }
}
