import { pairAt, type PairedDataset, type ProgressCallback } from '../../data/dataset.js';
import { expectImage, type ImagePair, type RgbImage } from '../../data/image.js';
import type { Labelling } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import { Sha256, type RunningHash } from '../../formats/sha256.js';
import type { Gpu } from '../../gpu/gpu.js';
import { fittedPairs } from '../paired-evaluator.js';
import type { Baseline, Evaluator, Networks, PictureColumns, TrainingScheme } from '../scheme.js';
import { described } from '../../checks.js';
import { spread, spreadOver } from '../../data/spread.js';
import type { PictureSet } from './pictures.js';
import { readAhead } from '../../data/read-ahead.js';

/** The score of a predictor that learns nothing of its input, and whether it was made of a sample of the training images. */
export interface ScoredBaseline extends Baseline {
  readonly sampled: boolean;
}

/** What the networks made of the validation images at a step. */
export interface Validated {
  /** The metrics of the scheme by name. */
  metrics: Record<string, number>;
  /** What was made of the pictured samples: for each a picture of each column. */
  outputs: RgbImage[][];
}

/** Validation images that are measured unless told otherwise: of a large set a part says as much and does not delay the start. */
const MEASURED = 100;
/** Likewise in a preview or on a software adapter. */
const MEASURED_WHEN_SLOW = 25;

/**
 * How many validation images a run measures, at most.
 *
 * @param asked by --validate, or by the checkpoint of a resumed run
 * @param resumed a run whose checkpoint does not say was measured on all of them
 */
export function measuredImages(asked: number | undefined, { slow, resumed }: { slow: boolean; resumed: boolean }): number {
  return asked ?? (slow ? MEASURED_WHEN_SLOW : resumed ? Infinity : MEASURED);
}

/** Training pairs that are decoded before the training, spread over the set; the others are read as they come. */
export const SAMPLED_PAIRS = 64;
/** Samples whose pictures the report shows over time. */
const PICTURED = 6;

/** What a scheme is measured on, and what measures it. */
export interface ValidatorOptions<O extends object = object, N extends Networks = Networks> {
  readonly scheme: TrainingScheme<O, N>;
  readonly networks: N;
  /** Of the scheme, complete. */
  readonly options: O;
  readonly dataset: PairedDataset;
  /** Of the data. */
  readonly labels?: Labelling | undefined;
  /** Validation samples to use, spread over the set. */
  readonly count: number;
  /** Whether these are the first of the set instead. Default false. */
  readonly first?: boolean;
  /** Begins the hash that tells sets of samples apart: Node has a faster one. Default: SHA-256 of the library. */
  readonly hash?: () => RunningHash;
}

/** The measure of networks on fixed samples that they never train on, with what they make of the first few. */
export class Validator {
  private constructor(
    private readonly evaluator: Evaluator,
    private readonly columns: PictureColumns,
    private readonly metricNames: readonly string[],
    /** As the evaluator sees them. */
    private readonly samples: readonly ImagePair[],
    /** Of the names and contents of everything that is measured. */
    readonly fingerprint: string,
    /** Samples that are read when their turn comes, in the place of those that are kept. */
    private readonly passing?: { readonly length: number; readonly read: () => AsyncIterable<ImagePair> },
  ) {}

  static async create(gpu: Gpu, validated: ValidatorOptions): Promise<Validator> {
    const { scheme, options, dataset, labels, hash = () => new Sha256() } = validated;
    const evaluator = await openEvaluator(gpu, validated);
    try {
      const indices = measuredOf(validated);
      // Asked for at the same time, so that a file is read once.
      // Fitted as soon as they are read: of large pictures that are cut, the parts alone are held.
      const fitted = async (index: number): Promise<ImagePair> => evaluator.fit(await pairAt(dataset, index));
      const read = await Promise.all(indices.map((index) => Promise.all([fitted(index), dataset.contentOf?.(index)])));
      const samples = read.map(([pair]) => pair);
      const contents = read.map(([, content], at) => content ?? pixelsOf(samples[at]!, hash));
      const metrics = Object.keys(scheme.metrics);
      const fingerprint = fingerprintOf(samples, contents, evaluator.key, hash);
      return new Validator(evaluator, scheme.pictures(options, labels), metrics, samples, fingerprint);
    } catch (error) {
      evaluator.dispose();
      throw error;
    }
  }

  /** One that keeps no samples: each() reads them, however many there are. It has no fingerprint, no pictures for a report, no baseline. */
  static async once(gpu: Gpu, validated: ValidatorOptions): Promise<Validator> {
    const { scheme, options, dataset, labels } = validated;
    const evaluator = await openEvaluator(gpu, validated);
    const indices = measuredOf(validated);
    const read = () => readAhead(indices, async (index) => evaluator.fit(await pairAt(dataset, index)));
    return new Validator(evaluator, scheme.pictures(options, labels), Object.keys(scheme.metrics), [], '', {
      length: indices.length,
      read,
    });
  }

  /** A sample as it is measured and shown. */
  fit(pair: ImagePair): ImagePair {
    return this.evaluator.fit(pair);
  }

  get length(): number {
    return this.passing?.length ?? this.samples.length;
  }

