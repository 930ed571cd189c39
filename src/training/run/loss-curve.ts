import type { TrainedStep } from '../trainer.js';

/** Steps whose losses are in memory at most: some ten megabytes, and more than a page can show. */
const MOST_POINTS = 2 ** 17;

/** The losses of a run of any length in constant memory: of each kind of steps all of them, then every second, fourth, ... one. */
export class LossCurve {
  private kept: { readonly place: number; readonly point: TrainedStep }[] = [];
  /** Steps so far that have just these losses: one by one, so that no kind of steps falls between those that are kept. */
  private readonly counts = new Map<string, number>();
  private stride = 1;

  constructor(private readonly most = MOST_POINTS) {}

  /** Steps come in their order; which are kept depends on nothing else, so a resumed run has the same. */
  add(point: TrainedStep): void {
    const kind = Object.keys(point.losses).join();
    const place = this.counts.get(kind) ?? 0;
    this.counts.set(kind, place + 1);
    if (place % this.stride !== 0) return;
    this.kept.push({ place, point });
    if (this.kept.length <= this.most) return;
    this.stride *= 2;
    this.kept = this.kept.filter((each) => each.place % this.stride === 0);
  }

  get points(): readonly TrainedStep[] {
    return this.kept.map(({ point }) => point);
  }
}
