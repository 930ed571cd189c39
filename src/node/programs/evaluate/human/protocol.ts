/** Which picture of an example is shown: the one that was made, the real one, or what was given. */
export type PictureSource = 'made' | 'real' | 'input';

/** A picture that a trial shows. */
export interface ShownPicture {
  readonly source: PictureSource;
  /** What stands above it. Where pictures are to be told apart, none. */
  readonly caption?: string;
  /** Whether it keeps its place, before the others, and is nothing to choose. Default false. */
  readonly fixed?: boolean;
}

/** A question whose answer is one of the pictures shown. */
export interface PictureQuestion {
  readonly kind: 'picture';
  /** What answers call it. Never changed. */
  readonly name: string;
  readonly text: string;
}

/** A question whose answer is a whole number. */
export interface ScaleQuestion {
  readonly kind: 'scale';
  /** What answers call it. Never changed. */
  readonly name: string;
  readonly text: string;
  readonly least: number;
  readonly most: number;
  /** What the least means, and the most. */
  readonly low: string;
  readonly high: string;
}

/** What a participant is asked in each trial. */
export type HumanQuestion = PictureQuestion | ScaleQuestion;

/** The answers to the questions of a trial, by their names: the source of a picture, or a number. */
export type TrialAnswer = Readonly<Record<string, PictureSource | number>>;

/** A value that is made of answers. */
export interface HumanValue {
  readonly label: string;
  readonly unit?: string;
  /** What values are multiplied by where they are summarized, such as 100 for percent. Default 1. */
  readonly factor?: number;
  /** Of a value that is 0 or 1, how often it is 1 where people guess: results say whether it differs from that by more than chance. */
  readonly chance?: number;
}

/** What a trial of a protocol is like unless flags say otherwise. */
export interface TrialDefaults {
  /** Trials with feedback that count for nothing, before the others. */
  readonly practice: number;
  readonly trials: number;
  /** Seconds for which pictures are shown; 0 where they stay. */
  readonly exposure: number;
}

/**
 * A protocol by which people judge pictures: a file, and a row of the table in registry.ts. Server, page, scoring and results work from
 * what stands here, and name no protocol.
 */
export interface HumanProtocol {
  /** What --protocol and results call it. Never changed. */
  readonly name: string;
  /** What it is, for the help, from the name on. */
  readonly description: string;
  /** The heading of its page. */
  readonly title: string;
  /** What participants read before the first trial, a paragraph each. */
  introduction(how: TrialDefaults): readonly string[];
  /** What each trial shows, from left to right. */
  readonly pictures: readonly ShownPicture[];
  /** Whether the places of the pictures, but for fixed ones, are drawn anew for each trial. */
  readonly shuffled: boolean;
  readonly defaults: TrialDefaults;
  readonly questions: readonly HumanQuestion[];
  /** What is summarized, by the names that measure() gives. */
  readonly values: Readonly<Record<string, HumanValue>>;
  /** The values of an answer. */
  measure(answer: TrialAnswer): Readonly<Record<string, number>>;
  /** What a practice trial says to an answer. Left out where no answer is wrong. */
  feedback?(answer: TrialAnswer): { readonly right: boolean; readonly text: string };
}
