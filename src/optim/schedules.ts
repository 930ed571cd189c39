// Learning rates as functions of the step (or the epoch) alone, so that a run that goes on needs no state of them.
// The formulas are those of torch.optim.lr_scheduler.

import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import type { Optimizer } from './optimizer.js';

/**
 * The learning rate at a step.
 * @param step from 0; an epoch, if the schedule is meant in epochs
 * @param base the rate that a parameter group began with
 */
export type Schedule = (step: number, base: number) => number;

/**
 * Sets the learning rate of every parameter group to what a schedule says for a step; recorded steps follow.
 * @param step from 0: the one about to be made; an epoch, if the schedule is meant in epochs
 * @throws INVALID_ARGUMENT for a step that is no number of at least 0, and for a schedule that gives no rate
 */
export function applySchedule(optimizer: Optimizer<any>, schedule: Schedule, step: number): void {
  if (!(Number.isFinite(step) && step >= 0)) throw wrong('the step of a schedule', 'a finite number of at least 0', step);
  const rates = optimizer.groups.map(({ initialLearningRate }) => schedule(step, initialLearningRate));
  for (const rate of rates) {
    if (Number.isFinite(rate) && rate >= 0) continue;
    throw wrong(`what a schedule gives for step ${step}`, 'a finite learning rate of at least 0', rate);
  }
  optimizer.groups.forEach((group, index) => (group.learningRate = rates[index]!));
}

/** A schedule that multiplies the rate by `factor` for the first `steps` steps: by default nothing changes. As ConstantLR. */
export function constant(options: { factor?: number; steps?: number } = {}): Schedule {
  const { factor = 1, steps = Infinity } = expectOptions('a constant schedule', options, ['factor', 'steps']);
  expectAtLeast('factor of a constant schedule', factor, 0);
  if (steps !== Infinity) expectAtLeast('steps of a constant schedule', steps, 0);
  return (step, base) => (step < steps ? base * factor : base);
}

/** A straight line from startFactor times the rate to endFactor times the rate in `steps` steps; level after that. As LinearLR. */
export function linear(options: { steps: number; startFactor?: number; endFactor?: number }): Schedule {
  const {
    steps,
    startFactor = 1,
    endFactor = 0,
  } = expectOptions('a linear schedule', options, ['steps', 'startFactor', 'endFactor'], { required: ['steps'] });
  expectSteps('steps of a linear schedule', steps);
  expectAtLeast('startFactor of a linear schedule', startFactor, 0);
  expectAtLeast('endFactor of a linear schedule', endFactor, 0);
  return (step, base) => base * (startFactor + ((endFactor - startFactor) * Math.min(steps, step)) / steps);
}

/** A schedule that multiplies the rate by `gamma` every `every` steps. As StepLR. */
export function step(options: { every: number; gamma?: number }): Schedule {
  const { every, gamma = 0.1 } = expectOptions('a step schedule', options, ['every', 'gamma'], { required: ['every'] });
  expectSteps('every of a step schedule', every);
  expectAtLeast('gamma of a step schedule', gamma, 0);
  return (at, base) => base * gamma ** Math.floor(at / every);
}

/** A schedule that multiplies the rate by `gamma` at each milestone. As MultiStepLR. @param options.milestones ascending */
export function multiStep(options: { milestones: readonly number[]; gamma?: number }): Schedule {
  const { milestones, gamma = 0.1 } = expectOptions('a multi-step schedule', options, ['milestones', 'gamma'], {
    required: ['milestones'],
  });
  expectAscending('milestones of a multi-step schedule', milestones);
  expectAtLeast('gamma of a multi-step schedule', gamma, 0);
  const own = [...milestones];
  return (at, base) => base * gamma ** passed(own, at);
}

/** A schedule that multiplies the rate by `gamma` at every step. As ExponentialLR. */
export function exponential(options: { gamma: number }): Schedule {
  const { gamma } = expectOptions('an exponential schedule', options, ['gamma'], { required: ['gamma'] });
  expectAtLeast('gamma of an exponential schedule', gamma, 0);
  return (at, base) => base * gamma ** at;
}

