import { epochPermutation } from '../../../../data/shuffle.js';
import { RandomStream } from '../../../../random.js';
import type { HumanProtocol, PictureSource } from './protocol.js';

/** What all sessions of a study have in common. */
export interface StudyPlan {
  /** Trials with feedback that count for nothing. */
  readonly practice: number;
  readonly trials: number;
  /** Whether a made picture is shown with the real one of another example. */
  readonly unpaired: boolean;
  readonly seed: number;
  /** The names of the made pictures, and of the real ones; those of one example have one name. */
  readonly made: readonly string[];
  readonly real: readonly string[];
}

/** A trial of a session: which pictures are shown, by their places in the lists of names. */
export interface PlannedTrial {
  readonly practice: boolean;
  readonly made: number;
  readonly real: number;
  /** The sources of the pictures from left to right. */
  readonly places: readonly PictureSource[];
}

/** Keep the draws of places, and of real pictures, apart from all others of a seed. */
const PLACES_STREAM = 0x706c6163;
const REAL_SALT = 0x7265616c;

/**
 * The trials of a participant, in their order. They follow from the seed and the participant's number: no picture comes twice, and each
 * participant has an own order and own places.
 */
export function planTrials(protocol: HumanProtocol, plan: StudyPlan, participant: number): PlannedTrial[] {
  const order = [...epochPermutation(plan.made.length, plan.seed, participant)];
  const partners = plan.unpaired ? strangers(plan, order, participant) : order;
  const stream = new RandomStream(plan.seed, PLACES_STREAM, participant);
  return Array.from({ length: plan.practice + plan.trials }, (_, trial) => ({
    practice: trial < plan.practice,
    made: order[trial]!,
    real: partners[trial]!,
    places: placesOf(protocol, stream),
  }));
}

/** A real picture for each made one that is of no example of the same name. */
function strangers({ made, real, seed }: StudyPlan, order: readonly number[], participant: number): number[] {
  const drawn = [...epochPermutation(real.length, (seed ^ REAL_SALT) >>> 0, participant)];
  for (const [at, index] of drawn.entries()) {
    if (at >= order.length || real[index] !== made[order[at]!]) continue;
    // Names are unlike each other: what comes here is no partner, nor is this one where it goes.
    const other = (at + 1) % drawn.length;
    [drawn[at], drawn[other]] = [drawn[other]!, index];
  }
  return drawn;
}

function placesOf({ pictures, shuffled }: HumanProtocol, stream: RandomStream): PictureSource[] {
  const fixed = pictures.filter((picture) => picture.fixed).map(({ source }) => source);
  const places = pictures.filter((picture) => !picture.fixed).map(({ source }) => source);
  if (!shuffled) return [...fixed, ...places];
  for (let last = places.length - 1; last > 0; last--) {
    const other = stream.integer(0, last);
    [places[last], places[other]] = [places[other]!, places[last]!];
  }
  return [...fixed, ...places];
}
