import { ShadegradError } from './errors.js';
import { wholeOf, type Storage } from './storage.js';
import { writeTime } from './write-log.js';

/**
 * Watches memory that is read in several pieces with waits between them: pieces from before and after a step would look like one
 * state and be none.
 */
export class OneMoment {
  private time = writeTime();
  private readonly storages: ReadonlySet<Storage>;

  /** @param what is read, for the error */
  constructor(
    private readonly what: string,
    storages: Iterable<Storage>,
  ) {
    this.storages = new Set(storages);
  }

  /** Begins anew: what was read before belongs to another state. */
  begin(): void {
    this.time = writeTime();
  }

  /** To be called before each piece. @throws STALE_TENSOR when something was written since the first */
  check(): void {
    for (const storage of this.storages) {
      const write = storage.writtenSince(this.time, wholeOf(storage));
      if (!write) continue;
      throw new ShadegradError('STALE_TENSOR', `${this.what} changed while it was read`, {
        expected: 'no step, no restoring and no other write until it is read whole',
        received: `${write.by} has written to "${storage.label}"`,
        fix: 'wait for the reading to end before the next step, and start it again',
      });
    }
  }
}
