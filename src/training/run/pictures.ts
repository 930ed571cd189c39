import type { RgbImage } from '../../data/image.js';

/** A column of the pictures of a run that training does not change. */
export interface PictureSet {
  /** The heading. */
  readonly title: string;
  /** A picture for each sample. */
  readonly images: readonly RgbImage[];
}

/** What the networks made of the samples at a step. */
export interface Snapshot {
  /** The number of the step. */
  readonly step: number;
  /** For each sample a picture of each column. Images must not change once they are in a report. */
  readonly outputs: readonly (readonly RgbImage[])[];
}

/** The measures on the validation set at a step. */
export interface MeasuredStep {
  /** The number of the step. */
  readonly step: number;
  /** The value of each metric. */
  readonly metrics: Readonly<Record<string, number>>;
}
