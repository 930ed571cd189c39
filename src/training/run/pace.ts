/** Shares of a run after which it is validated: often at first, when most changes. */
const REPORT_SHARES = [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1];
/** Long runs report at least this often, unless that would take more than a twentieth of the time. */
const REPORT_SECONDS = 600;
const SAVE_SECONDS = 180;
const LARGEST_SHARE = 1 / 20;

export interface PaceOptions {
  /** Steps between, or undefined for what suits the run. */
  saveEvery: number | undefined;
  reportEvery: number | undefined;
  /** Steps between further checkpoints; by default there are none. */
  alsoEvery?: number;
  /** Whether validations come by the number of the step alone, because something of the run follows from them. Default false. */
  bySteps?: boolean;
}

const now = (): number => performance.now() / 1000;

/** Says when a run pauses for a validation with its report, and when for a checkpoint. */
export class Pace {
  private lastReport = now();
  private lastSave = now();
  /** How long the last ones took. */
  reportSeconds = 0;
  private saveSeconds = 0;

  constructor(private readonly options: PaceOptions) {}

  /** The step of the next planned pause after `step`. */
  next(step: number, totalSteps: number): number {
    const { saveEvery = Infinity, alsoEvery = Infinity } = this.options;
    const saves = [saveEvery, alsoEvery].map((every) => (every === Infinity ? Infinity : Math.floor(step / every + 1) * every));
    return Math.min(this.nextReport(step, totalSteps), ...saves, totalSteps);
  }

  /** What the run should pause for after a step. */
  due(step: number, totalSteps: number): 'report' | 'save' | null {
    if (this.nextReport(step - 1, totalSteps) === step || this.reportOverdue()) return 'report';
    const { saveEvery, alsoEvery } = this.options;
    if (alsoEvery !== undefined && step % alsoEvery === 0) return 'save';
    return (saveEvery === undefined ? this.saveOverdue() : step % saveEvery === 0) ? 'save' : null;
  }

  /** Pauses for reports that are planned from `step` on. */
  reportsLeft(step: number, totalSteps: number): number {
    let count = 0;
    for (let at = this.nextReport(step, totalSteps); at < totalSteps; at = this.nextReport(at, totalSteps)) count++;
    return count + 1;
  }

  /** True when it has been too long since the last report or checkpoint. */
  overdue(): boolean {
    return this.saveOverdue() || this.reportOverdue();
  }

  reported(seconds: number): void {
    this.lastReport = now();
    this.reportSeconds = seconds;
  }

  saved(seconds: number): void {
    this.lastSave = now();
    this.saveSeconds = seconds;
  }

  private nextReport(step: number, totalSteps: number): number {
    const { reportEvery } = this.options;
    if (reportEvery !== undefined) return Math.min(Math.floor(step / reportEvery + 1) * reportEvery, totalSteps);
    return REPORT_SHARES.map((share) => Math.max(Math.round(share * totalSteps), 1)).find((at) => at > step) ?? totalSteps;
  }

  private saveOverdue(): boolean {
    return this.options.saveEvery === undefined && now() - this.lastSave > Math.max(SAVE_SECONDS, this.saveSeconds / LARGEST_SHARE);
  }

  private reportOverdue(): boolean {
    const { reportEvery, bySteps = false } = this.options;
    return !bySteps && reportEvery === undefined && now() - this.lastReport > Math.max(REPORT_SECONDS, this.reportSeconds / LARGEST_SHARE);
  }
}
