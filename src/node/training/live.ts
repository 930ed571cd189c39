import { imageGrid, type RgbImage } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import type { Trainer } from '../../training/trainer.js';
import type { Dashboard } from '../dashboard/server.js';
import type {
  DashboardGradients,
  DashboardMeasure,
  DashboardPatches,
  DashboardState,
  DashboardStatus,
  DashboardStep,
} from '../dashboard/state.js';
import { thinned } from '../dashboard/thinning.js';
import type { LogEntry } from '../files/log.js';
import { encodePng } from '../images/read.js';
import type { RunControl } from './control.js';
import type { RunHistory } from './history.js';
import { epochOf, type TrainingLoop } from '../../training/run/loop.js';
import type { RecordedValidation, RunRecord } from './records/record.js';
import type { RunFacts } from './summary.js';
import { isOfPictures, mapsOf } from './tested.js';

/** Entries of a kind that are kept for a page that is opened late. */
const MOST_ENTRIES = 4000;
/** How often pages are told how far the run has come. */
const TELL_MS = 1000;

/** What a run on a dashboard is made of. */
export interface LiveOptions {
  readonly dashboard: Dashboard;
  readonly facts: RunFacts;
  readonly trainer: Trainer;
  readonly history: RunHistory;
  readonly loop: TrainingLoop;
  readonly control: RunControl;
  /** The losses that the run has, with their rows. */
  readonly losses: RunFacts['scheme']['losses'];
}

/** A run on a dashboard: keeps what its page shows, out of what is logged anyway. */
export class LiveRun implements RunRecord {
  private entries: DashboardStep[];
  private untold: DashboardStep[] = [];
  private norms: DashboardGradients[] = [];
  private readonly measured: DashboardMeasure[];
  private readonly samples: Set<number>;
  private savedStep: number | undefined;
  private patches: { readonly png: Uint8Array; readonly said: DashboardPatches } | undefined;
  private ended = false;
  private readonly dashboard: Dashboard;
  private readonly timer: NodeJS.Timeout;
  /** The address of the page. */
  readonly address: string;

  constructor(private readonly options: LiveOptions) {
    const { history, control, dashboard, facts } = options;
    this.dashboard = dashboard;
    this.entries = thinned([...history.losses], MOST_ENTRIES);
    this.measured = [...history.metrics];
    this.samples = new Set(history.snapshots.map(({ step }) => step));
    this.timer = setInterval(() => this.tell(), TELL_MS).unref();
    control.onChange = () => this.tell();
    this.address = dashboard.show({
      path: facts.folder.path,
      state: () => this.state(),
      previewOf: (step) => (this.samples.has(step) ? facts.folder.sampleGrid(step) : undefined),
      patches: () => this.patches?.png,
      controls: { pause: () => control.pause(), resume: () => control.resume(), save: () => control.save() },
    });
  }

  steps(entries: readonly LogEntry[]): void {
    const { losses } = this.options;
    const shown = entries.map(({ step, ...rest }): DashboardStep => {
      const own = Object.entries(rest).filter(([name]) => Object.hasOwn(losses, name));
      const { learningRate, imagesPerSecond } = rest as { learningRate?: number; imagesPerSecond?: number };
      return {
        step,
        losses: Object.fromEntries(own) as Record<string, number>,
        ...(learningRate !== undefined && { learningRate }),
        ...(imagesPerSecond !== undefined && { imagesPerSecond }),
      };
    });
    this.entries = thinned([...this.entries, ...shown], MOST_ENTRIES);
    this.untold = thinned([...this.untold, ...shown], MOST_ENTRIES);
  }

  async validation({ step, metrics, rows }: RecordedValidation): Promise<void> {
    this.samples.add(step);
    this.measured.push({ step, metrics });
    this.tell();
    this.dashboard.send('validation', () => ({ step, metrics }));
    if (rows[0]) await this.judge(step, rows[0].pictures);
  }

