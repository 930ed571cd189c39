import type { ImagePair, RgbImage } from '../../data/image.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { architectureOf, networkKind } from '../../models/registry.js';
import { findScheme } from '../../schemes/registry.js';
import { labelsFor, type TrainingDataset } from '../../training/batches.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { patchOverlay, patchScores } from '../../training/patch-scores.js';
import type { ImagePlan, JudgedPicture, Networks, PictureColumns, TrainingScheme } from '../../training/scheme.js';
import type { OpenCheckpoint } from '../weights/checkpoint.js';
import { mayDraw } from './draws.js';
import type { TrainFlags } from './flags.js';
import { baselineOf, hash, savedSources, type DataSource, type TrainingData } from './data.js';
import type { RunFolder } from './folder.js';
import type { Split } from '../images/dataset.js';
import { openMeasuredData, type MeasuredData } from './measured-data.js';
import { openData } from './open-data.js';
import { resumedSettings } from '../../training/run/settings.js';
import { openTrainer } from './speed.js';
import { Validator, type ScoredBaseline } from '../../training/run/validation.js';

/** A picture of a sample with the heading of its column. */
export interface TestedPicture {
  readonly title: string;
  readonly image: RgbImage;
  /** Whether the networks made it. Default false. */
  readonly made?: boolean;
  /** What it is of the sample; left out of what is none of its pictures, such as a map. */
  readonly role?: 'given' | 'made' | 'wanted';
}

/** What the networks of a run made of a sample, and how it is measured. */
export interface TestedSample {
  readonly name: string;
  /** What is given, made and wanted, in this order. */
  readonly pictures: readonly TestedPicture[];
  /** Of each metric of the scheme; NaN for one that a single sample has none of. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What a discriminator says of its pictures, where that was asked for: how real it takes the patches of each for, in the mean. */
  readonly patches?: readonly { readonly picture: string; readonly mean: number; readonly receptiveField: number | undefined }[];
  /** What else the networks made of it with other random draws: each time a picture of each column. Left out where it was run once. */
  readonly others?: readonly (readonly RgbImage[])[];
}

/** A run to test: its folder, and its checkpoint, which is open: that of a run that is going on is replaced meanwhile. */
export interface RunToTest {
  readonly folder: RunFolder;
  readonly checkpoint: OpenCheckpoint;
  readonly scheme: TrainingScheme;
  /** Where the images are. */
  readonly sources: readonly DataSource[];
  /** Samples at most: spread over the set, or its first. */
  readonly count: number;
  readonly first: boolean;
  /** Whether averaged weights take the place of those that were trained, where the run has them. */
  readonly averages: boolean;
  /** Whether maps of what a discriminator says of each patch are made. */
  readonly patchMap: boolean;
  /** Whether the images are others than those of the run, or a split of them: they are measured as they are, with nothing held out. */
  readonly chosen: boolean;
  /** The split to measure; undefined for val/, or else test/. */
  readonly split: Split | undefined;
  /** Whether a predictor that learns nothing of its input is measured, too: all samples are kept for that. Default false. */
  readonly baseline?: boolean;
}

/** What was measured of all samples together, and the split that they are of, where one was chosen. */
export interface TestedSet {
  readonly metrics: Record<string, number>;
  readonly split: Split | undefined;
  /** The score of a predictor that learns nothing of its input, where that was asked for and there is one. */
  readonly baseline?: ScoredBaseline;
  /** Whether there is nothing but what was trained on to measure. */
  readonly unvalidated: boolean;
}

/** The scheme of a run, by its checkpoint. @throws CHECKPOINT_MISMATCH for one that is not of this library, and for networks alone */
export function schemeOfRun(path: string, { scheme, options }: TrainingCheckpoint): TrainingScheme {
  const found = scheme === null ? null : findScheme(scheme);
  const whole = ['totalSteps', 'trainPairs', 'batch'].every((name) => typeof options[name] === 'number');
  if (found && whole) return found;
  throw new ShadegradError('CHECKPOINT_MISMATCH', `${printableName(path)} is of no run that can be tested`, {
    expected: 'the checkpoint of shadegrad train, with a scheme of the library',
    received: found ? 'networks alone' : scheme === null ? 'a file that names no scheme' : `the scheme ${scheme}`,
    fix: 'name the folder of a run; to use a network alone: npx shadegrad translate, or generate',
  });
}

