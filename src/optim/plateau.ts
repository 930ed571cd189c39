import { ShadegradError } from '../errors.js';
import { expectOptions } from '../checks.js';

/** Options of a ReduceOnPlateau: what an improvement is, and what follows when there is none. */
export interface PlateauOptions {
  /** Whether a smaller or a larger metric is better. Default 'min'. */
  mode?: 'min' | 'max';
  /** What rates are multiplied with, above 0 and below 1. Default 0.1. */
  factor?: number;
  /** Calls without an improvement that are let pass. Default 10. */
  patience?: number;
  /** How much better a metric must be to count as an improvement. Default 1e-4. */
  threshold?: number;
  /** What the threshold is: a part of the best metric ('relative'), or a difference from it. Default 'relative'. */
  thresholdMode?: 'relative' | 'absolute';
  /** Calls after a reduction in which none is counted. Default 0. */
  cooldown?: number;
  /** Rates are not reduced below it. Default 0. */
  minimum?: number;
  /** Reductions by no more than this are left out. Default 1e-8. */
  epsilon?: number;
}

const PLATEAU_OPTIONS = ['mode', 'factor', 'patience', 'threshold', 'thresholdMode', 'cooldown', 'minimum', 'epsilon'] as const;

/** What has rates to be reduced: an optimiser. */
export interface PlateauTarget {
  /** The groups, each with its rate. */
  readonly groups: readonly { learningRate: number }[];
}

/** What the schedule has seen; JSON keeps it. */
export interface PlateauState {
  /** The best metric, infinities as text; null before the first. */
  readonly best: number | 'Infinity' | '-Infinity' | null;
  /** Calls since then. */
  readonly badCalls: number;
  /** Calls left in which none is counted. */
  readonly cooldownLeft: number;
}

/**
 * Reduces an optimiser's learning rates when a metric has stopped improving, as torch.optim.lr_scheduler.ReduceLROnPlateau. Its
 * state is to be saved beside the optimiser's, which holds the rates.
 */
export class ReduceOnPlateau {
  private readonly options: Required<PlateauOptions>;
  private seen = { best: null as number | null, badCalls: 0, cooldownLeft: 0 };

  /** Makes a schedule for the rates of an optimiser. @throws INVALID_ARGUMENT for options that cannot work */
  constructor(
    private readonly optimizer: PlateauTarget,
    options: PlateauOptions = {},
  ) {
    const {
      mode = 'min',
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = 'relative',
      cooldown = 0,
      minimum = 0,
      epsilon = 1e-8,
    } = expectOptions('ReduceOnPlateau', options, PLATEAU_OPTIONS);
    const check = (name: string, valid: boolean, expected: string, received: unknown): void => {
      if (!valid) throw wrong(`${name} of ReduceOnPlateau`, expected, received);
    };
    check('mode', mode === 'min' || mode === 'max', '"min" or "max"', mode);
    check('thresholdMode', thresholdMode === 'relative' || thresholdMode === 'absolute', '"relative" or "absolute"', thresholdMode);
    check('factor', factor > 0 && factor < 1, 'a number above 0 and below 1', factor);
    for (const [name, count] of Object.entries({ patience, cooldown })) check(name, isCount(count), 'a whole number of at least 0', count);
    for (const [name, value] of Object.entries({ threshold, minimum, epsilon })) {
      check(name, Number.isFinite(value) && value >= 0, 'a finite number of at least 0', value);
    }
    this.options = { mode, factor, patience, threshold, thresholdMode, cooldown, minimum, epsilon };
  }

  /**
   * Takes a metric, such as the validation loss of an epoch, and reduces the rates if it is time. NaN is no improvement.
   * @returns whether the rates were reduced
   * @throws INVALID_ARGUMENT unless it is a number
   */
  step(metric: number): boolean {
    if (typeof metric !== 'number') throw wrong('metric of ReduceOnPlateau', 'a number', metric);
    const { factor, patience, cooldown, minimum, epsilon } = this.options;
    let { best, badCalls, cooldownLeft } = this.seen;
    if (this.isBetter(metric, best)) [best, badCalls] = [metric, 0];
    else badCalls++;
    if (cooldownLeft > 0) [cooldownLeft, badCalls] = [cooldownLeft - 1, 0];
    const reduces = badCalls > patience;
    if (reduces) {
      [cooldownLeft, badCalls] = [cooldown, 0];
      for (const group of this.optimizer.groups) {
        const rate = Math.max(group.learningRate * factor, minimum);
        if (group.learningRate - rate > epsilon) group.learningRate = rate;
      }
    }
    this.seen = { best, badCalls, cooldownLeft };
    return reduces;
  }

  private isBetter(metric: number, best: number | null): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    if (best === null) return !Number.isNaN(metric);
    const sign = mode === 'min' ? -1 : 1;
    const bar = thresholdMode === 'relative' ? best * (1 + sign * threshold) : best + sign * threshold;
    return sign * metric > sign * bar;
  }

  /** What is to be saved. */
  state(): PlateauState {
    const { best, ...counts } = this.seen;
    return { best: best === null || Number.isFinite(best) ? best : best > 0 ? 'Infinity' : '-Infinity', ...counts };
  }

  /** Goes on from what state() returned. @throws INVALID_ARGUMENT for no such state */
  loadState(state: PlateauState): void {
    const { best, badCalls, cooldownLeft } = state;
    const known = best === null || Number.isFinite(best) || best === 'Infinity' || best === '-Infinity';
    if (!(known && isCount(badCalls) && isCount(cooldownLeft))) {
      throw wrong('state of ReduceOnPlateau', 'what state() returned', JSON.stringify(state));
    }
    this.seen = { best: best === null ? null : Number(best), badCalls, cooldownLeft };
  }
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

function wrong(what: string, expected: string, received: unknown): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', what, {
    expected,
    received: String(received),
    fix: 'leave options out for the defaults of PyTorch, and pass one number a call',
  });
}
