import { cannyEdges, luminancePlane } from '../data/inputs/edges.js';
import { expectImage, type RgbImage } from '../data/image.js';
import { ShadegradError } from '../errors.js';
import { described } from '../checks.js';

/** How well the outlines of an image lie on those of its target. All three are 1 for equal images, and 0 where none meet. */
export interface EdgeAgreement {
  /** Of the image's edge pixels the share at an edge of the target; low where there is texture that should not be. 1 without edges. */
  readonly precision: number;
  /** Of the target's edge pixels the share that lie at an edge of the image; low where it is blurred. 1 without edges. */
  readonly recall: number;
  /** The harmonic mean of both. */
  readonly f1: number;
}

/** Canny's settings, those of the input `edges`. */
const CANNY = { sigma: 1, low: 0.2, high: 0.5 } as const;

/**
 * Measures how well the outlines of an image (by Canny, of its luminance) lie on those of its target: what L1 and SSIM,
 * which blur improves, do not tell of a picture's sharpness.
 *
 * @param tolerance how far apart in pixels, along both axes, edges may lie and still meet: 0 to 16
 * @throws SHAPE_MISMATCH when the sizes differ; IMAGE_SIZE; INVALID_ARGUMENT for another tolerance
 */
export function imageEdgeAgreement(image: RgbImage, target: RgbImage, tolerance = 1): EdgeAgreement {
  expectImage(image, 'the first image');
  expectImage(target, 'the second image');
  if (image.width !== target.width || image.height !== target.height) {
    throw new ShadegradError('SHAPE_MISMATCH', 'images of different sizes cannot be compared', {
      expected: `${image.width} x ${image.height} pixels`,
      received: `${target.width} x ${target.height} pixels`,
      fix: 'bring both to one size first: resizeBicubic(image, width, height)',
    });
  }
  if (!Number.isInteger(tolerance) || tolerance < 0 || tolerance > 16) {
    throw new ShadegradError('INVALID_ARGUMENT', 'tolerance of imageEdgeAgreement', {
      expected: 'a whole number of pixels from 0 to 16',
      received: described(tolerance),
      fix: 'leave it out for 1',
    });
  }
  const { width } = image;
  const [own, theirs] = [image, target].map((each) => cannyEdges(luminancePlane(each), CANNY)) as [Uint8Array, Uint8Array];
  const precision = shareThatMeets(own, theirs, width, tolerance);
  const recall = shareThatMeets(theirs, own, width, tolerance);
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** Of the marks of one map the share with a mark of the other within so many pixels; 1 for a map without marks. */
function shareThatMeets(marks: Uint8Array, others: Uint8Array, width: number, tolerance: number): number {
  const height = marks.length / width;
  const near = (at: number): boolean => {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let row = Math.max(0, y - tolerance); row <= Math.min(height - 1, y + tolerance); row++) {
      for (let column = Math.max(0, x - tolerance); column <= Math.min(width - 1, x + tolerance); column++) {
        if (others[row * width + column] === 1) return true;
      }
    }
    return false;
  };
  let [count, met] = [0, 0];
  for (let at = 0; at < marks.length; at++) {
    if (marks[at] !== 1) continue;
    count++;
    if (near(at)) met++;
  }
  return count === 0 ? 1 : met / count;
}
