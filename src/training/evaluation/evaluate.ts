import { expectImage, type RgbImage } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import { expectOptions, expectWord } from '../../checks.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { expectTable, type OptionRow, type OptionValue } from '../option-table.js';
import type { SchemeMetric } from '../scheme.js';
import { chooseMetrics, type LeftOutMetric, type MetricNeeds } from './chosen.js';
import type { EvaluatedSample, EvaluationMetric, Measurement, MetricValues, PixelModel } from './metric.js';
import { EVALUATION_METRICS } from './registry.js';
import { summarizeValues, type Summary } from './statistics.js';

export type { LeftOutMetric } from './chosen.js';

/** Options of evaluatePictures(): which metrics, and what these need. */
export interface EvaluateOptions {
  /** Names of metrics; by default `all` that need nothing that is not there. */
  readonly metrics?: readonly string[] | 'all';
  /** Whether each made picture has its own real one. Default true. */
  readonly pairs?: boolean;
  /** The device, for metrics that compute there. */
  readonly gpu?: Gpu;
  /** Files of weights that metrics need, open, by the names of their flags. */
  readonly weights?: Readonly<Record<string, WeightFile>>;
  /** Models of pixels that metrics need, by the names of their flags. */
  readonly models?: Readonly<Record<string, PixelModel>>;
  /** Options of metrics, by their names. */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** A picture that answers every sample alike, such as the mean of the training images: measured beside, for comparison. */
  readonly constant?: RgbImage | undefined;
  /** What random draws follow from: those of intervals, and of metrics that draw. Default 0. */
  readonly seed?: number;
  /** The metrics that there are. Default: EVALUATION_METRICS. */
  readonly table?: readonly EvaluationMetric[];
  /** Told of each sample when it is measured, with its own values. */
  readonly onSample?: (sample: EvaluatedSample, values: MetricValues, done: number) => void | Promise<void>;
}

/** A column of an evaluation: one of the values that a metric gives. */
export interface EvaluatedColumn extends SchemeMetric {
  /** The name of the value. */
  readonly name: string;
  /** The name of its metric. */
  readonly metric: string;
  /** All samples together: the number to report. */
  readonly value: number;
  /** What the values of the samples are like; left out where single samples have none, as of a metric of whole sets. */
  readonly samples?: Summary;
}

/** A sample with its own values. */
export interface EvaluatedPicture {
  /** What it is called. */
  readonly name: string;
  /** Its value of each column that has some; NaN where it has none. */
  readonly values: MetricValues;
}

/** What evaluatePictures() found. */
export interface Evaluation {
  /** The values of all samples together, in the order of the table of metrics. */
  readonly columns: readonly EvaluatedColumn[];
  /** The columns of the constant answer, where one was given: of metrics that compare it with real pictures. */
  readonly constant?: readonly EvaluatedColumn[];
  /** The samples one by one, in their order. */
  readonly pictures: readonly EvaluatedPicture[];
  /** Pictures that were made, and real ones. */
  readonly counts: { readonly made: number; readonly real: number };
  /** Metrics that were not asked for by name and could not be measured. */
  readonly leftOut: readonly LeftOutMetric[];
  /** What a reader of the values should know of them, such as that there were few pictures for one. */
  readonly remarks: readonly string[];
}

/** A metric that is being measured. */
interface Running {
  readonly metric: EvaluationMetric;
  readonly measurement: Measurement;
  /** Of each sample; undefined where single samples have no values. */
  readonly values: (MetricValues | undefined)[];
  /** Likewise of the constant answer, where there is one. */
  readonly constant?: Pick<Running, 'metric' | 'measurement' | 'values'>;
}

