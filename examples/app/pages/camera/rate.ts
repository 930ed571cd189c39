/** How many frames became what. */
export interface Counts {
  readonly translated: number;
  readonly dropped: number;
  /** Translated in a second, over the last ones; 0 before there are two. */
  readonly perSecond: number;
}

/** Before the first frame. */
export const NO_COUNTS: Counts = { translated: 0, dropped: 0, perSecond: 0 };

/** Times that are looked back on, in milliseconds. */
const LOOKED_BACK = 3000;

/** Counts frames. */
export class Rate {
  private translated = 0;
  private dropped = 0;
  private times: number[] = [];

  /** Takes note of a frame that was translated, at a time in milliseconds. */
  add(now: number): void {
    this.translated++;
    this.times.push(now);
    // At least two, however slow it is: else slow models had no speed at all.
    while (this.times.length > 2 && now - this.times[0]! > LOOKED_BACK) this.times.shift();
  }

  /** Takes note of frames that came while an earlier one was translated. */
  drop(frames = 1): void {
    this.dropped += frames;
  }

  /** Begins the measured time anew, as after a pause, and goes on counting. */
  rest(): void {
    this.times = [];
  }

  get counts(): Counts {
    const { times, translated, dropped } = this;
    const span = times.length > 1 ? times.at(-1)! - times[0]! : 0;
    return { translated, dropped, perSecond: span > 0 ? (1000 * (times.length - 1)) / span : 0 };
  }
}
