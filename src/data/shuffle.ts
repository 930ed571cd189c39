import { ShadegradError } from '../errors.js';
import { expectWord } from '../checks.js';
import { boundedInteger, pcg4d } from '../random.js';
import { describeSize, widthAndHeight, type PixelSize } from '../pixel-size.js';

/** Keep the two uses of one seed apart. */
const PERMUTATION_STREAM = 0x7065726d;
const JITTER_STREAM = 0x6a697474;

/**
 * Draws the order in which an epoch visits `length` samples: a Fisher-Yates shuffle whose draws are hashes of (seed, epoch, position).
 * A resumed run needs no generator state, only the epoch.
 *
 * @param length samples in the set
 * @param seed whole number of 32 bits, such as the seed of a run
 * @param epoch whole number of 32 bits
 * @returns every index from 0 to length - 1 once
 * @throws INVALID_ARGUMENT unless `length` is a whole number from 1 up, and the others are of 32 bits
 */
export function epochPermutation(length: number, seed: number, epoch: number): Uint32Array {
  if (!Number.isInteger(length) || length < 1) {
    throw new ShadegradError('INVALID_ARGUMENT', 'a permutation of no samples', {
      expected: 'a whole number of samples from 1 up',
      received: String(length),
      fix: 'pass the length of a dataset that holds something',
    });
  }
  expectWord('seed of a permutation', seed);
  expectWord('epoch of a permutation', epoch);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = boundedInteger(pcg4d(seed, epoch, i, PERMUTATION_STREAM)[0], i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** Options of jitterDraw(): what the draw follows from, and the sizes. */
export interface JitterOptions {
  /** The seed of the run, a whole number of 32 bits. */
  seed: number;
  /** The epoch, a whole number of 32 bits. */
  epoch: number;
  /** The index of the sample in the data set, not its place in the epoch: the draw then survives another batch size. */
  index: number;
  /** What both halves are resized to before the crop, in pixels: the side of squares (286 in the paper), or width and height. */
  loadSize: PixelSize;
  /** The crop, likewise (256 in the paper). */
  cropSize: PixelSize;
}

/** The draw of one pair's jitter: where to crop the resized pair, and whether to mirror it; the same for both halves. */
export interface JitterDraw {
  /** Left edge of the crop, in pixels: 0 to the widths' difference. */
  cropX: number;
  /** Upper edge of the crop, in pixels: 0 to the heights' difference. */
  cropY: number;
  /** Whether to exchange left and right. */
  mirror: boolean;
}

/**
 * Draws the random jitter of one sample in one epoch (Isola et al. 2017, section 6.2), from (seed, epoch, index) alone.
 *
 * @throws INVALID_ARGUMENT unless 1 <= cropSize <= loadSize along both axes, all whole, and seed, epoch and index are whole numbers of
 *   32 bits
 */
export function jitterDraw(options: JitterOptions): JitterDraw {
  const { seed, epoch, index, loadSize, cropSize } = options;
  for (const [name, value] of Object.entries({ seed, epoch, index })) expectWord(`${name} of a jitter`, value);
  const [load, cut] = [widthAndHeight(loadSize), widthAndHeight(cropSize)];
  if (
    ![0, 1].every((axis) => Number.isInteger(cut[axis]) && Number.isInteger(load[axis]) && cut[axis]! >= 1 && cut[axis]! <= load[axis]!)
  ) {
    throw new ShadegradError('INVALID_ARGUMENT', 'a crop that does not fit the resized image', {
      expected: '1 <= cropSize <= loadSize',
      received: `cropSize ${describeSize(cropSize)}, loadSize ${describeSize(loadSize)}`,
      fix: 'crop to at most the side that images are resized to',
    });
  }
  const [x, y, flip] = pcg4d(seed, epoch, index, JITTER_STREAM);
  const [across, down] = [load[0] - cut[0] + 1, load[1] - cut[1] + 1];
  return { cropX: boundedInteger(x, across), cropY: boundedInteger(y, down), mirror: flip >= 0x80000000 };
}
