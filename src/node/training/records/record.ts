import type { RgbImage } from '../../../data/image.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import type { LogEntry } from '../../files/log.js';
import type { RunFolder } from '../folder.js';

/** A validation with what it pictures. */
export interface RecordedValidation {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The first samples, each with its pictures in a row: what was given, what was made of it, what would be right. */
  readonly rows: readonly { readonly name: string; readonly pictures: readonly RgbImage[] }[];
}

/** What keeps a run in another form beside its log. It changes nothing about the training. */
export interface RunRecord {
  /** Told of steps as they are logged. */
  steps(entries: readonly LogEntry[]): void;
  /** Told of each validation, after the steps before it. */
  validation(validation: RecordedValidation): Promise<void> | void;
  /** Told the norms of the gradients of a step by network, where they are measured. */
  gradients?(step: number, norms: Readonly<Record<string, number>>): void;
  /** Waits until everything is on the disk: a checkpoint is about to be. */
  flush(): void;
  close(): void;
}

/** What a record is opened with. */
export interface RecordOptions {
  readonly folder: RunFolder;
  /** Whose losses and metrics there are. */
  readonly scheme: Pick<TrainingScheme, 'losses' | 'metrics'>;
  /** The step that a resumed run goes on after; undefined for a new run. The log has been cut there already. */
  readonly resumedAt: number | undefined;
}

/** Opens a record, for a new run or to go on with that of an earlier process. */
export type OpenRecord = (options: RecordOptions) => Promise<RunRecord>;