/**
 * Measures made pictures against real ones by the metrics of the table, one sample after the other, so that no more than a few pictures are
 * held at once.
 *
 * ```ts
 * const { columns } = await evaluatePictures([{ name: 'a', made, real }], { metrics: ['l1', 'ssim'] });
 * for (const { label, value, samples } of columns) console.log(label, value, samples?.interval);
 * ```
 *
 * @throws INVALID_ARGUMENT for metrics that there are not or that lack something, and for no samples; SHAPE_MISMATCH for a pair of two
 *   sizes; IMAGE_SIZE for a picture that is too small for a metric that was named; what reading samples and weights throws
 */
export async function evaluatePictures(
  samples: Iterable<EvaluatedSample> | AsyncIterable<EvaluatedSample>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const names = ['metrics', 'pairs', 'gpu', 'weights', 'models', 'options', 'constant', 'seed', 'table', 'onSample'] as const;
  expectOptions('evaluatePictures', options, names);
  const { pairs = true, weights = {}, models = {}, seed = 0, table = EVALUATION_METRICS, onSample } = options;
  expectWord('seed of an evaluation', seed);
  const rows = Object.assign({}, ...table.map((metric) => metric.options)) as Readonly<Record<string, OptionRow>>;
  expectOptions('metrics', options.options ?? {}, Object.keys(rows));
  const leftOut: LeftOutMetric[] = [];
  const running: Running[] = [];
  const counts = { made: 0, real: 0 };
  const called: string[] = [];
  try {
    for await (const sample of samples) {
      if (called.length === 0) {
        const needs: MetricNeeds = {
          ...{ pairs, outputs: (sample.outputs?.length ?? 0) > 1, given: sample.given !== undefined },
          ...{ weights: Object.keys(weights), models: Object.keys(models), options: Object.keys(options.options ?? {}) },
        };
        const chosen = chooseMetrics(table, options.metrics, needs);
        leftOut.push(...chosen.leftOut);
        for (const metric of chosen.metrics) running.push(await begun(metric, options, seed));
      }
      expectSample(sample, pairs);
      dropTooSmall(running, sample, options.metrics, leftOut);
      called.push(sample.name);
      if (sample.made) counts.made++;
      if (sample.real) counts.real++;
      const own: Record<string, number> = {};
      for (const { metric, measurement, values, constant } of running) {
        const found = await measurement.add(sample);
        values.push(found);
        if (constant && sample.real) constant.values.push(await constant.measurement.add({ ...sample, made: options.constant! }));
        for (const column of Object.keys(metric.values)) if (found) own[column] = found[column] ?? NaN;
      }
      await onSample?.(sample, own, called.length);
    }
    if (called.length === 0) {
      throw new ShadegradError('INVALID_ARGUMENT', 'samples to evaluate', {
        expected: 'at least one picture',
        received: 'none',
        fix: 'give pictures that were made, each with its real one',
      });
    }
    const columns = await columnsOf(running, seed);
    const answers = running.flatMap((each) => (each.constant ? [each.constant] : []));
    const constant = answers.length > 0 ? { constant: await columnsOf(answers, seed) } : {};
    const remarks = running.flatMap(({ measurement }) => measurement.remarks?.() ?? []);
    return { columns, ...constant, pictures: picturesOf(running, called), counts, leftOut, remarks };
  } finally {
    running.forEach(disposeOf);
  }
}

function disposeOf({ measurement, constant }: Running): void {
  measurement.dispose?.();
  constant?.measurement.dispose?.();
}

async function begun(metric: EvaluationMetric, evaluated: EvaluateOptions, seed: number): Promise<Running> {
  const { gpu, weights = {}, models = {}, options = {}, constant } = evaluated;
  if (metric.onDevice && !gpu) {
    throw new ShadegradError('INVALID_ARGUMENT', `the metric ${metric.name} computes on a device`, {
      expected: 'gpu among the options',
      received: 'none',
      fix: 'give the device: evaluatePictures(samples, { gpu })',
    });
  }
  const rows = metric.options ?? {};
  const typed = Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(rows, name)));
  const own = expectTable<Record<string, OptionValue>>(`the metric ${metric.name}`, typed, rows);
  const context = { gpu: metric.onDevice ? gpu! : null, weights, models, options: own, seed };
  const measurement = await metric.begin(context);
  if (!constant || metric.compares === 'outputs') return { metric, measurement, values: [] };
  try {
    return { metric, measurement, values: [], constant: { metric, measurement: await metric.begin(context), values: [] } };
  } catch (error) {
    measurement.dispose?.();
    throw error;
  }
}

