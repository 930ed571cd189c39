import { ShadegradError } from '../../errors.js';
import type { TrainingScheme } from '../scheme.js';
import type { Trainer, TrainedStep } from '../trainer.js';
import { StepClock } from './step-clock.js';
import type { StepFacts } from './run-book.js';
import type { Measured } from './measured.js';
import { learningRateAt, lowerLearningRate, type RunSettings } from './settings.js';

/**
 * Work in flight, so that Ctrl-C and the progress bar need not wait for more. It is two blocks of steps, of at least one
 * step each: while the host waits for the losses of one, the device has the other to go on with.
 */
const IN_FLIGHT = { seconds: 0.5, mostSteps: 32 } as const;

/** Below so many blocks of steps their median says less of the speed than the mean of all steps. */
const FEWEST_BLOCKS = 4;

/** Where the loop logs its steps. */
export interface LoopHistory {
  /** Of training, before this process started. */
  readonly secondsBefore: number;
  /** The step at which the losses had said that the training goes nowhere. */
  readonly watchedAt: number | undefined;
  addSteps(steps: readonly TrainedStep[], factsOf: (step: number) => StepFacts): void;
}

/** Who is told how far the loop is. */
export interface LoopProgress {
  update(step: number, facts: { losses: TrainedStep['losses']; imagesPerSecond: number; epoch: number; total: number }): void;
  note(line: string): void;
}

/** What ends the loop early. */
export interface LoopInterrupt {
  /** What the run ends with; undefined while nothing asks it to. */
  readonly exitStatus: number | undefined;
}

export interface LoopOptions {
  trainer: Trainer;
  settings: RunSettings;
  history: LoopHistory;
  progress: LoopProgress;
  interrupt: LoopInterrupt;
  /** What validations have made of the rate. */
  measured: Pick<Measured, 'rate'>;
  totalSteps: number;
  /** Steps that were taken before the loop, to find out the speed; `record` them first. */
  trial: { trained: readonly TrainedStep[]; secondsPerStep: number };
}

/** Steps and their books: sets the rate, bounds the work in flight, logs each step once, and shows how far it is. */
export class TrainingLoop {
  private readonly clock = new StepClock();
  private readonly rates = new Map<number, number>();
  /** Of training in this process. */
  private trainingSeconds = 0;
  /** Since when the clock of training runs, in ms; undefined while it stands. */
  private resumedAt: number | undefined;
  private saidWatched = false;
  /** The step that this process went on from. */
  private readonly startStep: number;
  totalSteps: number;

  constructor(private readonly options: LoopOptions) {
    const { totalSteps, trial, trainer } = options;
    this.totalSteps = totalSteps;
    this.startStep = trainer.step - trial.trained.length;
    this.trainingSeconds = trial.trained.length * trial.secondsPerStep;
  }

  get step(): number {
    return this.options.trainer.step;
  }

  get secondsPerStep(): number | undefined {
    return this.clock.secondsPerStep();
  }

  /** Of training, this run's earlier processes included. */
  get seconds(): number {
    return this.options.history.secondsBefore + this.trainingSeconds;
  }

  /**
   * Trains until `target` steps are done, a signal comes, or `until` says so; all losses are collected and logged then.
   *
   * @param until asked whenever losses have come in
   */
  async trainTo(target: number, until: () => boolean): Promise<void> {
    const { trainer, settings, interrupt, measured } = this.options;
    this.resumedAt = performance.now();
    this.clock.restart(trainer.step, this.resumedAt / 1000);
    let block: Promise<TrainedStep[]> = Promise.resolve([]);
    while (trainer.step < target && interrupt.exitStatus === undefined) {
      const rate = learningRateAt(settings, trainer.step, this.totalSteps, trainer.stepsPerEpoch, {
        trainer,
        measured: measured.rate,
      });
      trainer.setLearningRate(rate);
      try {
        await trainer.train();
      } catch (error) {
        // The steps before it are done and belong into the log, unless they cannot be had any more.
        await this.collect(block).catch(() => undefined);
        throw error;
      }
      this.rates.set(trainer.step, rate);
      if (trainer.uncollected < this.blockSteps() && trainer.step < target) continue;
      const before = block;
      block = trainer.collectLosses();
      // If the loop ends with another error before it is awaited, that error is the one to tell.
      block.catch(() => {});
      this.record(await before);
      if (until()) break;
    }
    await this.collect(block);
  }

