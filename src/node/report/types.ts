import type { Finding } from '../../training/diagnoses/diagnosis.js';
import type { Baseline, SchemeLoss, SchemeMetric } from '../../training/scheme.js';
import type { MeasuredStep, PictureSet, Snapshot } from '../../training/run/pictures.js';
import type { TrainedStep } from '../../training/trainer.js';

export type { MeasuredStep, PictureSet, Snapshot };

/** A report of a training run: everything that its page shows. */
export interface TrainingReport {
  /** The heading of the page. */
  title: string;
  /** The command line that makes this run again. */
  command: string;
  /** The options of the run by name. */
  settings: Record<string, string | number | boolean>;
  /** The adapter that it ran on. */
  adapter: { name: string; driver: string; backend: string; software: boolean };
  /** The version of this library. */
  version: string;
  /** When the run began, in ISO 8601. */
  startedAt: string;
  /** Whether the run goes on, has ended, or was stopped. */
  state: 'running' | 'finished' | 'interrupted';
  /** Steps done, of `totalSteps`. */
  steps: number;
  /** The steps of the whole run. */
  totalSteps: number;
  /** The images that the networks have been trained on, repeats included. */
  imagesSeen: number;
  /** The training time, as far as it is known. */
  seconds: number;
  /** Images of the steps whose time is in `seconds`; all that were seen unless given. */
  imagesTimed?: number;
  /** The most GPU memory that was in use at once. */
  peakBytes: number;
  /** The losses by name: what the page calls each, and where it draws it. */
  lossRows: Readonly<Record<string, SchemeLoss>>;
  /** The losses of some steps, in their order. */
  losses: readonly TrainedStep[];
  /** What the reader should know of the losses, in sentences. */
  warnings?: readonly string[];
  /** The troubles that were found. */
  findings?: readonly Finding[];
  /** What the page calls the samples. */
  names: readonly string[];
  /** What the networks are given, such as the images that are translated. */
  given: readonly PictureSet[];
  /** The headings of what they make. */
  made: readonly string[];
  /** What would be right. */
  wanted: readonly PictureSet[];
  /** What the networks made of the samples, in their order. */
  snapshots: readonly Snapshot[];
  /** The metrics by name: what the page calls each. It draws the first. */
  metricRows: Readonly<Record<string, SchemeMetric>>;
  /** The measures on the validation set after some steps, in their order. */
  metrics: readonly MeasuredStep[];
  /** What a predictor that learns nothing of the input scores, such as the mean photo. */
  baseline?: Baseline;
}
