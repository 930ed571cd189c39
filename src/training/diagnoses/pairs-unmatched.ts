import { blurPlane, sobel } from '../../data/gaussian.js';
import type { RgbImage } from '../../data/image.js';
import { resizeBicubic } from '../../data/resize.js';
import { inWords, type Diagnosis, type PairsSample } from './diagnosis.js';

/** Pairs that tell anything. */
const FEWEST = 16;
/** Outlines are compared at this size at most, blurred by so many pixels: those of one thing lie side by side in photo and drawing. */
const SIDE = 128;
const SIGMA = 1;
/**
 * How much better than with the images of other pairs an image agrees with its own, in standard errors of the mean. Of 24 real pairs it is
 * 7.3 (facades, training), 11.4 (facades, validation) and 11.7 (10 of edges2shoes); of pairs that were shuffled it scatters about 0 by 1.
 */
const MATCHED = 1.5;
/** Another place in the order is the right one when it is so much better. */
const MISPLACED = 5;

/** How outlines agree: with those of the own partner, and with the partners of others. */
export interface OutlineAgreement {
  /** The mean correlation of the outlines of A and of B within a pair. */
  readonly own: number;
  /** Likewise of A with the B of other pairs. */
  readonly others: number;
  /** How many standard errors the mean of the differences is above 0. */
  readonly certainty: number;
}

/** Outlines as a vector of length 1; null for a picture without any. */
function outlinesOf(image: RgbImage, side: number): Float64Array | null {
  const small = image.width === side && image.height === side ? image : resizeBicubic(image, side, side);
  // The strongest of the channels: labels may be of one lightness. Of its root, so that faint outlines count beside hard ones.
  const strength = new Float64Array(side * side);
  for (let channel = 0; channel < 3; channel++) {
    const plane = Float64Array.from(strength, (_, at) => small.data[at * 3 + channel]! / 255);
    const { x, y } = sobel(blurPlane({ width: side, height: side, data: plane }, side / 64));
    for (let at = 0; at < strength.length; at++) strength[at] = Math.max(strength[at]!, Math.hypot(x[at]!, y[at]!));
  }
  return unit(blurPlane({ width: side, height: side, data: strength.map(Math.sqrt) }, SIGMA).data);
}

function unit(values: Float64Array): Float64Array | null {
  const length = Math.sqrt(product(values, values));
  return length < 1e-6 ? null : values.map((each) => each / length);
}

/** Outlines without what all of them have in common, such as an object in the middle: that agrees across pairs, too. */
function withoutMean(outlines: readonly (Float64Array | null)[]): (Float64Array | null)[] {
  const known = outlines.filter((each) => each !== null);
  const mean = new Float64Array(known[0]?.length ?? 0);
  for (const each of known) for (let at = 0; at < mean.length; at++) mean[at]! += each[at]! / known.length;
  return outlines.map((each) => {
    const rest = each?.map((value, at) => value - mean[at]!);
    const middle = rest ? rest.reduce((sum, value) => sum + value, 0) / rest.length : 0;
    return rest ? unit(rest.map((value) => value - middle)) : null;
  });
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

type Outlined = readonly (readonly { readonly a: Float64Array | null; readonly b: Float64Array | null }[])[];

function outlined(groups: PairsSample['neighbours']): Outlined {
  const pairs = groups.flat();
  const side = Math.min(SIDE, ...pairs.flatMap(({ a, b }) => [a.width, a.height, b.width, b.height]));
  const of = (half: 'a' | 'b'): (Float64Array | null)[] => withoutMean(pairs.map((pair) => outlinesOf(pair[half], side)));
  const [a, b] = [of('a'), of('b')];
  let at = -1;
  return groups.map((group) => group.map(() => ({ a: a[++at]!, b: b[at]! })));
}

/**
 * Compares the outlines of the images of pairs: within each pair, and across pairs.
 *
 * @param shift compares A with the B of so many pairs later, in the place of its own
 * @returns null where too few pairs have outlines
 */
export function outlineAgreement(groups: PairsSample['neighbours'], shift = 0): OutlineAgreement | null {
  return agreementOf(outlined(groups), shift);
}

function agreementOf(groups: Outlined, shift: number): OutlineAgreement | null {
  const all = groups.flat();
  const seen: { readonly own: number; readonly others: number }[] = [];
  for (const group of groups) {
    for (const [at, { a }] of group.entries()) {
      const partner = group[at + shift];
      if (!a || !partner?.b) continue;
      const rest = all.flatMap((each) => (each !== partner && each.b ? [product(a, each.b)] : []));
      if (rest.length > 0) seen.push({ own: product(a, partner.b), others: rest.reduce((sum, each) => sum + each, 0) / rest.length });
    }
  }
  if (seen.length < FEWEST) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const gains = seen.map(({ own, others }) => own - others);
  const gain = mean(gains);
  const error = Math.sqrt(mean(gains.map((each) => (each - gain) ** 2)) / (gains.length - 1));
  return { own: mean(seen.map(({ own }) => own)), others: mean(seen.map(({ others }) => others)), certainty: gain / Math.max(error, 1e-9) };
}

const SHIFTS = [1, -1, 2, -2];

/** Halves that do not belong together: their outlines agree no better than those of images of different pairs. */
export const pairsUnmatched: Diagnosis<PairsSample> = {
  name: 'pairs-unmatched',
  title: 'the pairs do not seem to match',
  find({ neighbours }) {
    const outlines = outlined(neighbours);
    const own = agreementOf(outlines, 0);
    if (!own || own.certainty >= MATCHED) return undefined;
    const count = outlines.flat().length;
    const numbers =
      `outlines of A and B agree by ${inWords(own.own)} within ${count} pairs and by ${inWords(own.others)} across them ` +
      `(${inWords(own.certainty)} standard errors more)`;
    const better = SHIFTS.find((shift) => (agreementOf(outlines, shift)?.certainty ?? 0) >= MISPLACED);
    if (better === undefined) return numbers;
    return `${numbers}; each A fits the B of the ${Math.abs(better) === 1 ? '' : 'second '}pair ${better > 0 ? 'after' : 'before'} it`;
  },
  tries: () => [
    'a look at some pairs: names that sort differently, a missing file, or one side turned or mirrored (prepare check DIR)',
    'CycleGAN, if there are no pairs (--scheme cyclegan)',
  ],
};
