import type { TrainedStep } from '../../training/trainer.js';

/** Steps whose losses are in memory at most: some ten megabytes, and more than a page can show. */
const MOST_POINTS = 2 ** 17;

/** The losses of a run of any length in constant memory: all of them, then every second, fourth, ... step. */
export class LossCurve {
  private kept: TrainedStep[] = [];
  private stride = 1;

  constructor(private readonly most = MOST_POINTS) {}

  /** Steps come in their order; which are kept depends on nothing else, so a resumed run has the same. */
  add(point: TrainedStep): void {
    if (!this.isKept(point)) return;
    this.kept.push(point);
    if (this.kept.length <= this.most) return;
    this.stride *= 2;
    this.kept = this.kept.filter((each) => this.isKept(each));
  }

  get points(): readonly TrainedStep[] {
    return this.kept;
  }

  private isKept({ step }: TrainedStep): boolean {
    return (step - 1) % this.stride === 0;
  }
}