/** @throws IMAGE_SIZE, SHAPE_MISMATCH, INVALID_ARGUMENT */
function expectSample({ name, made, real, outputs }: EvaluatedSample, pairs: boolean): void {
  for (const image of [made, real, ...(outputs ?? [])]) if (image) expectImage(image, `a picture of ${printableName(name)}`);
  if (made && real && (!pairs || (made.width === real.width && made.height === real.height))) return;
  if (!pairs && (made || real)) return;
  if (!made || !real) {
    throw new ShadegradError('INVALID_ARGUMENT', `${printableName(name)} is no pair`, {
      expected: 'a made picture and a real one',
      received: made ? 'a made one alone' : real ? 'a real one alone' : 'neither',
      fix: 'leave it out, or compare the sets: pairs: false',
    });
  }
  throw new ShadegradError('SHAPE_MISMATCH', `${printableName(name)}: the made picture and the real one are of two sizes`, {
    expected: sidesOf(real),
    received: sidesOf(made),
    fix: 'bring one of them to the size of the other first',
  });
}

const sidesOf = ({ width, height }: RgbImage): string => `${width} x ${height} pixels`;

/** Takes metrics away that a picture is too small for. @throws IMAGE_SIZE where it was named */
function dropTooSmall(running: Running[], sample: EvaluatedSample, named: EvaluateOptions['metrics'], leftOut: LeftOutMetric[]): void {
  for (const each of [...running]) {
    const { metric } = each;
    const { name, leastSide = 1 } = metric;
    const small = [sample.made, sample.real].find((image) => image && Math.min(image.width, image.height) < leastSide);
    if (!small) continue;
    if (Array.isArray(named)) {
      throw new ShadegradError('IMAGE_SIZE', `${printableName(sample.name)} is too small for the metric ${name}`, {
        expected: `sides of at least ${leastSide} pixels`,
        received: sidesOf(small),
        fix: `leave ${name} out, or make larger pictures`,
      });
    }
    leftOut.push({ name, why: `needs sides of at least ${leastSide} pixels; ${printableName(sample.name)} has ${sidesOf(small)}` });
    running.splice(running.indexOf(each), 1);
    disposeOf(each);
  }
}

/** Of each sample the value of a column; undefined where single samples have none. */
function valuesOf({ values }: Running, column: string): number[] | undefined {
  return values.some((each) => each !== undefined) ? values.map((each) => each?.[column] ?? NaN) : undefined;
}

async function columnsOf(running: readonly Running[], seed: number): Promise<EvaluatedColumn[]> {
  const ofSamples = running.flatMap((each) =>
    Object.keys(each.metric.values).flatMap((column) => {
      const values = valuesOf(each, column);
      return values ? [[column, values] as const] : [];
    }),
  );
  const summaries: Readonly<Record<string, Summary>> = summarizeValues(Object.fromEntries(ofSamples), seed);
  const columns: EvaluatedColumn[] = [];
  for (const { metric, measurement } of running) {
    const together = await measurement.together?.();
    for (const [name, row] of Object.entries(metric.values)) {
      const samples = summaries[name];
      columns.push({ ...row, name, metric: metric.name, value: together?.[name] ?? samples?.mean ?? NaN, ...(samples && { samples }) });
    }
  }
  return columns;
}

function picturesOf(running: readonly Running[], called: readonly string[]): EvaluatedPicture[] {
  return called.map((name, at) => ({ name, values: Object.assign({}, ...running.map(({ values }) => values[at])) as MetricValues }));
}
