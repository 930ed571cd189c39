import { ShadegradError } from '../errors.js';
import { whole, type OptionRow } from '../training/option-table.js';
import { OBJECTIVES, type Objective, type ObjectiveName } from './objectives.js';

/** Options of schemes that train a discriminator against a generator. */
export interface AdversarialOptions {
  /** Steps of the discriminator for each one of the generator. Default 1. */
  dSteps?: number;
  /** By how much less than 1 the discriminator is to say of real samples, from 0 to below 1. Default 0. */
  labelSmoothing?: number;
}

/** The rows of these options. */
export const ADVERSARIAL_ROWS: Readonly<Record<keyof AdversarialOptions, OptionRow>> = {
  dSteps: {
    default: 1,
    fits: whole(1, 1000),
    expected: 'a whole number of steps from 1 to 1000',
    fix: 'leave it out for 1',
    flag: {
      group: 'Training',
      type: 'integer',
      min: 1,
      max: 1000,
      description: 'steps of the discriminator for each one of the generator, each with images of its own; 1',
    },
  },
  labelSmoothing: {
    default: 0,
    fits: (value) => typeof value === 'number' && value >= 0 && value < 1,
    expected: 'a number from 0 to below 1',
    fix: 'leave it out for 0; 0.1 is usual',
    flag: {
      group: 'Training',
      type: 'number',
      min: 0,
      max: 0.999,
      description: 'let the discriminator say so much less than 1 of real images, with --gan-mode vanilla or lsgan; 0',
    },
  },
};

/** The kinds of steps: of the discriminator alone, or of the generator, too. */
export const STEP_KINDS = { discriminator: 'discriminator', both: 'both' } as const;

/** The kind of a step. */
export const stepKind = (step: number, { dSteps = 1 }: AdversarialOptions): string =>
  (step + 1) % dSteps === 0 ? STEP_KINDS.both : STEP_KINDS.discriminator;

/** The objective of a scheme's options, real samples smoothed as they say. */
export function adversarialObjective({
  ganMode = 'vanilla',
  labelSmoothing = 0,
}: AdversarialOptions & { readonly ganMode?: ObjectiveName }): Objective {
  const objective: Objective = OBJECTIVES[ganMode];
  const { towards } = objective;
  return labelSmoothing > 0 && towards ? { ...objective, real: (logits) => towards(logits, 1 - labelSmoothing) } : objective;
}

/** @throws INVALID_ARGUMENT for smoothed labels where an objective has none */
export function expectSmoothing<O extends AdversarialOptions & { readonly ganMode?: ObjectiveName }>(options: O): O {
  const { ganMode = 'vanilla', labelSmoothing = 0 } = options;
  if (labelSmoothing === 0 || (OBJECTIVES[ganMode] as Objective).towards) return options;
  throw new ShadegradError('INVALID_ARGUMENT', 'labelSmoothing of the training', {
    expected: '0, or an objective with numbers that the discriminator is to say: ganMode vanilla or lsgan',
    received: `labelSmoothing ${labelSmoothing}, ganMode ${ganMode}`,
    fix: 'leave labelSmoothing out, or choose another ganMode',
  });
}

/** A number among options of a run that is 1 where nothing is said. */
const oneOr = (value: unknown): number => (typeof value === 'number' ? value : 1);

/**
 * How often a discriminator runs forward for each of its steps, as PyTorch's num_batches_tracked counts: for each part of a batch.
 *
 * @param own in each step: of real samples, of generated ones, of mixtures
 * @param ofGenerator in each step of the generator
 */
export const forwardsOfDiscriminator = (own: number, { dSteps, accumulate }: Readonly<Record<string, unknown>>, ofGenerator = 1): number =>
  (own + ofGenerator / oneOr(dSteps)) * oneOr(accumulate);

/**
 * Likewise a generator.
 *
 * @param own in each step
 * @param again whether it runs again in its own turn where a batch has several parts
 */
export const forwardsOfGenerator = (
  own: number,
  { dSteps, accumulate }: Readonly<Record<string, unknown>>,
  again: 'again' | 'once' = 'once',
): number => {
  const parts = oneOr(accumulate);
  return parts * (own * oneOr(dSteps) + (again === 'again' && parts > 1 ? 1 : 0));
};
