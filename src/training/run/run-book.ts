import type { Finding } from '../diagnoses/diagnosis.js';
import type { TrainingScheme } from '../scheme.js';
import type { TrainedStep } from '../trainer.js';
import { RunFindings } from './findings.js';
import type { LogEntry } from './log-entry.js';
import { LossCurve } from './loss-curve.js';
import { LossWatcher } from './loss-watch.js';
import type { MeasuredStep, Snapshot } from './pictures.js';

export type { LogEntry };

/** What a step's line in the log says beside its losses. */
export interface StepFacts {
  epoch: number;
  learningRate: number;
  imagesPerSecond: number;
  /** Training time so far, pauses for validation and checkpoints left out. */
  seconds: number;
}

/** What is kept in memory of a run's past, and made again from the lines of its log. */
export class RunBook {
  private readonly curve = new LossCurve();
  private readonly watch: LossWatcher;
  private readonly found = new RunFindings();
  /** What was measured after some steps, in their order. */
  metrics: MeasuredStep[] = [];
  /** What was made of a few samples then. */
  readonly snapshots: Snapshot[] = [];
  /** The learning rate of the last step; undefined where no step's is known. */
  lastRate: number | undefined;
  /** Of training, before this process started. */
  secondsBefore = 0;
  /** Steps whose time the log knows, those of this process included: of a run whose log was deleted, not all. */
  timedSteps = 0;

  /** @param scheme whose losses and metrics there are */
  constructor(protected readonly scheme: Pick<TrainingScheme, 'losses' | 'metrics' | 'watch'>) {
    this.watch = new LossWatcher(scheme.watch);
  }

  /** The losses of a run's steps; of very long runs, of steps at equal distances. */
  get losses(): readonly TrainedStep[] {
    return this.curve.points;
  }

  /** The step at which the losses had said that the training goes nowhere; undefined while they do not. */
  get watchedAt(): number | undefined {
    return this.watch.foundAt;
  }

  /** The troubles that were found, the latest of each kind. */
  get findings(): readonly Finding[] {
    return this.found.all;
  }

  /** Takes steps that were trained. @returns their lines for the log */
  protected takeSteps(steps: readonly TrainedStep[], factsOf: (step: number) => StepFacts): LogEntry[] {
    return steps.map((trained) => {
      const { step, losses } = trained;
      const entry: LogEntry = { step, ...losses, ...factsOf(step) };
      this.addLosses(trained);
      this.lastRate = entry.learningRate as number;
      this.timedSteps++;
      return entry;
    });
  }

  /** Takes troubles that were found. @returns those that are new, or were said long ago */
  protected takeFindings(found: readonly Finding[]): Finding[] {
    return this.found.add(found);
  }

  /** Takes a line out of a log; one of a measurement only where it is of the images that are measured now. */
  protected restoreEntry(entry: LogEntry): void {
    if ('diagnosis' in entry) this.found.restore(entry);
    else if ('validation' in entry)
      this.metrics.push({ step: entry.step, metrics: numbersOf(entry.validation as LogEntry, Object.keys(this.scheme.metrics)) });
    else this.restoreStep(entry);
  }

  private restoreStep(entry: LogEntry): void {
    // Not every kind of step has every loss.
    const names = Object.keys(this.scheme.losses).filter((name) => name in entry);
    this.addLosses({ step: entry.step, losses: numbersOf(entry, names) });
    if (typeof entry.learningRate === 'number') this.lastRate = entry.learningRate;
    if (typeof entry.seconds !== 'number') return;
    this.secondsBefore = entry.seconds;
    this.timedSteps++;
  }

  private addLosses(trained: TrainedStep): void {
    this.curve.add(trained);
    this.watch.add(trained.step, trained.losses);
  }
}

/** Numbers of an entry by their names. JSON has no NaN: one that was not finite comes back as null. */
function numbersOf(entry: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, (entry[name] as number | null | undefined) ?? NaN]));
}
