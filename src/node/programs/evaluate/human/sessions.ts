import type { PictureSource, TrialAnswer } from './protocol.js';

/** Somebody has begun a session. */
export interface JoinedEvent {
  readonly event: 'joined';
  readonly participant: number;
  /** The SHA-256 of the secret by which the page of the participant is known again. */
  readonly key: string;
  readonly at: string;
}

/** The pictures of a trial were shown. */
export interface ShownEvent {
  readonly event: 'shown';
  readonly participant: number;
  readonly trial: number;
  readonly at: string;
}

/** A trial was answered. */
export interface AnsweredEvent {
  readonly event: 'answered';
  readonly participant: number;
  /** From 0 on, those of practice among them. */
  readonly trial: number;
  readonly practice: boolean;
  /** The names of the pictures. */
  readonly made: string;
  readonly real: string;
  readonly places: readonly PictureSource[];
  readonly answer: TrialAnswer;
  /** Milliseconds for which the pictures were to be seen, and from their end, or where they stay from their beginning, to the answer. */
  readonly exposed: number;
  readonly thought: number;
  readonly at: string;
}

/** A line of the file of answers. */
export type SessionEvent = JoinedEvent | ShownEvent | AnsweredEvent;

/** A participant and what is known of the session. */
export interface Session {
  readonly participant: number;
  readonly key: string;
  readonly joinedAt: string;
  readonly answers: readonly (AnsweredEvent & { readonly shown: number })[];
  /** How often the pictures of the trial at hand were shown: more than once after the page was loaded again. */
  readonly shown: number;
}

/** The sessions of a study, as the events say one after the other. */
export class Sessions {
  readonly #all: Session[] = [];
  readonly #byKey = new Map<string, Session>();

  /** All of them, in the order in which they began. */
  get all(): readonly Session[] {
    return this.#all;
  }

  /** The session of a key; undefined where nobody has it. */
  ofKey(key: string): Session | undefined {
    return this.#byKey.get(key);
  }

  /** Whether an event can follow on those before it: numbers go up by one, each trial is answered once and in its turn. */
  fits(event: SessionEvent): boolean {
    if (event.event === 'joined') {
      return event.participant === this.#all.length + 1 && typeof event.key === 'string' && !this.#byKey.has(event.key);
    }
    if (event.event !== 'shown' && !isAnswered(event)) return false;
    const session = this.#all[event.participant - 1];
    return session !== undefined && event.trial === session.answers.length;
  }

  /** Takes an event that fits. */
  apply(event: SessionEvent): void {
    if (event.event === 'joined') {
      const { participant, key, at } = event;
      return this.#keep({ participant, key, joinedAt: at, answers: [], shown: 0 });
    }
    const session = this.#all[event.participant - 1]!;
    if (event.event === 'shown') return this.#keep({ ...session, shown: session.shown + 1 });
    this.#keep({ ...session, answers: [...session.answers, { ...event, shown: session.shown }], shown: 0 });
  }

  #keep(session: Session): void {
    this.#all[session.participant - 1] = session;
    this.#byKey.set(session.key, session);
  }
}

/** Whether what a file says is an answer, with all that results are made of. */
function isAnswered({ event, practice, made, real, places, answer, exposed, thought }: AnsweredEvent): boolean {
  const texts = [made, real].every((name) => typeof name === 'string') && Array.isArray(places);
  const numbers = [exposed, thought].every(Number.isFinite);
  return event === 'answered' && typeof practice === 'boolean' && texts && numbers && typeof answer === 'object' && answer !== null;
}
