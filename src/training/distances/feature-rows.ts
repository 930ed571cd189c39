import { ShadegradError } from '../../errors.js';

/** The features of a set of images: as many numbers of each. Distances between sets are computed of two of these. */
export class FeatureRows {
  /** The numbers, in the order of the images: whole rows in each part. */
  readonly rows: Float32Array[] = [];
  #count = 0;

  /** Begins a set of no images. @param dimensions how many numbers an image has */
  constructor(readonly dimensions: number) {}

  /** How many images there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds images.
   *
   * @param numbers [images, dimensions], which are kept
   * @throws INVALID_ARGUMENT for part of an image, or numbers that are not finite
   */
  add(numbers: Float32Array): void {
    const wrong = numbers.findIndex((number) => !Number.isFinite(number));
    if (numbers.length % this.dimensions !== 0 || wrong >= 0) {
      throw new ShadegradError('INVALID_ARGUMENT', 'features of images', {
        expected: `${this.dimensions} finite numbers of each image`,
        received: wrong >= 0 ? `${numbers[wrong]} at index ${wrong}` : `${numbers.length} numbers`,
        fix: 'add what the network makes of whole images, and look at its weights where that is not finite',
      });
    }
    if (numbers.length === 0) return;
    this.rows.push(numbers);
    this.#count += numbers.length / this.dimensions;
  }

  /** The numbers of one image. */
  at(index: number): Float32Array {
    let left = index * this.dimensions;
    for (const part of this.rows) {
      if (left < part.length) return part.subarray(left, left + this.dimensions);
      left -= part.length;
    }
    throw new RangeError(`image ${index} of ${this.count}`);
  }
}
