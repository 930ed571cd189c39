import { createHash } from 'node:crypto';
import { codingsOf, savedCodings, type CodingOptions } from '../../data/codings/options.js';
import type { RgbImage } from '../../data/image.js';
import { describePrepared } from '../../data/preprocess/prepare.js';
import { asPairs } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { evaluatePictures, type EvaluateOptions, type Evaluation } from '../../training/evaluation/evaluate.js';
import type { EvaluatedSample } from '../../training/evaluation/metric.js';
import { meanImage } from '../../training/metrics.js';
import { fittedPairs } from '../../training/paired-evaluator.js';
import type { ComparedColumns, PictureColumn } from '../../training/scheme.js';
import { spread } from '../../data/spread.js';
import { SAMPLED_PAIRS } from './data.js';
import type { Split } from '../images/dataset.js';
import { openTest, type OpenTest, type RunToTest } from './tested.js';

/** How a run is evaluated, beside what evaluatePictures() takes. */
export interface EvaluateRunOptions extends Omit<EvaluateOptions, 'gpu' | 'pairs' | 'constant' | 'onSample'> {
  /** Of a run that translates both ways the one to evaluate. Default: the first. */
  readonly direction?: string | undefined;
  /** Pictures that are made of each input, with other random draws. Default 1. */
  readonly outputs?: number;
  /** Told of each sample when it is measured. */
  readonly onSample?: (
    sample: EvaluatedSample,
    values: Readonly<Record<string, number>>,
    done: number,
    total: number,
  ) => void | Promise<void>;
}

/** What evaluateRun() found. */
export interface EvaluatedRun extends Evaluation {
  /** The split that was measured: one that was chosen, or the images that the run is validated on. */
  readonly split: Split | 'validation';
  /** What was translated into what, where that can be said. */
  readonly direction: string | undefined;
  /** Whether that is the way that is measured where none is named. */
  readonly isFirstWay: boolean;
  /** How images came to their size, in words. */
  readonly prepared: string;
  /** The headings of what is given, made and real. */
  readonly titles: { readonly given?: string; readonly made: string; readonly real: string };
}

/**
 * Evaluates the networks of a run on the samples that it is validated on, or others: makes a picture of each, measures it against the real
 * one, and beside it the mean of the training pictures.
 *
 * @param say prints what the user should know about the data
 * @throws as openTest() and evaluatePictures(); CHECKPOINT_MISMATCH for a run of a scheme that says nothing of what would be right;
 *   BAD_FLAG for several outputs that are all alike
 */
export async function evaluateRun(
  gpu: Gpu,
  run: RunToTest,
  options: EvaluateRunOptions,
  say: (line: string) => void,
): Promise<EvaluatedRun> {
  const { outputs = 1, direction, onSample, ...measured } = options;
  const test = await openTest(gpu, run, say);
  try {
    const compared = comparedOf(test, run, direction);
    if (outputs > 1 && !test.draws) throw withoutDraws(outputs);
    const wanted = columnCalled(test, compared.real);
    const coding = savedCodings(run.checkpoint.info.options);
    const numbers = codingsOf(coding)?.target.measured === 'numbers';
    const constant = numbers ? undefined : await meanTarget(test, wanted);
    const evaluation = await evaluatePictures(samplesOf(test, compared, { outputs, numbers }), {
      ...measured,
      options: { ...knownOptions(coding), ...measured.options },
      ...{ gpu, constant, pairs: test.related },
      onSample: (sample, values, done) => onSample?.(sample, values, done, test.length),
    });
    const { given, made, real } = compared;
    return {
      ...evaluation,
      ...{ split: test.split ?? (test.unvalidated ? 'train' : 'validation'), direction: compared.direction, isFirstWay: compared.isFirst },
      prepared: describePrepared(test.plan),
      titles: { ...(given !== undefined && { given }), made, real },
    };
  } finally {
    test.dispose();
  }
}

/** What is compared, by headings; what is given, and the direction, may not be known. */
interface Compared extends Pick<ComparedColumns, 'made' | 'real'> {
  readonly given?: string | undefined;
  readonly direction?: string | undefined;
  readonly isFirst: boolean;
}