/** The samples of a run that is being tested, made by openTest(). */
export interface OpenTest {
  /** How many there are. */
  readonly length: number;
  /** What each sample is called and shown by. */
  readonly columns: PictureColumns;
  /** The split that they are of, where one was chosen. */
  readonly split: Split | undefined;
  /** How images come to their size. */
  readonly plan: ImagePlan;
  /** Whether what is given and what is wanted of a sample belong together: not so of two sets of images. */
  readonly related: boolean;
  /** What the run is trained on, or of other images what it would be trained on, where there are such: read as what is measured. */
  readonly train: TrainingDataset | undefined;
  /** Whether any of its networks may make something else of a sample with other random draws. */
  readonly draws: boolean;
  /** A sample as networks are measured on it. */
  fit(pair: ImagePair): ImagePair;
  /**
   * Runs the networks on one sample after the other.
   *
   * @param outputs how many times, with other random draws each time
   */
  each(outputs?: number): AsyncGenerator<TestedSample & { readonly measure: unknown }>;
  /** The metrics of the scheme, of what each() measured. */
  summarize(measures: readonly unknown[]): Record<string, number>;
  /** Whether there is nothing but what was trained on to measure. */
  readonly unvalidated: boolean;
  /** The score of a predictor that learns nothing of its input; undefined where it was not asked for, or there is none. */
  baseline(): Promise<ScoredBaseline | undefined>;
  dispose(): void;
}

/**
 * Opens the samples that a run is validated on, as its options say, to run its networks on them.
 *
 * @param say prints what the user should know about the data
 * @throws what opening data and checkpoints throws
 */
