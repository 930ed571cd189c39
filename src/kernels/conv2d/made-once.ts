import { writeTime } from '../../gpu/write-log.js';
import type { Tensor } from '../../tensor/tensor.js';

interface Made {
  readonly result: Tensor;
  /** In the time of `writeTime()`. */
  readonly time: number;
  /** Hooks that the recorded function had set by then: what they write is known when they run. */
  readonly hooks: number;
}

/** By the trace of a recorded function, then by what was made of what. */
const made = new WeakMap<object, Map<string, Made>>();

/**
 * Makes something of a weight alone, such as its values at the points of a Winograd convolution. Inside a recorded function it is made
 * once and serves until the weight is written: a discriminator sees several batches with the same weights. Each run makes it anew.
 * Operations that run at once make it each time, because nothing says when the last of them is done with it.
 *
 * @param what tells things that are made of one weight from each other
 * @returns the result; `lent` ones belong to the recorded function, others to the caller
 */
export function madeOnce(weight: Tensor, what: string, make: () => Tensor): { readonly result: Tensor; readonly lent: boolean } {
  const { gpu } = weight;
  const { currentTrace, tracedHooks: hooks, scopes } = gpu;
  if (!currentTrace) return { result: make(), lent: false };
  const all = made.get(currentTrace) ?? new Map<string, Made>();
  made.set(currentTrace, all);
  const key = `${what} of ${weight.storage.id}+${weight.offset} ${weight.shape.join('x')}`;
  const known = all.get(key);
  if (known && known.hooks === hooks && !weight.writtenSince(known.time)) return { result: known.result, lent: true };
  const result = make();
  scopes.lift(result, currentTrace.depth);
  all.set(key, { result, time: writeTime(), hooks });
  return { result, lent: true };
}
