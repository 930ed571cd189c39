/** What became of something that was given to LatestWins.run(): its result, or nothing, where something newer came before its turn. */
export type Outcome<Result> = { readonly dropped: false; readonly result: Result } | { readonly dropped: true };

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (outcome: Outcome<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs slow work on the latest of many things, one at a time: while it runs the newest waits, and those that waited before are dropped and
 * told so. Nothing is ever queued, so that what is shown is never further behind than one piece of work.
 *
 * ```ts
 * const latest = new LatestWins((stroke: string) => Promise.resolve(stroke.length));
 * const outcome = await latest.run('a stroke');
 * if (!outcome.dropped) console.log(outcome.result);
 * ```
 */
export class LatestWins<Item, Result> {
  private running: Promise<unknown> | null = null;
  private waiting: Waiting<Item, Result> | null = null;

  /** Makes a runner of `work`, which is never called while an earlier call still runs. */
  constructor(private readonly work: (item: Item) => Promise<Result>) {}

  /** Whether work is running. */
  get busy(): boolean {
    return this.running !== null;
  }

  /**
   * Runs the work on an item now, or as soon as what runs is done, unless a newer one comes.
   *
   * @returns rejects with what the work throws; what waits then still has its turn
   */
  run(item: Item): Promise<Outcome<Result>> {
    return new Promise((resolve, reject) => {
      const next = { item, resolve, reject };
      if (!this.running) return this.start(next);
      this.drop();
      this.waiting = next;
    });
  }

  /** Drops what waits for its turn; what runs goes on. */
  drop(): void {
    this.waiting?.resolve({ dropped: true });
    this.waiting = null;
  }

  private start({ item, resolve, reject }: Waiting<Item, Result>): void {
    // What it throws at once is a rejection like any other.
    this.running = (async () => resolve({ dropped: false, result: await this.work(item) }))()
      .catch(reject)
      .then(() => {
        this.running = null;
        const next = this.waiting;
        this.waiting = null;
        if (next) this.start(next);
      });
  }
}
