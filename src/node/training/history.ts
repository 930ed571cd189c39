import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crop, type RgbImage } from '../../data/image.js';
import type { ImageMetrics } from '../../training/metrics.js';
import type { StepLosses } from '../../training/pix2pix-step.js';
import type { TrainedStep } from '../../training/trainer.js';
import { writeFailed } from '../files.js';
import { readImage } from '../images.js';
import { JsonLog, readLog, type LogEntry } from '../log.js';
import { writeSampleGrid } from '../report.js';
import type { RunFolder } from './folder.js';
import type { Validated } from './validation.js';

/** What a step's line in the log says beside its losses. */
export interface StepFacts {
  epoch: number;
  learningRate: number;
  imagesPerSecond: number;
  /** Training time so far, pauses for validation and checkpoints left out. */
  seconds: number;
}

interface Pictures {
  inputs: readonly RgbImage[];
  targets: readonly RgbImage[];
}

/** Pixels between the pictures of a sample grid, as writeSampleGrid() leaves them. */
const GRID_GAP = 4;

/** Everything a report shows of a run's past, kept in the log and the sample grids, and read back from there. */
export class RunHistory {
  readonly losses: ({ step: number } & StepLosses)[] = [];
  readonly metrics: ({ step: number } & ImageMetrics)[] = [];
  readonly snapshots: { step: number; outputs: RgbImage[] }[] = [];
  /** Of training, before this process started. */
  secondsBefore = 0;

  private constructor(
    private readonly folder: RunFolder,
    private readonly log: JsonLog,
  ) {}

  /** @param resumeAtStep the checkpoint's step: what came after it is about to happen again and is forgotten */
  static async open(folder: RunFolder, resumeAtStep?: number): Promise<RunHistory> {
    const history = new RunHistory(folder, await JsonLog.open(folder.log, resumeAtStep === undefined ? {} : { resumeAtStep }));
    if (resumeAtStep !== undefined) await history.restore(resumeAtStep);
    return history;
  }

  addSteps(steps: readonly TrainedStep[], factsOf: (step: number) => StepFacts): void {
    for (const { step, losses } of steps) {
      this.losses.push({ step, ...losses });
      this.log.append({ step, ...losses, ...factsOf(step) });
    }
  }

  async addValidation(step: number, { metrics, outputs }: Validated, { inputs, targets }: Pictures): Promise<void> {
    await writeSampleGrid(this.folder.sampleGrid(step), outputs.map((output, row) => [inputs[row]!, output, targets[row]!]));
    this.snapshots.push({ step, outputs });
    this.metrics.push({ step, ...metrics });
    this.log.append({ step, validation: metrics });
  }

  /** Waits until the log is on the disk. */
  flush(): void {
    this.log.flush();
  }

  close(): void {
    this.log.close();
  }

  private async restore(lastStep: number): Promise<void> {
    for (const entry of await readLog(this.folder.log)) {
      if ('validation' in entry) this.metrics.push({ step: entry.step, ...(entry.validation as ImageMetrics) });
      else this.restoreStep(entry);
    }
    const names = await readdir(this.folder.samples).catch((): string[] => []);
    for (const name of names.sort()) {
      const step = Number(/^step-(\d+)\.png$/.exec(name)?.[1] ?? NaN);
      const path = join(this.folder.samples, name);
      if (step > lastStep) await rm(path, { force: true }).catch((cause: unknown) => Promise.reject(writeFailed(path, cause)));
      else if (step <= lastStep) this.snapshots.push({ step, outputs: outputsIn(await readImage(path)) });
    }
  }

  private restoreStep(entry: LogEntry): void {
    // JSON has no NaN: a loss that was not finite comes back as null.
    const number = (name: keyof StepLosses) => (entry[name] as number | null) ?? NaN;
    this.losses.push({
      step: entry.step,
      discriminatorReal: number('discriminatorReal'),
      discriminatorFake: number('discriminatorFake'),
      generatorGan: number('generatorGan'),
      generatorL1: number('generatorL1'),
    });
    this.secondsBefore = Number(entry.seconds ?? 0);
  }
}

/** The middle column of a grid of input | output | target, all square and of one size. */
function outputsIn(grid: RgbImage): RgbImage[] {
  const side = Math.floor((grid.width - GRID_GAP) / 3) - GRID_GAP;
  const rows = Math.floor(grid.height / (side + GRID_GAP));
  return Array.from({ length: rows }, (_, row) => crop(grid, side + 2 * GRID_GAP, GRID_GAP + row * (side + GRID_GAP), side, side));
}
