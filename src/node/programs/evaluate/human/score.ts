import { summarizeValues, type Summary } from '../../../../training/evaluation/statistics.js';
import type { HumanProtocol, HumanValue } from './protocol.js';
import type { Session } from './sessions.js';

/** What to count, and what random draws follow from. */
export interface ScoreOptions {
  readonly practice: number;
  readonly trials: number;
  /** Whether sessions that were not finished count, as far as they go. */
  readonly incomplete: boolean;
  readonly seed: number;
}

/** A value over all that counts. */
export interface ScoredValue extends HumanValue {
  readonly name: string;
  /** Over all trials, whosoever they are. */
  readonly trials: Summary;
  /** Over the means of the participants: its interval is of other people, too, and not of other trials alone. */
  readonly participants: Summary;
  /** Of a value that guessing has a share of: the probability, over all trials, of one as far from that share by guessing alone. */
  readonly byChance?: number;
}

/** What people said. */
export interface HumanScore {
  readonly protocol: string;
  /** Sessions that were begun, finished and counted. */
  readonly joined: number;
  readonly finished: number;
  readonly counted: number;
  /** Those that were not finished, with what they have answered of the trials that count. */
  readonly incomplete: readonly { readonly participant: number; readonly answered: number }[];
  readonly values: readonly ScoredValue[];
}

/** Whether a session has come to its end. */
export const isFinished = ({ answers }: Session, { practice, trials }: Pick<ScoreOptions, 'practice' | 'trials'>): boolean =>
  answers.length >= practice + trials;

/** Summarizes the answers of sessions. Those of practice trials never count. */
export function scoreSessions(protocol: HumanProtocol, sessions: readonly Session[], options: ScoreOptions): HumanScore {
  const { incomplete, seed } = options;
  const real = (session: Session): Session['answers'] => session.answers.filter(({ practice }) => !practice);
  const finished = sessions.filter((session) => isFinished(session, options));
  const counted = sessions.filter((session) => isFinished(session, options) || (incomplete && real(session).length > 0));
  const measured = counted.map((session) => real(session).map(({ answer }) => protocol.measure(answer)));
  const names = Object.keys(protocol.values);
  const factorOf = (name: string): number => protocol.values[name]!.factor ?? 1;
  const values = (some: readonly Readonly<Record<string, number>>[], name: string): number[] =>
    some.map((each) => each[name]! * factorOf(name));
  const meanOf = (some: readonly number[]): number => sum(some) / some.length;
  const columns = (of: (name: string) => number[]): Record<string, Summary> =>
    summarizeValues(Object.fromEntries(names.map((name) => [name, of(name)])), seed);
  const trials = columns((name) => values(measured.flat(), name));
  const participants = columns((name) => measured.map((each) => meanOf(values(each, name))));
  return {
    ...{ protocol: protocol.name, joined: sessions.length, finished: finished.length, counted: counted.length },
    incomplete: sessions
      .filter((session) => !isFinished(session, options))
      .map((session) => ({ participant: session.participant, answered: real(session).length })),
    values: names.map((name): ScoredValue => {
      const value = protocol.values[name]!;
      const ones = measured.flat().map((each) => each[name]!);
      return {
        ...{ ...value, name, trials: trials[name]!, participants: participants[name]! },
        ...(value.chance !== undefined && { byChance: binomialTest(sum(ones), ones.length, value.chance) }),
      };
    }),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * The exact binomial test, two-sided: the probability of a count that is as unlikely as this one, or less likely, where each of so many
 * trials counts with a given probability. NaN of no trials.
 *
 * @param share the probability, between 0 and 1
 */
export function binomialTest(count: number, trials: number, share: number): number {
  if (trials === 0) return NaN;
  let logOfChoices = 0;
  const logs = Array.from({ length: trials + 1 }, (_, at) => {
    if (at > 0) logOfChoices += Math.log((trials - at + 1) / at);
    return logOfChoices + at * Math.log(share) + (trials - at) * Math.log(1 - share);
  });
  // Counts that are equally likely differ in their last digits.
  const limit = logs[count]! + 1e-7;
  return Math.min(1, sum(logs.filter((log) => log <= limit).map(Math.exp)));
}
