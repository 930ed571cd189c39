/** The value of a flag of a training, as a file for --options has it. */
export type FlagValue = string | number | boolean | readonly string[];

/** Flags of a training and their values. */
export type TrainingFlags = Readonly<Record<string, FlagValue>>;

/** One of the trainings that an experiment compares. */
export interface Setting {
  /** What its runs are called: small letters, digits and dashes. */
  readonly name: string;
  /** What table and figure call it. */
  readonly title: string;
  /** The flags in which it differs from the others. */
  readonly flags: TrainingFlags;
  /** The smallest side of images, in pixels, that it can be trained on; it is left out of an experiment on smaller ones. Default any. */
  readonly smallest?: number;
  /** What was published of it, in the words of `published` of its experiment. */
  readonly published?: string;
}

/** Trainings that are compared with each other. A file of JSON has the same form. */
export interface Experiment {
  /** What the command line calls it: small letters, digits and dashes. */
  readonly name: string;
  /** What it compares, in a line. */
  readonly title: string;
  /** The scheme that all settings are trained by. Default 'pix2pix'. */
  readonly scheme?: string;
  /** Flags of all settings, over which those of a setting and what is typed win. Default none. */
  readonly flags?: TrainingFlags;
  /** The trainings. */
  readonly settings: readonly Setting[];
  /** Names of metrics of `shadegrad evaluate`. Default all that lack nothing. */
  readonly metrics?: readonly string[];
  /** Pictures that are made of each input, to measure how they differ. Default 1. */
  readonly samples?: number;
  /** The heading of what was published of the settings, where anything was. */
  readonly published?: string;
}
