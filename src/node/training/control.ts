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

  /** Says that a checkpoint was saved. */
  saved(): void {
    this.change(() => (this.saves = false));
  }

  /** Waits for a change, at most so long. */
  async changed(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
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
