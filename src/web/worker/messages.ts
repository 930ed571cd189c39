import { ShadegradError, type ErrorCode } from '../../errors.js';
import type { RgbImage } from '../../data/image.js';
import type { Finding } from '../../training/diagnoses/diagnosis.js';
import type { OptionValue } from '../../training/option-table.js';
import type { MeasuredStep } from '../../training/run/pictures.js';
import type { SchemeLoss, SchemeMetric } from '../../training/scheme.js';
import type { TrainedStep } from '../../training/trainer.js';
import type { ChosenFile } from '../files/data-sets.js';

/** Where the images of a training in a browser come from. */
export type TrainingSource =
  /** Images that the library draws: those of the scheme, or else facades. */
  | { readonly kind: 'synthetic' }
  /** A data set that is kept in the browser already. */
  | { readonly kind: 'kept'; readonly name: string }
  /** Files of a folder, or one zip: they are kept in the browser under the name, so that the run goes on after a reload. */
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly ChosenFile[] };

/** A run that Node or another browser has begun, by its files. */
export interface EarlierRun {
  /** Its checkpoint, such as `checkpoint.safetensors` of its folder, or what exportRun() made. */
  readonly checkpoint: Blob;
  /** Its log, `log.jsonl` of its folder, of which the curves before the checkpoint are drawn. Default: they begin at the checkpoint. */
  readonly log?: Blob | undefined;
}

/** What a training is started with: a new run, or one that is kept in the browser. */
export interface TrainingOrder {
  /** What the run is called in the browser's storage. */
  readonly run: string;
  /** What people call it. */
  readonly title: string;
  /** The name of the scheme; of a run that is kept, its own. */
  readonly scheme: string;
  /** Options of the scheme and of every training by their names; what is left out is as the preset has it. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The images; of a run that is kept, its own. */
  readonly data: TrainingSource | null;
  /** What a new run goes on with. */
  readonly from?: EarlierRun | undefined;
  /** Steps between checkpoints. Default: what suits the run. */
  readonly saveEvery?: number | undefined;
  /** Steps between validations with their pictures. Default: what suits the run. */
  readonly reportEvery?: number | undefined;
  /** Validation images that are measured, at most. */
  readonly validate?: number | undefined;
}

/** What a page tells a worker that trains. */
export type PageMessage =
  | { readonly type: 'start'; readonly order: TrainingOrder }
  | { readonly type: 'pause' | 'resume' | 'save' | 'stop' | 'ping' };

/** A picture of a sample: bytes of RGB, with the column that it stands in. */
export interface SamplePicture extends Pick<RgbImage, 'width' | 'height' | 'data'> {
  /** The heading of its column. */
  readonly title: string;
  /** Whether it is what the networks were given, what they made of it, or what would be right. */
  readonly role: 'given' | 'made' | 'wanted';
}

/** What a training tells the page, by the names of the events. */
export interface TrainingEvents {
  /** Something is being made ready, such as the data set: `done` of `total`. */
  opening: { readonly what: string; readonly done: number; readonly total: number };
  /** The run is ready to take its steps; with what is known of its past. */
  opened: {
    readonly run: string;
    readonly title: string;
    readonly scheme: string;
    readonly settings: Readonly<Record<string, OptionValue>>;
    readonly adapter: string;
    readonly software: boolean;
    readonly step: number;
    readonly totalSteps: number;
    readonly lossRows: Readonly<Record<string, Pick<SchemeLoss, 'label' | 'plot' | 'role'>>>;
    readonly metricRows: Readonly<Record<string, SchemeMetric>>;
    readonly losses: readonly TrainedStep[];
    readonly metrics: readonly MeasuredStep[];
    readonly findings: readonly Finding[];
  };
  /** Whether steps are being taken. */
  state: { readonly state: 'training' | 'paused' };
  /** How far the run is. `secondsLeft` is undefined until its speed is known. */
  progress: {
    readonly step: number;
    readonly totalSteps: number;
    readonly epoch: number;
    readonly imagesPerSecond: number;
    readonly secondsLeft: number | undefined;
  };
  /** Steps that were trained. */
  losses: { readonly steps: readonly TrainedStep[]; readonly learningRate: number };
  /** What was measured on images that are not trained on. */
  measured: MeasuredStep;
  /** What the networks make of a few of these images. */
  samples: { readonly step: number; readonly rows: readonly { readonly name: string; readonly pictures: readonly SamplePicture[] }[] };
  /** A trouble of the run or its data, in words. */
  diagnosis: { readonly finding: Finding; readonly text: string };
  /** Something that is good to know. */
  note: { readonly text: string };
  /** The run is safe in the browser up to a step. */
  saved: { readonly step: number; readonly bytes: number };
  /** For so many seconds the worker has not answered; 0 when it does again. After a minute it is taken for frozen. */
  silent: { readonly seconds: number };
  /** The device was lost, or the worker was; the run goes on from its last checkpoint by itself. */
  deviceLost: { readonly step: number; readonly text: string };
  /** The run has ended: with all of its steps, or where it was stopped. It is saved. */
  finished: { readonly step: number; readonly totalSteps: number; readonly stopped: boolean };
  /** Something did not work. Where the run `waits`, it goes on with resume() when that is mended; else it has ended. */
  failed: { readonly error: ShadegradError; readonly waits: boolean };
}

/** An error as it travels between a page and a worker. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly what: string;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  readonly fix?: string | undefined;
}

/** What a worker that trains tells a page: its events, with errors in a form that travels. */
export type WorkerMessage =
  | {
      [Name in Exclude<keyof TrainingEvents, 'failed'>]: { readonly type: Name; readonly data: TrainingEvents[Name] };
    }[Exclude<keyof TrainingEvents, 'failed'>]
  | { readonly type: 'failed'; readonly data: { readonly error: PlainError; readonly waits: boolean } }
  | { readonly type: 'pong' };

/** An error in a form that travels; of one that is not the library's, in its own words. */
export function plainError(error: unknown): PlainError {
  if (error instanceof ShadegradError) {
    const { code, what, expected, received, fix } = error;
    return { code, what, expected, received, fix };
  }
  const received = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const fix = 'load the page again: the run goes on from its last checkpoint. If it happens again, please report it with the text above';
  return { code: 'INVALID_ARGUMENT', what: 'The training stopped at something unexpected', received, fix };
}

/** The error that plainError() made fit to travel. */
export function arrivedError({ code, what, expected, received, fix }: PlainError): ShadegradError {
  return new ShadegradError(code, what, {
    ...(expected !== undefined && { expected }),
    ...(received !== undefined && { received }),
    ...(fix !== undefined && { fix }),
  });
}