  /** Logs the steps of a block, and those after it. */
  private async collect(block: Promise<readonly TrainedStep[]>): Promise<void> {
    this.record(await block);
    this.record(await this.options.trainer.collectLosses());
  }

  /** Logs steps, those of a trial before the loop included. */
  record(steps: readonly TrainedStep[]): void {
    if (steps.length === 0) return;
    const { trainer, settings, history, progress } = this.options;
    const now = performance.now();
    if (this.resumedAt !== undefined) this.trainingSeconds += (now - this.resumedAt) / 1000;
    this.resumedAt = now;
    const { step, losses } = steps[steps.length - 1]!;
    this.clock.record(step, now / 1000);
    // Of the first moments the mean, as in the report: better than the rate of losses that came together.
    const measured = this.clock.blocks < FEWEST_BLOCKS ? undefined : this.clock.secondsPerStep();
    const imagesPerSecond = settings.batch / (measured ?? this.trainingSeconds / (step - this.startStep));
    history.addSteps(steps, (step) => ({
      epoch: epochOf(step, trainer.stepsPerEpoch),
      learningRate: this.rates.get(step) ?? settings.learningRate,
      imagesPerSecond,
      seconds: this.seconds,
    }));
    for (const trained of steps) this.rates.delete(trained.step);
    progress.update(step, { losses, imagesPerSecond, epoch: epochOf(step, trainer.stepsPerEpoch), total: this.totalSteps });
    for (const trained of steps) checkFinite(trained, trainer.scheme, settings);
    const warning = warningOf(history, trainer.scheme, settings);
    if (warning !== undefined && !this.saidWatched) {
      this.saidWatched = true;
      progress.note(`note: ${warning}`);
    }
  }

  private blockSteps(): number {
    const perStep = this.clock.secondsPerStep();
    return perStep === undefined ? 1 : Math.min(Math.max(Math.floor(IN_FLIGHT.seconds / 2 / perStep), 1), IN_FLIGHT.mostSteps / 2);
  }
}

/** The epoch of a step, both counted from 1. */
export const epochOf = (step: number, stepsPerEpoch: number): number => Math.floor((step - 1) / stepsPerEpoch) + 1;

/** What the losses of a run say of it, if they say that it goes nowhere. */
export function warningOf(
  { watchedAt }: Pick<LoopHistory, 'watchedAt'>,
  scheme: TrainingScheme,
  settings: RunSettings,
): string | undefined {
  const { watch } = scheme;
  if (watchedAt === undefined || !watch || watch.when?.(settings) === false) return undefined;
  return watch.describe(watchedAt, settings, lowerLearningRate(scheme, settings));
}

/** @throws DIVERGED for losses that say nothing more could be learned */
function checkFinite({ step, losses }: TrainedStep, scheme: TrainingScheme, settings: RunSettings): void {
  const bad = Object.entries(losses).filter(([, loss]) => !Number.isFinite(loss));
  if (bad.length === 0) return;
  const list = (some: readonly [string, number][]): string => some.map(([name, loss]) => `${name} ${loss}`).join(', ');
  throw diverged(
    new ShadegradError('DIVERGED', `The training diverged at step ${step}: ${bad.map(([name]) => name).join(', ')} is not finite`, {
      expected: 'losses that are finite numbers',
      received: list(Object.entries(losses)),
    }),
    scheme,
    settings,
  );
}

/** The same error with what the user of this program can do about it. */
export function diverged(
  { message, expected, received, cause }: ShadegradError,
  scheme: TrainingScheme,
  settings: RunSettings,
): ShadegradError {
  return new ShadegradError('DIVERGED', message.split('\n')[0]!, {
    expected,
    received,
    cause,
    // One seed gives one result: to go on from the last checkpoint would end here again.
    fix:
      `start a new run with a lower learning rate, such as --lr ${lowerLearningRate(scheme, settings)}` +
      `${typeof settings.clipGrad === 'number' ? '' : ', or with --clip-grad 1'}; --debug-nan says where it begins`,
  });
}
