import type { RgbImage } from '../../data/image.js';
import type { Palette } from '../../data/palettes/palette.js';
import type { WeightFile } from '../../formats/weight-file.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { PixelSize } from '../../pixel-size.js';
import type { OptionRow, OptionValue } from '../option-table.js';
import type { SchemeMetric } from '../scheme.js';

/** A sample as metrics see it: a picture that was made, the real one that it should be like, or both. */
export interface EvaluatedSample {
  /** What results and errors call it. */
  readonly name: string;
  /** The picture that was made. Left out where a set of real pictures is larger than that of made ones. */
  readonly made?: RgbImage;
  /** The real one: of pairs the very picture that `made` should be, of the same sides; else any of the real ones. */
  readonly real?: RgbImage;
  /** The picture that `made` was made of, where it is known. */
  readonly given?: RgbImage;
  /** Several pictures that were made of the same one, `made` the first of them. Left out where there is no second. */
  readonly outputs?: readonly RgbImage[];
}

/** Values by the names of a metric's columns; NaN is one that there was nothing to measure for. */
export type MetricValues = Readonly<Record<string, number>>;

/** A measurement in progress, which begin() of a metric has made. */
export interface Measurement {
  /**
   * Takes a sample.
   *
   * @returns the values of this sample by itself, where it has some: of all or of none of the columns
   */
  add(sample: EvaluatedSample): MetricValues | undefined | Promise<MetricValues | undefined>;
  /** The values of all samples together. Left out where these are the means of those of the samples. */
  together?(): MetricValues | Promise<MetricValues>;
  /** What the reader of the values should know of them, each a sentence without a full stop; asked for after together(). */
  remarks?(): readonly string[];
  /** Gives back what it holds on the device. */
  dispose?(): void;
}

/** A file of weights that a metric needs and does not come with the library: the user names it by a flag. */
export interface MetricWeights {
  /** The name of the flag, and of the file in MetricContext. */
  readonly flag: string;
  /** What the help says of the flag. */
  readonly description: string;
}

/** A model that tells the class of each pixel of a picture. */
export interface PixelModel {
  /** What it is, for results: the file, and the network in it. */
  readonly title?: string;
  /** The size at which it looks at pictures, in pixels; null for that of the picture. */
  readonly size: PixelSize | null;
  /** How many classes it tells apart; undefined where that is not known before it has looked at one. */
  readonly classes?: number | undefined;
  /** Their names and colours, where they are known. */
  readonly palette: Palette | null;
  /**
   * Tells the classes of a picture's pixels, a byte each.
   *
   * @param image of `size`
   */
  classesOf(image: RgbImage): Promise<Uint8Array>;
  /** What the reader of results should know of what it saw, each a sentence without a full stop. Default: nothing. */
  remarks?(): readonly string[];
  /** Gives back what it holds on the device. */
  dispose?(): void;
}

/** What a metric may ask for when it begins. */
export interface MetricContext {
  /** The device; null unless the metric says `onDevice`. */
  readonly gpu: Gpu | null;
  /** The files of its `weights`, open, by the names of their flags. */
  readonly weights: Readonly<Record<string, WeightFile>>;
  /** The models that it needs, by the names of their flags. */
  readonly models: Readonly<Record<string, PixelModel>>;
  /** The options of the metric, complete. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** What random draws follow from. */
  readonly seed: number;
}

/**
 * A metric of made pictures against real ones: a file, and a row of the table in registry.ts. Programs, results and pages work from what
 * stands here, and name no metric.
 */
export interface EvaluationMetric {
  /** What --metrics and results call it. Never changed. */
  readonly name: string;
  /** What it measures, for the help, from the name on. */
  readonly description: string;
  /**
   * What it compares: each made picture with its own real one (`pairs`); all made pictures with all real ones, which need not belong
   * together (`sets`); or several pictures that were made of one (`outputs`).
   */
  readonly compares: 'pairs' | 'sets' | 'outputs';
  /** What it gives: one value or several, by names that no other metric has. */
  readonly values: Readonly<Record<string, SchemeMetric>>;
  /** The shortest side in pixels that its pictures may have. Default 1. */
  readonly leastSide?: number;
  /** Files that it needs. It is measured where all of them are named, and never otherwise. */
  readonly weights?: readonly MetricWeights[];
  /** Models that tell classes of pixels, and which it needs, likewise. */
  readonly models?: readonly MetricWeights[];
  /** Whether it needs what the pictures were made of. Default false. */
  readonly givenToo?: boolean;
  /** Those of its options without which it is never measured, by their names. Default: none. */
  readonly needs?: readonly string[];
  /** Options with their flags, by names in camel case that no other metric has. */
  readonly options?: Readonly<Record<string, OptionRow>>;
  /** Whether it computes on the device. Default: it needs none. */
  readonly onDevice?: boolean;
  /** Begins a measurement. @throws what reading the files throws */
  begin(context: MetricContext): Measurement | Promise<Measurement>;
}

/** A metric that looks at one pair after the other, and whose value is the mean of theirs. */
export function pairMetric(
  row: Omit<EvaluationMetric, 'compares' | 'begin'>,
  measure: (made: RgbImage, real: RgbImage, options: MetricContext['options']) => MetricValues,
): EvaluationMetric {
  return { ...row, compares: 'pairs', begin: ({ options }) => ({ add: ({ made, real }) => measure(made!, real!, options) }) };
}
