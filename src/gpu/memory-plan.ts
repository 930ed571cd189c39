import { ShadegradError } from '../errors.js';
import type { Binding, Storage } from './storage.js';

export interface MemoryPlan {
  /** Size of each buffer the plan needs. */
  readonly bufferBytes: readonly number[];
  /** Which of them each promised storage gets. */
  readonly assignment: ReadonlyMap<Storage, number>;
}

/** From the dispatch that first writes a storage to the one that last touches it. */
interface Life {
  readonly storage: Storage;
  readonly first: number;
  last: number;
}

/**
 * Gives buffers to the storages of a traced step: each holds one from the dispatch that first writes it to the one that last touches it;
 * before and after the buffer serves others. The largest choose first, each the smallest buffer that is free for all of its life, so that
 * what there is much of at one time decides the sum. Storages in `pinned` (results that are read after the step) keep theirs, for the
 * whole step and alone.
 *
 * Whole buffers are handed round, not ranges of a slab: WebGPU refuses a dispatch that reads one range of a buffer and
 * writes another.
 */
export function planMemory(dispatches: readonly (readonly Binding[])[], pinned: ReadonlySet<Storage>): MemoryPlan {
  const lives = livesOf(dispatches);
  for (const storage of pinned) {
    if (storage.buffer !== null || lives.has(storage)) continue;
    throw new ShadegradError('RECORDING', `the recorded step returns or keeps "${storage.label}", which nothing in it writes`, {
      fix: 'fill it with an operation inside the recorded function, or make it outside',
    });
  }
  const buffers: { readonly bytes: number; readonly lives: Life[] }[] = [];
  const assignment = new Map<Storage, number>();
  for (const life of [...lives.values()].sort((a, b) => b.storage.bytes - a.storage.bytes || a.first - b.first)) {
    const whole = pinned.has(life.storage) ? { ...life, first: 0, last: Infinity } : life;
    const isFree = (buffer: { readonly lives: readonly Life[] }): boolean =>
      buffer.lives.every(({ first, last }) => last < whole.first || first > whole.last);
    // The smallest are the last.
    let buffer = buffers.length - 1;
    while (buffer >= 0 && !isFree(buffers[buffer]!)) buffer--;
    if (buffer < 0) buffer = buffers.push({ bytes: Math.ceil(life.storage.bytes / ALIGNMENT) * ALIGNMENT, lives: [] }) - 1;
    buffers[buffer]!.lives.push(whole);
    assignment.set(life.storage, buffer);
  }
  return { bufferBytes: buffers.map(({ bytes }) => bytes), assignment };
}

/** Bytes of which a buffer has a multiple. */
const ALIGNMENT = 256;

/** @throws RECORDING for a storage that is read first */
function livesOf(dispatches: readonly (readonly Binding[])[]): Map<Storage, Life> {
  const lives = new Map<Storage, Life>();
  dispatches.forEach((bindings, index) => {
    for (const { storage, access } of bindings) {
      if (storage.buffer !== null) continue;
      const known = lives.get(storage);
      if (known) {
        known.last = index;
        continue;
      }
      if (access === 'read' && !bindings.some((other) => other.storage === storage && other.access === 'write')) {
        throw new ShadegradError('RECORDING', `the recorded step reads "${storage.label}" before anything writes it`, {
          fix: 'make the tensor inside the recorded function with an operation, or outside it with real contents',
        });
      }
      lives.set(storage, { storage, first: index, last: index });
    }
  });
  return lives;
}
