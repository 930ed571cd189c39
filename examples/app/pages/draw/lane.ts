/**
 * A lane for work of which only the newest counts: one at a time, and while it runs, one waits. Whatever is asked for meanwhile takes the
 * place of the one that waits. Nothing is ever queued.
 */
export class Lane<Job> {
  private waiting: { readonly job: Job } | null = null;
  private running: Promise<void> | null = null;

  /** @param run must not throw: what goes wrong is its own to tell */
  constructor(private readonly run: (job: Job) => Promise<void>) {}

  /** Whether something runs. */
  get isBusy(): boolean {
    return this.running !== null;
  }

  /** Whether something newer waits than what runs. */
  get hasNewer(): boolean {
    return this.waiting !== null;
  }

  /** Asks for work. @returns whether it took the place of one that waited */
  ask(job: Job): boolean {
    const replaces = this.waiting !== null;
    this.waiting = { job };
    this.running ??= this.work();
    return replaces;
  }

  /** Lets go of what waits. */
  clear(): void {
    this.waiting = null;
  }

  /** Resolves once nothing runs. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async work(): Promise<void> {
    // What is asked for in one go is one.
    await Promise.resolve();
    for (let next = this.waiting; next; next = this.waiting) {
      this.waiting = null;
      await this.run(next.job);
    }
    this.running = null;
  }
}
