import type { RgbImage } from '../../data/image.js';
import type { OptionValue } from '../option-table.js';
import type { Baseline, SchemeLoss, SchemeMetric } from '../scheme.js';
import type { TrainedStep } from '../trainer.js';

/** What a run has shown so far: what its log and its report have, and nothing that the device would have to be asked for. */
export interface RunSoFar {
  /** Steps that are done. */
  readonly step: number;
  /** The losses that the scheme has with the run's options. */
  readonly lossRows: Readonly<Record<string, SchemeLoss>>;
  /** The losses of the steps, in their order; of very long runs, of steps at equal distances. */
  readonly losses: readonly TrainedStep[];
  /** The metrics of the scheme. */
  readonly metricRows: Readonly<Record<string, SchemeMetric>>;
  /** The measurements on the validation images, in their order. */
  readonly measured: readonly { readonly step: number; readonly metrics: Readonly<Record<string, number>> }[];
  /** What was made of a few of these images, each time: of each image a picture of each column. */
  readonly snapshots: readonly { readonly step: number; readonly outputs: readonly (readonly RgbImage[])[] }[];
  /** Pictures that differ about as much as what is made of them should: the targets, or else what is given. Empty where there are none. */
  readonly expected: readonly RgbImage[];
  /** What a predictor that learns nothing of its input scores. */
  readonly baseline?: Baseline | undefined;
  /** The learning rate of the last step, as a part of that of the run. */
  readonly rateShare: number;
  /** The settings of the run by name. */
  readonly settings: Readonly<Record<string, OptionValue>>;
  /** A learning rate to try. */
  readonly lowerRate: number;
}

/** What is known of the training pairs before the first step. */
export interface PairsSample {
  /** Some pairs, neighbours in their order, as the networks see them. */
  readonly neighbours: readonly (readonly { readonly a: RgbImage; readonly b: RgbImage }[])[];
  /** The colours of some pictures as they lie in files, of either half; empty where they lie in none. */
  readonly colours: Readonly<Record<'a' | 'b', readonly ColoursOfPicture[]>>;
}

/** The colours of a picture. */
export interface ColoursOfPicture {
  readonly colours: number;
  readonly flat: number;
  readonly saturation: number;
}

/** A kind of trouble that a run or its data may have: a file, and a row in the table of registry.ts. */
export interface Diagnosis<Evidence> {
  /** Its name in the log; never changed. */
  readonly name: string;
  /** What is wrong, as a sentence without its full stop. */
  readonly title: string;
  /** The numbers that say so, in words; undefined where nothing says so. */
  find(evidence: Evidence): string | undefined;
  /** What to try, each with the flag that does it where there is one. */
  tries(evidence: Evidence): string[];
}

/** A trouble that was found in a run or in its data. */
export interface Finding {
  /** The name of the diagnosis. */
  readonly diagnosis: string;
  /** What is wrong, as a sentence without its full stop. */
  readonly title: string;
  /** The step after which it was found; 0 before the first. */
  readonly step: number;
  /** The numbers that say so, in words. */
  readonly evidence: string;
  /** What to try. */
  readonly tries: readonly string[];
}

/** Looks for every kind of trouble of a table. */
export function findAll<Evidence>(table: readonly Diagnosis<Evidence>[], step: number, evidence: Evidence): Finding[] {
  return table.flatMap(({ name, title, find, tries }) => {
    const found = find(evidence);
    return found === undefined ? [] : [{ diagnosis: name, title, step, evidence: found, tries: tries(evidence) }];
  });
}

/** A finding in one line. */
export const inOneLine = ({ title, evidence, tries }: Pick<Finding, 'title' | 'evidence' | 'tries'>): string =>
  `${title}: ${evidence}${tries.length > 0 ? `; try ${tries.join(', or ')}` : ''}`;

/** The mean of a loss over the steps after `after`, up to `upTo`; undefined where fewer steps than half of `least` have it. */
export function meanLoss(losses: readonly TrainedStep[], name: string, after: number, upTo: number, least = 2): number | undefined {
  let [sum, count] = [0, 0];
  for (let at = losses.length - 1; at >= 0 && losses[at]!.step > after; at--) {
    const value = losses[at]!.step <= upTo ? losses[at]!.losses[name] : undefined;
    if (value === undefined || !Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 || 2 * count < least ? undefined : sum / count;
}

/** The losses of a run that play a part. */
export const lossesOf = ({ lossRows }: Pick<RunSoFar, 'lossRows'>, role: SchemeLoss['role']): string[] =>
  Object.keys(lossRows).filter((name) => lossRows[name]!.role === role);

/** A number for a sentence. */
export const inWords = (value: number): string =>
  Math.abs(value) >= 1e-4 || value === 0 ? String(Number(value.toPrecision(3))) : value.toExponential(1);

/** The mean absolute difference of two pictures of one size on the scale of [-1, 1]. */
export function difference({ data: a }: RgbImage, { data: b }: RgbImage): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs(a[at]! - b[at]!);
  return sum / a.length / 127.5;
}

/** How much pictures differ from each other: the mean over all pairs of them. */
export function spreadOf(pictures: readonly RgbImage[]): number {
  let [sum, count] = [0, 0];
  for (const [at, picture] of pictures.entries()) {
    for (const other of pictures.slice(at + 1)) {
      sum += difference(picture, other);
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}