/** What metrics need not be told of images that are coded: the palette of label maps. */
export const knownOptions = ({ palette }: CodingOptions = {}): { palette?: string } => (palette === undefined ? {} : { palette });

/** What is made, and what it should be like. @throws CHECKPOINT_MISMATCH where the scheme does not say; BAD_FLAG for another direction */
function comparedOf({ columns }: OpenTest, { scheme, checkpoint }: RunToTest, direction: string | undefined): Compared {
  const { given, made, wanted, compared = [] } = columns;
  const [first, right] = [made[0], wanted[0]];
  if (compared.length === 0 && (first === undefined || right === undefined)) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `A run of ${scheme.title} says of no picture what would be right`, {
      expected: 'a run that translates pictures, of pix2pix or CycleGAN',
      received: scheme.title,
      fix: 'make its pictures (npx shadegrad translate, or generate), and compare folders: --made DIR --real DIR, with --unpaired for sets',
    });
  }
  const own = checkpoint.info.options.direction;
  const ways = compared.length > 0 ? compared.map((each) => each.direction) : typeof own === 'string' ? [own] : [];
  if (direction !== undefined && !ways.includes(direction)) {
    throw new ShadegradError('BAD_FLAG', `The run does not translate ${direction}`, {
      expected: ways.length > 0 ? `--direction ${ways.join(' or ')}` : 'no --direction',
      received: `--direction ${direction}`,
      fix: 'leave it out',
    });
  }
  const way = compared.find((each) => each.direction === direction) ?? compared[0];
  if (way) return { ...way, isFirst: way === compared[0] };
  return { given: given[0]?.title, made: first!, real: right!.title, direction: ways[0], isFirst: true };
}

/** A column of pictures that training does not change. */
const columnCalled = ({ columns: { given, wanted } }: OpenTest, title: string): PictureColumn =>
  [...given, ...wanted].find((column) => column.title === title)!;

/** The mean of some training pictures; undefined where it is not known what the run is trained on. */
async function meanTarget({ train, fit }: OpenTest, { half }: PictureColumn): Promise<RgbImage | undefined> {
  if (train === undefined) return undefined;
  const pairs = asPairs(train);
  return meanImage(fittedPairs(pairs, spread(pairs.length, SAMPLED_PAIRS), fit), half);
}

async function* samplesOf(
  test: OpenTest,
  { given, made, real }: Compared,
  { outputs, numbers }: { readonly outputs: number; readonly numbers: boolean },
): AsyncGenerator<EvaluatedSample> {
  const at = test.columns.made.indexOf(made);
  const seen = (image: RgbImage): RgbImage => measuredPicture(image, numbers);
  // Of two sets the smaller one is gone through several times, and each picture counts once.
  const counted = { given: new Set<string>(), real: new Set<string>() };
  const isNew = (set: Set<string>, { data }: RgbImage): boolean => set.size < set.add(createHash('sha256').update(data).digest('hex')).size;
  for await (const { name, pictures, others = [] } of test.each(outputs)) {
    const titled = (title: string): RgbImage => seen(pictures.find((picture) => picture.title === title)!.image);
    const all = [titled(made), ...others.map((picture) => seen(picture[at]!))];
    const source = given === undefined ? undefined : titled(given);
    const target = titled(real);
    const first = test.related || source === undefined || isNew(counted.given, source);
    const second = test.related || isNew(counted.real, target);
    if (!first && !second) continue;
    yield {
      name,
      ...(first && { made: all[0]!, ...(source && { given: source }), ...(all.length > 1 && { outputs: all }) }),
      ...(second && { real: target }),
    };
  }
}

/** What is compared of an image: its numbers, or the picture, as of colours that came of other numbers, such as those of CIELAB. */
export const measuredPicture = (image: RgbImage, numbers: boolean): RgbImage =>
  numbers ? image : { width: image.width, height: image.height, data: image.data };

/** The error of several pictures of one input by networks that draw nothing: they would all be the same. */
export const withoutDraws = (outputs: number): ShadegradError =>
  new ShadegradError('BAD_FLAG', `--samples ${outputs} would give the same picture each time`, {
    expected: 'a network with dropout (train --dropout), or with random numbers beside the input (train --z N)',
    received: 'one that draws nothing',
    fix: 'leave out --samples',
  });
