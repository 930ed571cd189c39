/** The numbers of one step, by name. */
export interface CurvePoint {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Curves over the steps of a run of any length, of which no more than so many points are kept, at equal distances. */
export class Curves {
  private steps: number[] = [];
  private values: (number | null)[][];
  private stride = 1;
  private seen = 0;

  /**
   * @param most points that are kept
   * @param lately how many numbers `latest` is the mean of: of losses, which jump with each batch, several; of metrics the last one
   */
  constructor(
    readonly names: readonly string[],
    private readonly most = 2000,
    private readonly lately = 10,
  ) {
    this.values = names.map(() => []);
  }

  /** Adds points, in their order. A step that is there already, or an earlier one, takes the place of what was from there on. */
  add(points: readonly CurvePoint[]): void {
    for (const { step, values } of points) {
      if (step <= (this.steps.at(-1) ?? -1)) this.cut(step);
      if (this.seen++ % this.stride !== 0) continue;
      this.steps.push(step);
      this.names.forEach((name, index) => {
        const value = values[name];
        this.values[index]!.push(value !== undefined && Number.isFinite(value) ? value : null);
      });
      if (this.steps.length > this.most) this.thin();
    }
  }

  /** The steps, then the numbers of each name; null where a step has none. */
  get table(): [number[], ...(number | null)[][]] {
    return [this.steps, ...this.values];
  }

  /** The mean of the last few numbers of a name; undefined where there are none. */
  latest(name: string, count = this.lately): number | undefined {
    const values = this.values[this.names.indexOf(name)]?.filter((value) => value !== null).slice(-count) ?? [];
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  private cut(step: number): void {
    const at = this.steps.findIndex((each) => each >= step);
    this.steps.length = at;
    for (const values of this.values) values.length = at;
  }

  private thin(): void {
    const keep = <Value>(all: readonly Value[]): Value[] => all.filter((_, index) => index % 2 === 0);
    this.stride *= 2;
    this.steps = keep(this.steps);
    this.values = this.values.map(keep);
    this.seen = 0;
  }
}
