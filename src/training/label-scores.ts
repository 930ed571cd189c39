import { ShadegradError } from '../errors.js';

/** The scores of label maps, each from 0 to 1; 1 is best. */
export interface LabelScores {
  /** The share of all pixels whose class is right. */
  readonly pixelAccuracy: number;
  /** The mean over the classes of the share of a class's pixels that were found. */
  readonly classAccuracy: number;
  /** The mean over the classes of intersection over union: pixels found rightly, of those that are of the class or were taken for it. */
  readonly meanIou: number;
  /** Of each class the share of its pixels that were found. */
  readonly accuracies: readonly number[];
  /** Of each class the intersection over union. */
  readonly ious: readonly number[];
}

/** Keeps a class that no pixel is of from being divided by zero. */
const EPSILON = 1e-12;

/** How often pixels of each class were taken for each class, or for none, over any number of label maps. */
export class LabelCounts {
  /** Counts at [right * (classes + 1) + found]; in the last column those that were taken for none. Whole numbers. */
  readonly counts: Float64Array;

  /** Begins with nothing. @throws INVALID_ARGUMENT unless the classes are a whole number from 1 to 255 */
  constructor(
    /** The number of classes. */
    readonly classes: number,
  ) {
    if (!(Number.isInteger(classes) && classes >= 1 && classes <= 255)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'classes of label maps', {
        expected: 'a whole number from 1 to 255',
        received: String(classes),
        fix: 'pass the number of classes of the palette',
      });
    }
    this.counts = new Float64Array(classes * (classes + 1));
  }

  /**
   * Counts the pixels of a label map.
   *
   * @param found the class of each pixel that was found; what is no class is wrong
   * @param right the class of each pixel; pixels of what is no class are not counted
   * @throws SHAPE_MISMATCH for other lengths
   */
  add(found: Uint8Array, right: Uint8Array): void {
    const { classes, counts } = this;
    expectAlike('pixels of label maps', right.length, found.length);
    for (let pixel = 0; pixel < right.length; pixel++) {
      const wanted = right[pixel]!;
      if (wanted < classes) counts[wanted * (classes + 1) + Math.min(found[pixel]!, classes)]!++;
    }
  }

  /** Adds the counts of other label maps. @throws SHAPE_MISMATCH for other classes */
  merge(other: LabelCounts): void {
    expectAlike('classes of label maps', this.classes, other.classes);
    other.counts.forEach((count, at) => (this.counts[at]! += count));
  }

  /**
   * The scores of all that was counted, as the Cityscapes evaluation of pix2pix has them (Long et al. 2015, section 5): a class of which
   * there is no pixel counts as 0.
   *
   * @returns NaN for all where nothing was counted
   */
  scores(): LabelScores {
    const { classes, counts } = this;
    const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
    const indices = [...Array(classes).keys()];
    const at = (wanted: number, found: number): number => counts[wanted * (classes + 1) + found]!;
    const right = indices.map((each) => at(each, each));
    const ofClass = indices.map((each) => sum([...indices, classes].map((found) => at(each, found))));
    const takenFor = indices.map((each) => sum(indices.map((wanted) => at(wanted, each))));
    // Of nothing at all there is no score.
    const all = sum(ofClass) || NaN;
    const accuracies = indices.map((each) => right[each]! / (ofClass[each]! + EPSILON) + 0 * all);
    const ious = indices.map((each) => right[each]! / (ofClass[each]! + takenFor[each]! - right[each]! + EPSILON) + 0 * all);
    const mean = (values: readonly number[]): number => sum(values) / classes;
    return { pixelAccuracy: sum(right) / (all + EPSILON), classAccuracy: mean(accuracies), meanIou: mean(ious), accuracies, ious };
  }
}

function expectAlike(what: string, expected: number, received: number): void {
  if (expected === received) return;
  throw new ShadegradError('SHAPE_MISMATCH', what, {
    expected: String(expected),
    received: String(received),
    fix: 'compare label maps of one size and one palette; resize them by the nearest pixel',
  });
}
