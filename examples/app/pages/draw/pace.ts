/** A translation that takes longer than this is no longer live: it then waits for the end of a stroke. */
export const LIVE_MILLISECONDS = 300;
/** As many translations as are looked back on. */
const LOOKED_BACK = 5;

/** Knows how long translations take, and whether they are quick enough to follow a hand. */
export class Pace {
  private readonly times: number[] = [];

  /** The middle one of the last times; undefined before the first. */
  get middle(): number | undefined {
    return [...this.times].sort((a, b) => a - b)[this.times.length >> 1];
  }

  /** Whether one can wait for them while drawing. */
  get isLive(): boolean {
    return (this.middle ?? 0) <= LIVE_MILLISECONDS;
  }

  /** Takes note of a time in milliseconds. The first one of a model is not counted: shaders are built in it. */
  add(milliseconds: number): void {
    this.times.push(milliseconds);
    if (this.times.length > LOOKED_BACK) this.times.shift();
  }

  /** Forgets all, as for another model. */
  clear(): void {
    this.times.length = 0;
  }
}
