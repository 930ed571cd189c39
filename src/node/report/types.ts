import type { RgbImage } from '../../data/image.js';
import type { ImageMetrics } from '../../training/metrics.js';
import type { StepLosses } from '../../training/pix2pix-step.js';

/** Everything the report page shows. */
export interface TrainingReport {
  title: string;
  /** The command line that makes this run again. */
  command: string;
  settings: Record<string, string | number | boolean>;
  adapter: { name: string; driver: string; backend: string; software: boolean };
  /** Of this library. */
  version: string;
  /** ISO 8601. */
  startedAt: string;
  state: 'running' | 'finished' | 'interrupted';
  /** Steps done, of `totalSteps`. */
  steps: number;
  totalSteps: number;
  imagesSeen: number;
  /** Training time, as far as it is known. */
  seconds: number;
  /** Images of the steps whose time is in `seconds`; all that were seen unless given. */
  imagesTimed?: number;
  /** The most GPU memory that was in use at once. */
  peakBytes: number;
  losses: readonly ({ step: number } & StepLosses)[];
  /** What the reader should know of the losses, in sentences. */
  warnings?: readonly string[];
  /** What the generator made of `inputs` at a step, in their order. Images must not change once they are in a report. */
  snapshots: { step: number; outputs: RgbImage[] }[];
  inputs: RgbImage[];
  targets: RgbImage[];
  names: string[];
  /** On the validation set. */
  metrics: readonly ({ step: number } & ImageMetrics)[];
  /** What a predictor that learns nothing of the input scores, such as the mean photo. */
  baseline?: { name: string } & ImageMetrics;
}