  /** Has the discriminators judge the patches of a sample, where the scheme has some that do. Nothing about them changes. */
  private async judge(step: number, pictures: readonly RgbImage[]): Promise<void> {
    const { facts, trainer } = this.options;
    const judged = facts.scheme.judged?.(facts.options, trainer.networks) ?? [];
    if (judged.length === 0 || !isOfPictures(facts.scheme, facts.options, judged)) return;
    const titled = this.columns().map((title, at) => ({ title, image: pictures[at]! }));
    try {
      const maps = await mapsOf(facts.gpu, trainer.networks, judged, titled);
      const png = encodePng(imageGrid([maps.map(({ shown }) => shown.image)]));
      this.patches = { png, said: { step, maps: maps.map(({ judgement: { picture, mean } }) => ({ title: picture, mean })) } };
      this.dashboard.send('patches', () => this.patches!.said);
    } catch (error) {
      // Networks of a user's own may judge something else, and a device may have no room beside the training: then there are no maps. What
      // is wrong with the device itself the next step says.
      if (!(error instanceof ShadegradError)) throw error;
    }
  }

  private columns(): string[] {
    const { given, made, wanted } = this.options.facts.validator.pictured;
    return [...given.map(({ title }) => title), ...made, ...wanted.map(({ title }) => title)];
  }

  gradients(step: number, norms: Readonly<Record<string, number>>): void {
    this.norms = thinned([...this.norms, { step, norms }], MOST_ENTRIES);
    this.dashboard.send('gradients', () => ({ step, norms }));
  }

  /** Told of each checkpoint. */
  saved(step: number): void {
    this.savedStep = step;
    this.tell();
  }

  flush(): void {}

  /** Says that the run has ended. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.timer);
    this.options.control.onChange = () => {};
    this.tell();
  }

  private tell(): void {
    const { untold } = this;
    this.untold = [];
    if (untold.length > 0) this.dashboard.send('steps', () => untold);
    this.dashboard.send('status', () => this.status());
  }

  private status(): DashboardStatus {
    const { facts, trainer, loop, control } = this.options;
    const { bytesInUse, bytesPooled, peakBytes } = facts.gpu.memory();
    const { step, totalSteps, secondsPerStep, seconds } = loop;
    const last = this.entries.at(-1);
    const doing = this.ended ? undefined : control.saveAsked ? 'a checkpoint is about to be saved' : undefined;
    return {
      state: this.ended ? 'ended' : control.paused ? 'paused' : 'running',
      doing,
      step,
      totalSteps,
      epoch: epochOf(Math.max(step, 1), trainer.stepsPerEpoch),
      imagesPerSecond: last?.imagesPerSecond,
      learningRate: last?.learningRate,
      secondsLeft: secondsPerStep === undefined ? undefined : secondsPerStep * Math.max(totalSteps - step, 0),
      seconds,
      memory: { inUse: bytesInUse, pooled: bytesPooled, peak: peakBytes },
      savedStep: this.savedStep,
    };
  }

  private state(): DashboardState {
    // Other pages have not been told of these yet, and are not to be told twice.
    this.tell();
    const { facts, losses } = this.options;
    const { scheme, folder, adapter, validator, baseline } = facts;
    const { names } = validator.pictured;
    return {
      title: scheme.title,
      folder: printableName(folder.path),
      adapter: adapter.description || adapter.name,
      losses: Object.entries(losses).map(([name, { label, plot }]) => ({ name, label, plot })),
      metrics: Object.entries(scheme.metrics).map(([name, { label, unit, better }]) => ({ name, label, unit, better })),
      columns: this.columns(),
      rows: names,
      steps: this.entries,
      measured: this.measured,
      baseline,
      gradients: this.norms,
      patches: this.patches?.said,
      samples: [...this.samples].sort((a, b) => a - b),
      status: this.status(),
    };
  }
}