  /** The pictures that training does not change, and what the others are called. */
  get pictured(): { names: string[]; given: PictureSet[]; made: readonly string[]; wanted: PictureSet[] } {
    const samples = this.samples.slice(0, PICTURED);
    const sets = (columns: PictureColumns['given']): PictureSet[] =>
      columns.map(({ title, half }) => ({ title, images: samples.map((pair) => pair[half]) }));
    const { given, made, wanted } = this.columns;
    return { names: samples.map(({ name }) => name), given: sets(given), made, wanted: sets(wanted) };
  }

  /** Changes nothing about the training, whose random draws do not come from here. */
  async run(): Promise<Validated> {
    const measures: unknown[] = [];
    const outputs: RgbImage[][] = [];
    for await (const { made, measure } of this.each()) {
      measures.push(measure);
      if (outputs.length < PICTURED) outputs.push(made);
    }
    return { metrics: this.summarize(measures), outputs };
  }

  /**
   * Runs the networks on one sample after the other.
   *
   * @param outputs how many times each; what is measured is the first, and the `others` have other random draws
   */
  async *each(outputs = 1): AsyncGenerator<{ sample: ImagePair; made: RgbImage[]; measure: unknown; others: RgbImage[][] }> {
    let index = 0;
    for await (const sample of this.passing?.read() ?? this.samples) {
      const { made, measure } = await this.runOn(sample, index);
      const others: RgbImage[][] = [];
      for (let output = 1; output < outputs; output++) others.push((await this.runOn(sample, index + output * this.length)).made);
      index++;
      yield { sample, made, measure, others };
    }
  }

  /** Runs the networks on a sample. @throws INVALID_ARGUMENT for what is no picture of each column */
  private async runOn(sample: ImagePair, draw: number): Promise<{ made: RgbImage[]; measure: unknown }> {
    const { made, measure } = await this.evaluator.run(sample, draw);
    if (!Array.isArray(made) || made.length !== this.columns.made.length) {
      throw wrongEvaluator('pictures that run() made', `one for each of ${this.columns.made.join(', ') || 'no column'}`, made);
    }
    for (const picture of made) expectImage(picture, 'a picture that run() of the evaluator made');
    return { made, measure };
  }

  /** The metrics of what each() measured: of all samples, or of one alone. */
  summarize(measures: readonly unknown[]): Record<string, number> {
    const metrics = this.evaluator.summarize(measures);
    this.expectMetrics('summarize()', metrics);
    return metrics;
  }

  /** What a predictor that learns nothing of its input scores on the same images, by a sample of the training images. */
  async baseline(train: PairedDataset, onProgress?: ProgressCallback): Promise<ScoredBaseline | undefined> {
    const { evaluator } = this;
    if (!evaluator.baseline) return undefined;
    let sampled = false;
    const sample = fittedPairs(train, spread(train.length, SAMPLED_PAIRS), (pair) => {
      sampled = true;
      return evaluator.fit(pair);
    });
    const baseline = await evaluator.baseline(sample, this.samples, onProgress);
    this.expectMetrics('baseline()', baseline?.metrics);
    return { ...baseline, sampled };
  }

  /** @throws INVALID_ARGUMENT unless there is a number for each metric of the scheme and for nothing else; NaN is one */
  private expectMetrics(what: string, metrics: unknown): void {
    const given = typeof metrics === 'object' && metrics !== null ? (metrics as Readonly<Record<string, unknown>>) : {};
    const sound =
      this.metricNames.every((name) => typeof given[name] === 'number') && Object.keys(given).length === this.metricNames.length;
    if (!sound) throw wrongEvaluator(`metrics that ${what} returns`, `a number for each of ${this.metricNames.join(', ')}`, metrics);
  }

  dispose(): void {
    this.evaluator.dispose();
  }
}

/** The evaluator of a scheme. @throws INVALID_ARGUMENT for what is none */
async function openEvaluator(gpu: Gpu, { scheme, networks, options, labels }: ValidatorOptions): Promise<Evaluator> {
  const evaluator = await scheme.evaluator(gpu, networks, options, labels);
  for (const part of ['fit', 'run', 'summarize', 'dispose'] as const) {
    if (typeof evaluator?.[part] !== 'function') throw wrongEvaluator(`${part} of the evaluator`, 'a function', evaluator?.[part]);
  }
  if (typeof evaluator.key !== 'string') throw wrongEvaluator('key of the evaluator', 'a text', evaluator.key);
  return evaluator;
}

/** Which samples of a data set are measured. */
const measuredOf = ({ dataset, count, first }: ValidatorOptions): number[] =>
  first ? Array.from({ length: Math.min(count, dataset.length) }, (_, index) => index) : spreadOver(dataset, count);

const wrongEvaluator = (what: string, expected: string, received: unknown): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, {
    expected,
    received: described(received),
    fix: 'see docs/schemes.md for what an evaluator is',
  });

/** 64 bits are enough to tell the few sets that one run is ever measured on from each other. */
function fingerprintOf(pairs: readonly ImagePair[], contents: readonly string[], key: string, begin: () => RunningHash): string {
  const hash = begin().update(key);
  for (const [at, { name, a, labels }] of pairs.entries())
    hash.update(JSON.stringify([name, a.width, a.height, contents[at], ...(labels ? [labels] : [])]));
  return hash.digest('hex').slice(0, 16);
}

const pixelsOf = ({ a, b }: ImagePair, begin: () => RunningHash): string => begin().update(a.data).update(b.data).digest('hex');
