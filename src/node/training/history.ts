import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crop, type RgbImage } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import type { Finding } from '../../training/diagnoses/diagnosis.js';
import type { TrainingScheme } from '../../training/scheme.js';
import type { TrainedStep } from '../../training/trainer.js';
import { writeFailed } from '../files/atomic.js';
import { readImage } from '../images/read.js';
import { RunBook, type LogEntry, type StepFacts } from '../../training/run/run-book.js';
import { JsonLog } from '../files/log.js';
import type { PictureSet } from '../report/types.js';
import { writeSampleGrid } from '../report/write.js';
import type { RunFolder } from './folder.js';
import type { RunRecord } from './records/record.js';
import type { Validated } from '../../training/run/validation.js';

/** The images that a run measures, of which the first few are pictured. */
export interface MeasuredImages {
  readonly pictured: {
    readonly names?: readonly string[];
    readonly given: readonly PictureSet[];
    readonly made: readonly string[];
    readonly wanted: readonly PictureSet[];
  };
  /** Of the names and contents of all of them. */
  readonly fingerprint: string;
}

/** What a run trains by and on, and from where it goes on. */
export interface HistoryOptions {
  /** Whose losses and metrics there are. */
  readonly scheme: Pick<TrainingScheme, 'title' | 'losses' | 'metrics' | 'watch'>;
  /** The checkpoint's step: what came after it is about to happen again and is forgotten. Without it, the run is new. */
  readonly resumeAtStep?: number | undefined;
  /** Of the training images, to tell whether a resumed run has others. */
  readonly training?: string | undefined;
}

/** Pixels between the pictures of a sample grid, as writeSampleGrid() leaves them. */
const GRID_GAP = 4;
/** Mean difference of two images, in 255ths, below which they are one image that two decoders have read. */
const SAME_IMAGE = 8;

/** Everything a report shows of a run's past, kept in the log and the sample grids, and read back from there. */
export class RunHistory extends RunBook {
  private log!: JsonLog;
  /** Steps whose measurements were of other images than this process measures: no report shows them. */
  private readonly others = new Set<number>();
  /** Steps whose log does not say what was measured. */
  private readonly unnamed = new Set<number>();
  /** Fingerprint of the images that the run was trained on when it was last measured. */
  private lastTraining: unknown;
  /** What keeps the run in other forms. */
  private readonly records: RunRecord[] = [];

  private constructor(
    private readonly folder: RunFolder,
    private readonly images: MeasuredImages,
    scheme: HistoryOptions['scheme'],
    private readonly training: string | undefined,
  ) {
    super(scheme);
  }

  /**
   * Starts or goes on with the log of a run.
   *
   * @param images those that this process measures: of earlier measurements, only those of the same images are restored
   */
  static async open(folder: RunFolder, images: MeasuredImages, { scheme, resumeAtStep, training }: HistoryOptions): Promise<RunHistory> {
    const history = new RunHistory(folder, images, scheme, training);
    const resumed = resumeAtStep !== undefined;
    history.log = await JsonLog.open(folder.log, resumed ? { resumeAtStep, onKept: (entry) => history.restore(entry) } : {});
    try {
      if (resumed) await history.restorePictures(resumeAtStep);
    } catch (error) {
      history.close();
      throw error;
    }
    return history;
  }

  /** Earlier measurements that were of other images. */
  get otherMeasurements(): number {
    return this.others.size;
  }

  /** Whether the run was trained on other images before; false where its log does not say. */
  get trainedOnOthers(): boolean {
    return this.lastTraining !== undefined && this.training !== undefined && this.lastTraining !== this.training;
  }

  addSteps(steps: readonly TrainedStep[], factsOf: (step: number) => StepFacts): void {
    const entries = this.takeSteps(steps, factsOf);
    for (const entry of entries) this.log.append(entry);
    for (const record of this.records) record.steps(entries);
  }

  /** Lets a record be told of what is logged from here on; it is flushed and closed with the log. */
  addRecord(record: RunRecord): void {
    this.records.push(record);
  }

  /** Whether a record wants to be told the norms of gradients. */
  get wantsGradients(): boolean {
    return this.records.some(({ gradients }) => gradients !== undefined);
  }

  /** Tells the records the norms of a step's gradients, by network. */
  addGradients(step: number, norms: Readonly<Record<string, number>>): void {
    for (const record of this.records) record.gradients?.(step, norms);
  }

