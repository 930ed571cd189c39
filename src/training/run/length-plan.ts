/** What is known when the length of a run of so many minutes is planned. */
export interface PlanFacts {
  step: number;
  secondsPerStep: number;
  /** Until the run should end. */
  secondsLeft: number;
  /** What a validation, with its report and checkpoint, takes; and how many are to come. */
  pauseSeconds: number;
  pauses: number;
}

/**
 * Steps in all that fit. At least twice those done: a run is planned while its learning rate is still that of the first
 * half, so that it is the same run as one of that many steps from the start.
 */
export function planSteps({ step, secondsPerStep, secondsLeft, pauseSeconds, pauses }: PlanFacts): number {
  const steps = step + Math.floor((secondsLeft - pauseSeconds * pauses) / secondsPerStep);
  return Math.max(steps, 2 * (step + 1));
}

/**
 * The length of a run of so many minutes is planned again after these shares of its time, when its speed is known
 * better, and whenever half of its steps are done, if more than so much longer a run would fit.
 */
const PLANS_AGAIN = { shares: [0.15, 0.3, 0.45], longer: 1.1 } as const;

/** Settles how many steps fit into a run of so many minutes; runs of another kind are settled from the start. */
export class LengthPlan {
  private plans = 0;
  private settledNow: boolean;

  /** @param minutes of the run; null for one of so many steps or epochs, and for one that is resumed, whose length stays */
  constructor(private readonly minutes: number | null) {
    this.settledNow = minutes === null;
  }

  /** No more planning: the learning rate falls, and a run of another length would have been another run. */
  get settled(): boolean {
    return this.settledNow;
  }

  /** How often the run has been planned. */
  get count(): number {
    return this.plans;
  }

  /** Whether it is time to plan again. @param seconds since the run began, without those in which it was asked to wait */
  due(step: number, totalSteps: number, seconds: number): boolean {
    if (this.settledNow) return false;
    const share = PLANS_AGAIN.shares[this.plans - 1] ?? Infinity;
    return 2 * step + 1 >= totalSteps || seconds > this.minutes! * 60 * share;
  }

  /** The steps that the run is to have. */
  plan(totalSteps: number, seconds: number, facts: Omit<PlanFacts, 'secondsLeft'>): number {
    if (this.settledNow) return totalSteps;
    const fitting = planSteps({ ...facts, secondsLeft: this.minutes! * 60 - seconds });
    const half = this.plans > 0 && 2 * facts.step + 1 >= totalSteps;
    this.plans++;
    this.settledNow = half && fitting < totalSteps * PLANS_AGAIN.longer;
    return this.settledNow ? totalSteps : fitting;
  }
}