export async function openTest(
  gpu: Gpu,
  { folder, checkpoint: { info: checkpoint, load }, scheme, sources, count, first, averages, patchMap, chosen, split, baseline }: RunToTest,
  say: (line: string) => void,
): Promise<OpenTest> {
  const settings = resumedSettings(scheme, folder.checkpoint, checkpoint.options, {} as TrainFlags, new Set());
  const alone = (split !== undefined || (chosen && !scheme.labelled)) && sources.length === 1;
  const own = sources.join() === savedSources(checkpoint.options).join();
  const open: Promise<TrainingData<TrainingDataset> | MeasuredData> = alone
    ? openMeasuredData(scheme, sources[0]!, settings, split, say, own)
    : openData(scheme, sources, settings, say);
  const data = await open.catch((error: unknown) => {
    throw own ? movedData(error) : error;
  });
  gpu.variants.load(checkpoint.choices ?? {});
  // No step is trained: there is no need of a recorded one, nor of the training images.
  const steps = { replay: false, recompute: false, expectMemory: () => false, networks: checkpoint.networks };
  // A batch of one: there may be fewer samples to measure than the run has in a step.
  const trainer = await openTrainer(gpu, scheme, data, alone ? { ...settings, batch: 1, accumulate: null } : settings, steps);
  try {
    await load(trainer);
    const labels = labelsFor(scheme, data.train);
    const { options } = trainer;
    const networks = averages ? trainer.evaluated : trainer.networks;
    const judged = patchMap ? judgedPictures(scheme, options, trainer.networks) : [];
    const measured = { scheme, networks, options, dataset: data.validation, count, first, labels, hash };
    const validator = await (baseline ? Validator.create(gpu, measured) : Validator.once(gpu, measured));
    const unvalidated = 'unvalidated' in data && data.unvalidated === true;
    const columns = scheme.pictures(options, labels);
    return {
      length: validator.length,
      columns,
      split: 'split' in data ? data.split : undefined,
      plan: scheme.sizes(options),
      related: data.validation.unrelated !== true,
      train: 'split' in data ? data.besides : (data.compared ?? data.train),
      draws: Object.values(networks).some(
        (network) => networkKind(architectureOf(network).kind).role !== 'discriminator' && mayDraw(network),
      ),
      fit: (pair) => validator.fit(pair),
      async *each(outputs = 1) {
        for await (const { sample, made: pictures, measure, others } of validator.each(outputs)) {
          const shown = (role: 'given' | 'wanted'): TestedPicture[] =>
            columns[role].map(({ title, half }) => ({ title, role, image: sample[half] }));
          const made = columns.made.map((title, at) => ({ title, role: 'made' as const, image: pictures[at]!, made: true }));
          const seen = [...shown('given'), ...made, ...shown('wanted')];
          const maps = await mapsOf(gpu, trainer.networks, judged, seen);
          yield {
            name: sample.name,
            pictures: [...seen, ...maps.map(({ shown: map }) => map)],
            metrics: validator.summarize([measure]),
            ...(maps.length > 0 && { patches: maps.map(({ judgement }) => judgement) }),
            ...(others.length > 0 && { others }),
            measure,
          };
        }
      },
      summarize: (measures) => validator.summarize(measures),
      unvalidated,
      baseline: async () => (baseline && !unvalidated ? baselineOf(validator, data) : undefined),
      dispose() {
        validator.dispose();
        trainer.dispose();
      },
    };
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}

/**
 * Runs the networks of a run on the samples that it is validated on, as its options say.
 *
 * @param onSample is given one sample after the other, and the split that they are of where one was chosen
 * @param say prints what the user should know about the data
 * @returns the metrics of all of them together
 * @throws what opening data and checkpoints throws
 */
export async function testSamples(
  gpu: Gpu,
  run: RunToTest,
  onSample: (sample: TestedSample, done: number, total: number, split: Split | undefined) => Promise<void>,
  say: (line: string) => void,
): Promise<TestedSet> {
  const test = await openTest(gpu, run, say);
  try {
    const measures: unknown[] = [];
    for await (const { measure, ...sample } of test.each()) {
      measures.push(measure);
      await onSample(sample, measures.length, test.length, test.split);
    }
    const baseline = await test.baseline();
    return { metrics: test.summarize(measures), split: test.split, unvalidated: test.unvalidated, ...(baseline && { baseline }) };
  } finally {
    test.dispose();
  }
}

/** Whether discriminators see what a page shows: not so of numbers, of index maps, and of the colours of CIELAB. */
export function isOfPictures(scheme: TrainingScheme, options: object, judged: readonly JudgedPicture[]): boolean {
  const read = scheme.readings?.(options);
  return !read?.a && !read?.b && judged.every(({ channels }) => channels.every((count) => count === 1 || count === 3));
}

/** @throws BAD_FLAG for a scheme none of whose networks judges patches, and for a run that has no discriminator */
function judgedPictures(scheme: TrainingScheme, options: object, networks: Networks): readonly JudgedPicture[] {
  const judged = scheme.judged?.(options, networks) ?? [];
  if (judged.length > 0 && isOfPictures(scheme, options, judged)) return judged;
  if (judged.length > 0) {
    throw new ShadegradError('BAD_FLAG', '--patch-map means nothing with this run', {
      expected: 'a run on colours or grey: 3 channels or 1, of eight bits',
      received: 'one on numbers, index maps, or the colours of CIELAB',
      fix: 'leave it out',
    });
  }
  throw new ShadegradError('BAD_FLAG', '--patch-map means nothing with this run', {
    expected: 'a run whose discriminator judges patches, of pix2pix or CycleGAN',
    received: scheme.judged ? 'a run without a discriminator' : `a run of ${scheme.title}`,
    fix: 'leave it out',
  });
}

/** The maps of what discriminators say of pictures of a sample. */
export async function mapsOf(
  gpu: Gpu,
  networks: Networks,
  judged: readonly JudgedPicture[],
  pictures: readonly TestedPicture[],
): Promise<{ readonly shown: TestedPicture; readonly judgement: NonNullable<TestedSample['patches']>[number] }[]> {
  const titled = (wanted: string): RgbImage => pictures.find(({ title }) => title === wanted)!.image;
  const maps = [];
  for (const { network, picture, beside, channels, verdict } of judged) {
    const image = titled(picture);
    const seen = beside === undefined ? [image] : [titled(beside), image];
    const scores = await patchScores(gpu, networks[network]!, seen, { channels, verdict });
    const { mean, receptiveField } = scores;
    maps.push({
      shown: { title: `Patches of ${picture}`, image: patchOverlay(image, scores) },
      judgement: { picture, mean, receptiveField },
    });
  }
  return maps;
}

/** The error of a run whose data are no longer where its checkpoint says, with the flag that names the new place. */
function movedData(error: unknown): unknown {
  if (!(error instanceof ShadegradError) || error.code !== 'DATA_NOT_FOUND') return error;
  const { expected, received } = error;
  return new ShadegradError('DATA_NOT_FOUND', error.what, {
    expected,
    received,
    fix: 'say where the data are now: --data DIR',
    cause: error,
  });
}
