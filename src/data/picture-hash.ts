import { imageBytes } from './grey.js';
import type { RgbImage } from './image.js';
import { resizeBicubic } from './resize.js';

/** What a picture looks like from afar: pictures that look alike have hashes and thumbnails that are near to each other. */
export interface PictureHash {
  /** 256 bits: whether each of 16 x 16 places is brighter than that to its left. */
  readonly bits: Uint32Array;
  /** 8 x 8 pixels of RGB. */
  readonly thumbnail: Uint8Array;
}

const SIDE = 16;
const THUMBNAIL = 8;
/** Bits of 256 in which two hashes of pictures that look alike differ, at most: half of them for pictures by chance. */
const MOST_BITS = 12;
/** And the mean difference of their thumbnails, in 255ths. Outlines alone are alike in too many pictures on white. */
const MOST_DIFFERENCE = 4;

/** A picture's hash by the differences of neighbours ("dHash"), and its thumbnail: both survive another size and a JPEG. */
export function hashPicture(image: RgbImage): PictureHash {
  const grey = imageBytes(resizeBicubic(image, SIDE + 1, SIDE), 1);
  const bits = new Uint32Array((SIDE * SIDE) / 32);
  for (let y = 0, bit = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, bit++) {
      const at = y * (SIDE + 1) + x;
      if (grey[at + 1]! > grey[at]!) bits[bit >> 5] = bits[bit >> 5]! | (1 << (bit & 31));
    }
  }
  return { bits, thumbnail: resizeBicubic(image, THUMBNAIL, THUMBNAIL).data };
}

/** The pairs of pictures that look alike, as indices, the lower one first. */
export function findAlike(hashes: readonly PictureHash[]): [number, number][] {
  // Pictures that look alike are about equally bright: only those near to each other in that order are compared.
  const order = hashes
    .map(({ thumbnail }, index) => ({ index, mean: thumbnail.reduce((sum, value) => sum + value, 0) / thumbnail.length }))
    .sort((a, b) => a.mean - b.mean || a.index - b.index);
  // Side by side in memory: of many pictures nearly all are told apart by two words.
  const means = Float64Array.from(order, ({ mean }) => mean);
  const [firsts, seconds] = [0, 1].map((word) => Uint32Array.from(order, ({ index }) => hashes[index]!.bits[word]!)) as [
    Uint32Array,
    Uint32Array,
  ];
  const found: [number, number][] = [];
  for (let place = 0; place < order.length; place++) {
    const mean = means[place]!;
    const [one, two] = [firsts[place]!, seconds[place]!];
    for (let other = place + 1; other < order.length && means[other]! - mean <= MOST_DIFFERENCE; other++) {
      if (bitCount(one ^ firsts[other]!) + bitCount(two ^ seconds[other]!) > MOST_BITS) continue;
      const [first, second] = [order[place]!.index, order[other]!.index];
      if (lookAlike(hashes[first]!, hashes[second]!)) found.push([Math.min(first, second), Math.max(first, second)]);
    }
  }
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function lookAlike(a: PictureHash, b: PictureHash): boolean {
  let bits = 0;
  for (let word = 0; word < a.bits.length; word++) if ((bits += bitCount(a.bits[word]! ^ b.bits[word]!)) > MOST_BITS) return false;
  let difference = 0;
  for (let at = 0; at < a.thumbnail.length; at++) difference += Math.abs(a.thumbnail[at]! - b.thumbnail[at]!);
  return difference <= MOST_DIFFERENCE * a.thumbnail.length;
}

function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
