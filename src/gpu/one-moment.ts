import { ShadegradError } from '../errors.js';
import type { Storage } from './storage.js';
import { writeTime, type Region } from './write-log.js';

/** Memory that is read: part of a storage, since modules of one tree share one. */
export interface ReadRegion {
  readonly storage: Storage;
  readonly region: Region;
}

/**
 * Watches memory that is read in several pieces with waits between them: pieces from before and after a step would look like one
 * state and be none.
 */
export class OneMoment {
  private time = writeTime();

  /**
   * @param what is read, for the error
   * @param parts all that is read
   */
  constructor(
    private readonly what: string,
    private readonly parts: readonly ReadRegion[],
  ) {}

  /** Begins anew: what was read before belongs to another state. */
  begin(): void {
    this.time = writeTime();
  }

  /** To be called before each piece. @throws STALE_TENSOR when something was written since the first */
  check(): void {
    for (const { storage, region } of this.parts) {
      const write = storage.writtenSince(this.time, region);
      if (!write) continue;
      throw new ShadegradError('STALE_TENSOR', `${this.what} changed while it was read`, {
        expected: 'no step, no restoring and no other write until it is read whole',
        received: `${write.by} has written to "${storage.label}"`,
        fix: 'wait for the reading to end before the next step, and start it again',
      });
    }
  }
}
