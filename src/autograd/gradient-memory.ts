import type { ScopeStack } from '../gpu/scope.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * The gradients on their way through a graph, each with a count of those that are still to read it. The last one gone, its memory
 * is free for the gradients that come: a walk through a deep network holds a few at a time, not one for each layer.
 *
 * Only what was made during the walk is disposed: the caller's seed, places of gradients and what a rule has kept are not.
 */
export class GradientMemory {
  private readonly readers = new Map<Tensor, number>();

  /** @param scopes those of the Gpu, in whose innermost one the walk runs; null when all gradients are to stay, with their graph */
  constructor(private readonly scopes: ScopeStack | null) {}

  /** Runs a rule. What it makes on its way to its results goes at its end. */
  run<T>(rule: () => T): T {
    return this.scopes ? this.scopes.run(rule) : rule();
  }

  hold(gradient: Tensor): Tensor {
    this.readers.set(gradient, (this.readers.get(gradient) ?? 0) + 1);
    return gradient;
  }

  release(gradient: Tensor): void {
    const left = this.readers.get(gradient)! - 1;
    if (left > 0) {
      this.readers.set(gradient, left);
      return;
    }
    this.readers.delete(gradient);
    this.scopes?.release(gradient);
  }
}
