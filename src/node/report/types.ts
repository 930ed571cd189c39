import type { RgbImage } from '../../data/image.js';
import type { ImageMetrics } from '../../training/metrics.js';
import type { StepLosses } from '../../training/pix2pix-step.js';

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
  /** The losses of some steps, in their order. */
  losses: readonly ({ step: number } & StepLosses)[];
  /** What the reader should know of the losses, in sentences. */
  warnings?: readonly string[];
  /** What the generator made of `inputs` at a step, in their order. Images must not change once they are in a report. */
  snapshots: { step: number; outputs: RgbImage[] }[];
  /** The validation images that are translated for the page. */
  inputs: RgbImage[];
  /** What they should become. */
  targets: RgbImage[];
  /** What the page calls them. */
  names: string[];
  /** The measures on the validation set after some steps, in their order. */
  metrics: readonly ({ step: number } & ImageMetrics)[];
  /** What a predictor that learns nothing of the input scores, such as the mean photo. */
  baseline?: { name: string } & ImageMetrics;
}
