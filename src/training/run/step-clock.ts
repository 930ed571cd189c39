/** Steps are timed in blocks of at least this long, since a queue can swallow several before one waits for all of them. */
const BLOCK_SECONDS = 0.25;
/** How many recent blocks count. */
const BLOCKS = 25;

/**
 * How long a step takes, from the times at which steps ended: the median over recent blocks of steps, which a pause
 * for validation or a checkpoint does not disturb. What comes before the first step's end (compiling shaders) is left out.
 */
export class StepClock {
  #blocks: number[] = [];
  #blockStart: { step: number; time: number } | undefined;
  #last: { step: number; time: number } | undefined;

  /** @param time in seconds, from any fixed point */
  record(step: number, time: number): void {
    if (this.#blockStart === undefined || step < this.#blockStart.step) {
      this.#blockStart = { step, time };
    }
    this.#last = { step, time };
    const steps = step - this.#blockStart.step;
    const seconds = time - this.#blockStart.time;
    if (steps > 0 && seconds >= BLOCK_SECONDS) {
      this.#blocks.push(seconds / steps);
      if (this.#blocks.length > BLOCKS) this.#blocks.shift();
      this.#blockStart = { step, time };
    }
  }

  /** Says that steps go on after a pause, which is no part of how long they take. */
  restart(step: number, time: number): void {
    this.#blockStart = this.#last = { step, time };
  }

  /** How many recent blocks are known. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /** Seconds a step, or `undefined` before a first block has ended: the losses of fewer steps may have come together. */
  secondsPerStep(): number | undefined {
    return this.#blocks.length > 0 ? median(this.#blocks) : undefined;
  }

  /** Seconds from `time` until `total` steps are done, or `undefined` while that cannot be known. */
  secondsLeft(total: number, time: number): number | undefined {
    const perStep = this.secondsPerStep();
    if (perStep === undefined || this.#last === undefined) return undefined;
    return Math.max((total - this.#last.step) * perStep - (time - this.#last.time), 0);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
