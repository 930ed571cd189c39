import { performance } from 'node:perf_hooks';

/** How soon a run that waits notices a signal. */
const LOOKS_UP_MS = 100;

/** What somebody asks of a run that is going on: to wait, to go on, to save. The run obeys between two steps. */
export class RunControl {
  private waiting = false;
  private saves = false;
  private wake: () => void = () => {};
  /** Told of every change, for whoever shows it. */
  onChange: () => void = () => {};

  /** Whether the run is to wait, or waits. */
  get paused(): boolean {
    return this.waiting;
  }

  /** Whether a checkpoint is to be saved. */
  get saveAsked(): boolean {
    return this.saves;
  }

  /** Whether there is something to obey. */
  get due(): boolean {
    return this.waiting || this.saves;
  }

  pause(): void {
    this.change(() => (this.waiting = true));
  }

  resume(): void {
    this.change(() => (this.waiting = false));
  }

  save(): void {
    this.change(() => (this.saves = true));
  }

  /**
   * Does what has been asked for, and waits as long as that is what is asked.
   *
   * @param isOver whether the run is to end, whatever is asked
   * @returns how long it took, in seconds
   */
  async obey(save: () => Promise<void>, isOver: () => boolean): Promise<number> {
    const began = performance.now();
    while (this.due && !isOver()) {
      if (this.saves) {
        await save();
        this.change(() => (this.saves = false));
      } else await this.changed();
    }
    return (performance.now() - began) / 1000;
  }

  /** Waits for a change, at most so long that a signal is not overheard. */
  private async changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOKS_UP_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private change(what: () => void): void {
    what();
    this.wake();
    this.onChange();
  }
}
