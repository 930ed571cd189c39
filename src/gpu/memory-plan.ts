import { BufferPool } from './buffer-pool.js';
import { ShadegradError } from '../errors.js';
import type { Binding, Storage } from './storage.js';

export interface MemoryPlan {
  /** Size of each buffer the plan needs. */
  readonly bufferBytes: readonly number[];
  /** Which of them each promised storage gets. */
  readonly assignment: ReadonlyMap<Storage, number>;
}

/**
 * Linear-scan allocation over a traced step: a storage holds a buffer from the dispatch that first writes it to
 * the one that last touches it, then the buffer serves the next. Storages in `pinned` (results that are read
 * after the step) keep theirs, for the whole step and alone.
 *
 * Whole buffers are handed round, not ranges of a slab: WebGPU refuses a dispatch that reads one range of a
 * buffer and writes another.
 */
export function planMemory(dispatches: readonly (readonly Binding[])[], pinned: ReadonlySet<Storage>): MemoryPlan {
  const lastUse = new Map<Storage, number>();
  dispatches.forEach((bindings, index) => {
    for (const { storage } of bindings) if (storage.buffer === null) lastUse.set(storage, index);
  });

  const bufferBytes: number[] = [];
  const free: number[] = [];
  const assignment = new Map<Storage, number>();

  dispatches.forEach((bindings, index) => {
    for (const { storage, access } of bindings) {
      if (storage.buffer !== null || assignment.has(storage)) continue;
      if (access === 'read' && !bindings.some((other) => other.storage === storage && other.access === 'write')) {
        throw new ShadegradError('RECORDING', `the recorded step reads "${storage.label}" before anything writes it`, {
          fix: 'make the tensor inside the recorded function with an operation, or outside it with real contents',
        });
      }
      const slot = pinned.has(storage) ? -1 : bestFit(free, bufferBytes, storage.bytes);
      if (slot >= 0) {
        assignment.set(storage, free.splice(slot, 1)[0]!);
      } else {
        assignment.set(storage, bufferBytes.length);
        bufferBytes.push(BufferPool.sizeClass(storage.bytes));
      }
    }
    for (const storage of new Set(bindings.map((binding) => binding.storage))) {
      if (storage.buffer === null && lastUse.get(storage) === index && !pinned.has(storage)) {
        free.push(assignment.get(storage)!);
      }
    }
  });
  for (const storage of pinned) {
    if (storage.buffer !== null || assignment.has(storage)) continue;
    throw new ShadegradError('RECORDING', `the recorded step returns or keeps "${storage.label}", which nothing in it writes`, {
      fix: 'fill it with an operation inside the recorded function, or make it outside',
    });
  }
  return { bufferBytes, assignment };
}

/** The smallest free buffer that holds `bytes` and wastes no more than three quarters of itself. */
function bestFit(free: readonly number[], bufferBytes: readonly number[], bytes: number): number {
  let best = -1;
  free.forEach((buffer, index) => {
    const size = bufferBytes[buffer]!;
    if (size < bytes || size > 4 * Math.max(bytes, 256)) return;
    if (best < 0 || size < bufferBytes[free[best]!]!) best = index;
  });
  return best;
}