  async addValidation(step: number, { metrics, outputs }: Validated): Promise<void> {
    const {
      pictured: { names, given, wanted },
      fingerprint,
    } = this.images;
    const row = (sets: readonly PictureSet[], index: number): RgbImage[] => sets.map(({ images }) => images[index]!);
    const rows = outputs.map((made, index) => [...row(given, index), ...made, ...row(wanted, index)]);
    await writeSampleGrid(this.folder.sampleGrid(step), rows);
    this.snapshots.push({ step, outputs });
    this.metrics.push({ step, metrics });
    this.log.append({ step, validation: metrics, measured: fingerprint, ...(this.training !== undefined && { training: this.training }) });
    const named = rows.map((pictures, index) => ({ name: names?.[index] ?? String(index + 1), pictures }));
    for (const record of this.records) await record.validation({ step, metrics, rows: named });
  }

  /** Logs troubles that were found. @returns those that are new, or were said long ago */
  addFindings(found: readonly Finding[]): Finding[] {
    const now = this.takeFindings(found);
    for (const { step, ...rest } of now) this.log.append({ step, ...rest });
    return now;
  }

  /** Waits until the log is on the disk. */
  flush(): void {
    this.log.flush();
    for (const record of this.records) record.flush();
  }

  close(): void {
    this.log.close();
    for (const record of this.records.splice(0)) record.close();
  }

  private restore(entry: LogEntry): void {
    if ('validation' in entry && !('diagnosis' in entry)) {
      this.lastTraining = entry.training;
      if (entry.measured === undefined) this.unnamed.add(entry.step);
      else if (entry.measured !== this.images.fingerprint) {
        this.others.add(entry.step);
        return;
      }
    }
    this.restoreEntry(entry);
  }

  private async restorePictures(lastStep: number): Promise<void> {
    const names = await readdir(this.folder.samples).catch((): string[] => []);
    for (const name of names.sort()) {
      const step = Number(/^step-(\d+)\.png$/.exec(name)?.[1] ?? NaN);
      const path = join(this.folder.samples, name);
      if (step > lastStep) await rm(path, { force: true }).catch((cause: unknown) => Promise.reject(writeFailed(path, cause)));
      else if (step <= lastStep && !this.others.has(step)) await this.restoreGrid(step, path);
    }
    this.metrics = this.metrics.filter(({ step }) => !this.others.has(step));
  }

  private async restoreGrid(step: number, path: string): Promise<void> {
    const grid = await readImage(path).catch((error: unknown) => {
      // A picture that was made smaller or damaged since is missing in the report, no more.
      if (error instanceof ShadegradError) return null;
      throw error;
    });
    const { given, made, wanted } = this.images.pictured;
    const columns = grid && columnsOf(grid, given.length + made.length + wanted.length);
    if (!columns) return;
    const fixed = [...columns.slice(0, given.length), ...columns.slice(given.length + made.length)];
    const outputs = columns.slice(given.length, given.length + made.length);
    const rows = outputs[0]?.map((_, row) => outputs.map((column) => column[row]!)) ?? [];
    if ([...given, ...wanted].every(({ images }, column) => areSame(fixed[column]!, images))) this.snapshots.push({ step, outputs: rows });
    else if (this.unnamed.has(step)) this.others.add(step);
  }
}

/** The columns of a grid of so many pictures in a row, all square and of one size; null for another picture. */
function columnsOf(grid: RgbImage, count: number): RgbImage[][] | null {
  const side = (grid.width - GRID_GAP) / count - GRID_GAP;
  const rows = (grid.height - GRID_GAP) / (side + GRID_GAP);
  if (!Number.isInteger(side) || side < 1 || !Number.isInteger(rows) || rows < 1) return null;
  return Array.from({ length: count }, (_, column) =>
    Array.from({ length: rows }, (_, row) =>
      crop(grid, GRID_GAP + column * (side + GRID_GAP), GRID_GAP + row * (side + GRID_GAP), side, side),
    ),
  );
}

function areSame(images: readonly RgbImage[], others: readonly RgbImage[]): boolean {
  return images.length === others.length && images.every((image, index) => isSame(image, others[index]!));
}

function isSame(image: RgbImage, other: RgbImage): boolean {
  if (image.width !== other.width || image.height !== other.height) return false;
  let difference = 0;
  for (let at = 0; at < image.data.length; at++) difference += Math.abs(image.data[at]! - other.data[at]!);
  return difference <= SAME_IMAGE * image.data.length;
}
