import { linearDecay } from '../optim/schedule.js';
import { constant, cosine, step } from '../optim/schedules.js';

/** What a policy computes the rate of a step from. */
export interface RateContext {
  /** The rate that the run began with. */
  readonly base: number;
  /** How far the run is: in epochs where it is of so many epochs, else in steps. */
  readonly at: number;
  /** How long it is, in the same unit. */
  readonly length: number;
  /** The epoch of the step, from 0, in whatever unit the run is. */
  readonly epoch: number;
  /** The last epochs of the run, of which the policy has its own opinion; null where nobody has said how many. */
  readonly falling: number | null;
  /** The epochs between two falls; null where nobody has said. */
  readonly every: number | null;
  /** What a fall multiplies the rate with; null where nobody has said. */
  readonly factor: number | null;
  /** The rate that measurements have left so far; the first one where none has changed it. */
  readonly measured: number;
}

/** The options that a policy may take beside its name. */
export type RateOption = 'epochsDecay' | 'lrDecayIters' | 'lrDecayFactor';

/** How the learning rate of a run changes: a row of RATE_POLICIES. */
export interface RatePolicy {
  /** The rate of a step. */
  rate(context: RateContext): number;
  /** What it takes. */
  readonly takes: readonly RateOption[];
  /** What its options are where nobody has said. @param length of the run, in the unit of its options; null where that is not known */
  usual?(length: number | null): Partial<Readonly<Record<RateOption, number>>>;
  /** Whether it has to know from the first step on how long the run is. */
  readonly needsLength?: boolean;
  /** Of one that follows what is measured: what ReduceOnPlateau is to do where no flag says otherwise. */
  readonly plateau?: { readonly factor: number; readonly patience: number; readonly threshold: number };
}

/** Epochs between two falls, and what one multiplies the rate with, where nobody has said. */
const STEP = { every: 50, gamma: 0.1 } as const;

/** The policies by the names that pytorch-CycleGAN-and-pix2pix has for them (`--lr_policy`), with its numbers; constant is none of its. */
export const RATE_POLICIES = {
  linear: {
    rate: ({ base, at, length, falling }) => linearDecay({ base, epoch: at, epochs: length, ...(falling !== null && { falling }) }),
    takes: ['epochsDecay'],
    usual: (length) => (length === null ? {} : { epochsDecay: Math.floor(length / 2) }),
  },
  step: {
    rate: ({ base, epoch, every, factor }) => step({ every: every ?? STEP.every, gamma: factor ?? STEP.gamma })(epoch, base),
    takes: ['lrDecayIters', 'lrDecayFactor'],
    usual: () => ({ lrDecayIters: STEP.every, lrDecayFactor: STEP.gamma }),
  },
  plateau: {
    rate: ({ measured }) => measured,
    takes: ['lrDecayFactor'],
    usual: () => ({ lrDecayFactor: 0.2 }),
    plateau: { factor: 0.2, patience: 5, threshold: 0.01 },
  },
  /** At 0 where the last epochs begin; in these it rises again, as CosineAnnealingLR does after its last one. */
  cosine: {
    rate: ({ base, at, length, falling }) => cosine({ steps: length - (falling ?? 0) })(at, base),
    takes: ['epochsDecay'],
    usual: () => ({ epochsDecay: 0 }),
    needsLength: true,
  },
  constant: { rate: ({ base, at }) => constant()(at, base), takes: [] },
} as const satisfies Record<string, RatePolicy>;

/** The name of a policy. */
export type RatePolicyName = keyof typeof RATE_POLICIES;

/** The policy of a name; without one, linear. */
export const ratePolicy = (name: string | null): RatePolicy =>
  (RATE_POLICIES as Readonly<Record<string, RatePolicy>>)[name ?? 'linear'] ?? RATE_POLICIES.linear;
