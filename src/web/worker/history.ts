import type { Finding } from '../../training/diagnoses/diagnosis.js';
import { inOneLine } from '../../training/diagnoses/diagnosis.js';
import { RunBook, type LogEntry, type StepFacts } from '../../training/run/run-book.js';
import type { Validated, Validator } from '../../training/run/validation.js';
import type { TrainingScheme } from '../../training/scheme.js';
import type { TrainedStep } from '../../training/trainer.js';
import type { RunStore } from '../files/run-store.js';
import type { SamplePicture, TrainingEvents } from './messages.js';

/** Tells the page an event. */
export type Tell = <Name extends keyof TrainingEvents>(type: Name, data: TrainingEvents[Name], transferred?: Transferable[]) => void;

/** The past of a run in the browser: kept in its log, and told to the page. */
export class BrowserHistory extends RunBook {
  /** Fingerprint of the images that the run was trained on when it was last measured. */
  private lastTraining: unknown;

  constructor(
    scheme: Pick<TrainingScheme, 'losses' | 'metrics' | 'watch'>,
    private readonly store: RunStore,
    private readonly validator: Validator,
    private readonly tell: Tell,
    /** Fingerprint of the training images, as Node has it in its logs. */
    private readonly training: string | undefined,
  ) {
    super(scheme);
  }

  /** Whether the run was trained on other images before; false where its log does not say. */
  get trainedOnOthers(): boolean {
    return typeof this.lastTraining === 'string' && this.training !== undefined && this.lastTraining !== this.training;
  }

  /** Takes the lines of the log; measurements of other images are left out. */
  restore(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if ('validation' in entry && !('diagnosis' in entry)) this.lastTraining = entry.training;
      if ('validation' in entry && entry.measured !== this.validator.fingerprint) continue;
      this.restoreEntry(entry);
    }
  }

  addSteps(steps: readonly TrainedStep[], factsOf: (step: number) => StepFacts): void {
    for (const entry of this.takeSteps(steps, factsOf)) this.store.append(entry);
    this.tell('losses', { steps, learningRate: this.lastRate! });
  }

  addFindings(found: readonly Finding[]): void {
    for (const finding of this.takeFindings(found)) {
      const { step, ...rest } = finding;
      this.store.append({ step, ...rest });
      this.tell('diagnosis', { finding, text: inOneLine(finding) });
    }
  }

  addValidation(step: number, validated: Validated): void {
    const { metrics, outputs } = validated;
    this.snapshots.push({ step, outputs });
    this.metrics.push({ step, metrics });
    const { fingerprint: measured } = this.validator;
    this.store.append({ step, validation: metrics, measured, ...(this.training !== undefined && { training: this.training }) });
    this.tell('measured', { step, metrics });
    this.showSamples(step, validated);
  }

  /** Shows what the networks make of a few samples. */
  showSamples(step: number, { outputs }: Validated): void {
    const { names, given, made, wanted } = this.validator.pictured;
    const transferred: Transferable[] = [];
    const pictureOf = (
      title: string,
      role: SamplePicture['role'],
      image: Pick<SamplePicture, 'width' | 'height' | 'data'>,
    ): SamplePicture => {
      const { width, height } = image;
      const data = image.data.slice();
      transferred.push(data.buffer);
      return { title, role, width, height, data };
    };
    const rows = outputs.map((pictures, row) => ({
      name: names[row] ?? String(row + 1),
      pictures: [
        ...given.map(({ title, images }) => pictureOf(title, 'given', images[row]!)),
        ...made.map((title, column) => pictureOf(title, 'made', pictures[column]!)),
        ...wanted.map(({ title, images }) => pictureOf(title, 'wanted', images[row]!)),
      ],
    }));
    this.tell('samples', { step, rows }, transferred);
  }
}