/**
 * Half a cosine from the rate down to `minimum` in `steps` steps. As CosineAnnealingLR: after that it rises again.
 * @param options.minimum a learning rate, the same for all groups
 */
export function cosine(options: { steps: number; minimum?: number }): Schedule {
  const { steps, minimum = 0 } = expectOptions('a cosine schedule', options, ['steps', 'minimum'], { required: ['steps'] });
  expectSteps('steps of a cosine schedule', steps);
  expectAtLeast('minimum of a cosine schedule', minimum, 0);
  return (at, base) => annealed(base, minimum, at / steps);
}

/**
 * Half a cosine from the rate down to `minimum`, begun anew after `steps` steps, then after `factor` times as many, and so on.
 * As CosineAnnealingWarmRestarts.
 */
export function cosineRestarts(options: { steps: number; factor?: number; minimum?: number }): Schedule {
  const {
    steps,
    factor = 1,
    minimum = 0,
  } = expectOptions('a schedule of cosines with restarts', options, ['steps', 'factor', 'minimum'], { required: ['steps'] });
  expectSteps('steps of a schedule with restarts', steps);
  if (!(Number.isInteger(factor) && factor >= 1)) throw wrong('factor of a schedule with restarts', 'a whole number of at least 1', factor);
  expectAtLeast('minimum of a schedule with restarts', minimum, 0);
  return (at, base) => {
    let [start, length] = [0, steps];
    if (factor === 1) start = Math.floor(at / steps) * steps;
    else for (; at >= start + length; length *= factor) start += length;
    return annealed(base, minimum, (at - start) / length);
  };
}

/** A schedule of (1 - step / steps)^power: from the rate to 0 in `steps` steps. As PolynomialLR. */
export function polynomial(options: { steps: number; power?: number }): Schedule {
  const { steps, power = 1 } = expectOptions('a polynomial schedule', options, ['steps', 'power'], { required: ['steps'] });
  expectSteps('steps of a polynomial schedule', steps);
  expectAtLeast('power of a polynomial schedule', power, 0);
  return (at, base) => base * (1 - Math.min(steps, at) / steps) ** power;
}

/**
 * A straight line from startFactor times the rate up to the rate in `steps` steps, and `then` another schedule from its
 * beginning. As SequentialLR of a LinearLR and the other.
 */
export function warmUp(options: { steps: number; startFactor?: number; then?: Schedule }): Schedule {
  const {
    steps,
    startFactor = 0.01,
    then = constant(),
  } = expectOptions('a warm-up', options, ['steps', 'startFactor', 'then'], { required: ['steps'] });
  return sequence([linear({ steps, startFactor, endFactor: 1 }), then], [steps]);
}

/** Schedules one after another, each from its beginning. As SequentialLR. @param milestones ascending: where all but the first begin */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  expectAscending('milestones of a sequence of schedules', milestones);
  if (schedules.length === 0 || milestones.length !== schedules.length - 1) {
    throw wrong('milestones of a sequence of schedules', `one less than the ${schedules.length} schedules`, milestones.length);
  }
  const [own, starts] = [[...schedules], [0, ...milestones]];
  return (at, base) => {
    const index = passed(starts, at) - 1;
    return own[index]!(at - starts[index]!, base);
  };
}

const annealed = (base: number, minimum: number, progress: number): number =>
  minimum + ((base - minimum) * (1 + Math.cos(Math.PI * progress))) / 2;

/** How many of the milestones a step has reached. */
const passed = (milestones: readonly number[], at: number): number => milestones.filter((milestone) => milestone <= at).length;

function expectAtLeast(what: string, value: number, least: number): void {
  if (!(Number.isFinite(value) && value >= least)) throw wrong(what, `a finite number of at least ${least}`, value);
}

function expectSteps(what: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) throw wrong(what, 'a whole number of at least 1', value);
}

function expectAscending(what: string, milestones: readonly number[]): void {
  const ascending = milestones.every((each, index) => Number.isFinite(each) && each >= (milestones[index - 1] ?? 0));
  if (!ascending) throw wrong(what, 'numbers of at least 0 in ascending order', milestones.join(', '));
}

function wrong(what: string, expected: string, received: number | string): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', what, { expected, received: String(received), fix: 'check what it was computed from' });
}
