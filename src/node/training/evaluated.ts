import { codingsOf, savedCodings } from '../../data/codings/options.js';
import type { RgbImage } from '../../data/image.js';
import { asPairs } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { evaluatePictures, type EvaluateOptions, type Evaluation } from '../../training/evaluation/evaluate.js';
import type { EvaluatedSample } from '../../training/evaluation/metric.js';
import { meanImage } from '../../training/metrics.js';
import { fittedPairs } from '../../training/paired-evaluator.js';
import type { PictureColumn } from '../../training/scheme.js';
import { spread } from '../images/spread.js';
import { SAMPLED_PAIRS } from './data.js';
import type { Split } from '../images/dataset.js';
import { openTest, type OpenTest, type RunToTest } from './tested.js';

/** How a run is evaluated, beside what evaluatePictures() takes. */
export interface EvaluateRunOptions extends Omit<EvaluateOptions, 'gpu' | 'pairs' | 'constant' | 'onSample'> {
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
  /** The split that was measured, where one was chosen. */
  readonly split: Split | undefined;
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
  const { outputs = 1, onSample, ...measured } = options;
  const test = await openTest(gpu, run, say);
  try {
    const [made, wanted] = comparedOf(test, run);
    const numbers = codingsOf(savedCodings(run.checkpoint.info.options))?.target.measured === 'numbers';
    const constant = numbers ? undefined : await meanTarget(test, wanted);
    const evaluation = await evaluatePictures(samplesOf(test, made, wanted, { outputs, numbers }), {
      ...measured,
      ...{ gpu, constant, pairs: test.related },
      onSample: (sample, values, done) => onSample?.(sample, values, done, test.length),
    });
    const given = test.columns.given[0];
    return { ...evaluation, split: test.split, titles: { ...(given && { given: given.title }), made, real: wanted.title } };
  } finally {
    test.dispose();
  }
}

/** What is made, and what it should be like. @throws CHECKPOINT_MISMATCH where the scheme does not say */
function comparedOf({ columns: { made, wanted } }: OpenTest, { scheme }: RunToTest): readonly [made: string, wanted: PictureColumn] {
  const [first, right] = [made[0], wanted[0]];
  if (first !== undefined && right !== undefined) return [first, right];
  throw new ShadegradError('CHECKPOINT_MISMATCH', `A run of ${scheme.title} says of no picture what would be right`, {
    expected: 'a run of pairs, such as one of pix2pix',
    received: scheme.title,
    fix: 'make its pictures (npx shadegrad translate, or generate), and compare folders: --made DIR --real DIR',
  });
}

/** The mean of some training pictures; undefined where it is not known what the run is trained on. */
async function meanTarget({ train, fit }: OpenTest, { half }: PictureColumn): Promise<RgbImage | undefined> {
  if (train === undefined) return undefined;
  const pairs = asPairs(train);
  return meanImage(fittedPairs(pairs, spread(pairs.length, SAMPLED_PAIRS), fit), half);
}

async function* samplesOf(
  test: OpenTest,
  made: string,
  wanted: PictureColumn,
  { outputs, numbers }: { readonly outputs: number; readonly numbers: boolean },
): AsyncGenerator<EvaluatedSample> {
  const { given: inputs } = test.columns;
  const at = test.columns.made.indexOf(made);
  // Of colours that came of other numbers, such as those of CIELAB, the pictures are compared.
  const seen = (image: RgbImage): RgbImage => (numbers ? image : { width: image.width, height: image.height, data: image.data });
  for await (const { name, pictures, others = [] } of test.each(outputs)) {
    const titled = (title: string): RgbImage => seen(pictures.find((picture) => picture.title === title)!.image);
    const all = [titled(made), ...others.map((picture) => seen(picture[at]!))];
    if (all.length > 1) expectVariety(all);
    yield {
      name,
      made: all[0]!,
      real: titled(wanted.title),
      ...(inputs[0] && { given: titled(inputs[0].title) }),
      ...(all.length > 1 && { outputs: all }),
    };
  }
}

/** @throws BAD_FLAG for pictures that are the same to the last bit */
function expectVariety(pictures: readonly RgbImage[]): void {
  const [first, ...rest] = pictures as [RgbImage, ...RgbImage[]];
  if (rest.some(({ data }) => data.some((byte, at) => byte !== first.data[at]))) return;
  throw new ShadegradError('BAD_FLAG', `--samples ${pictures.length} gives the same picture each time`, {
    expected: 'a run with dropout (train --dropout), or with random numbers beside the input (train --z N)',
    received: 'one that draws nothing',
    fix: 'leave out --samples',
  });
}
