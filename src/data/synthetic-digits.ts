import { expectWord } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { imageOfBytes } from './grey.js';
import { RandomStream } from '../random.js';
import type { ImageSet } from './unpaired.js';

/** A point of a stroke: from 0 to 1, left to right and top to bottom of a digit's box. */
type Point = readonly [x: number, y: number];

/** The side of the images, as MNIST has it. */
const SIDE = 28;
/** The height of the box that a digit lies in. */
const BOX = 19;
/** Straight pieces of a whole ellipse. */
const PIECES = 20;

const SPLITS = ['train', 'val'] as const;

/** A part of an ellipse. @param from in turns, clockwise from the right; `to` likewise */
function arc(x: number, y: number, width: number, height: number, from = 0, to = 1): Point[] {
  const count = Math.max(2, Math.ceil(Math.abs(to - from) * PIECES));
  return Array.from({ length: count + 1 }, (_, index): Point => {
    const angle = 2 * Math.PI * (from + ((to - from) * index) / count);
    return [x + width * Math.cos(angle), y + height * Math.sin(angle)];
  });
}

/** The strokes of each digit; what differs from hand to hand is drawn. */
const STROKES: readonly ((draw: RandomStream) => readonly (readonly Point[])[])[] = [
  () => [arc(0.5, 0.5, 0.36, 0.5)],
  (draw) => [
    draw.chance(0.5)
      ? [
          [0.3, 0.2],
          [0.52, 0],
          [0.52, 1],
        ]
      : [
          [0.5, 0],
          [0.5, 1],
        ],
  ],
  () => [[...arc(0.5, 0.28, 0.36, 0.28, 0.5, 1.1), [0.12, 1], [0.9, 1]]],
  () => [[...arc(0.46, 0.26, 0.34, 0.26, 0.55, 1.22), ...arc(0.46, 0.74, 0.4, 0.26, 0.78, 1.45)]],
  (draw) => {
    const top = draw.uniform(0, 0.25);
    return [
      [
        [0.2, top],
        [0.12, 0.62],
        [0.92, 0.62],
      ],
      [
        [0.68, draw.chance(0.5) ? top : 0.3],
        [0.66, 1],
      ],
    ];
  },
  () => [[[0.86, 0], [0.24, 0], [0.2, 0.44], ...arc(0.46, 0.7, 0.4, 0.3, 0.68, 1.4)]],
  () => [[[0.72, 0], [0.34, 0.3], [0.16, 0.68], ...arc(0.48, 0.72, 0.33, 0.28, 0.5, 1.5)]],
  (draw) => [
    [
      [0.1, 0],
      [0.9, 0],
      [0.4, 1],
    ],
    ...(draw.chance(0.3)
      ? [
          [
            [0.3, 0.5],
            [0.82, 0.5],
          ] as const,
        ]
      : []),
  ],
  () => [arc(0.5, 0.25, 0.3, 0.25), arc(0.5, 0.74, 0.36, 0.26)],
  () => [
    arc(0.5, 0.3, 0.32, 0.3),
    [
      [0.82, 0.3],
      [0.8, 0.6],
      [0.62, 1],
    ],
  ],
];

/** The grey bytes of a digit as a pen draws it: turned, slanted, squeezed and bent a little. */
function drawDigit(digit: number, draw: RandomStream): Uint8Array {
  const strokes = STROKES[digit]!(draw);
  const [turn, slant] = [draw.uniform(-0.2, 0.2), draw.uniform(-0.1, 0.35)];
  const [wide, high] = [draw.uniform(0.6, 0.95), draw.uniform(0.85, 1.05)];
  const [left, top] = [draw.uniform(-1.2, 1.2), draw.uniform(-1.2, 1.2)];
  const pen = draw.uniform(0.8, 1.7);
  const [bendX, bendY, phase] = [draw.uniform(-0.06, 0.06), draw.uniform(-0.06, 0.06), draw.uniform(0, 6.28)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const place = ([x, y]: Point): Point => {
    const u = (x - 0.5 + bendX * Math.sin(5 * y + phase)) * wide - slant * (y - 0.5);
    const v = (y - 0.5 + bendY * Math.sin(5 * x + phase)) * high;
    return [SIDE / 2 + left + BOX * (cos * u - sin * v), SIDE / 2 + top + BOX * (sin * u + cos * v)];
  };
  const pieces = strokes.flatMap((stroke) => {
    const points = stroke.map(place);
    return points.slice(1).map((end, index) => [points[index]!, end] as const);
  });
  return Uint8Array.from({ length: SIDE * SIDE }, (_, pixel) => {
    const [x, y] = [(pixel % SIDE) + 0.5, Math.floor(pixel / SIDE) + 0.5];
    let nearest = Infinity;
    for (const piece of pieces) nearest = Math.min(nearest, squaredDistance(x, y, piece));
    return Math.round(255 * Math.min(1, Math.max(0, pen + 0.5 - Math.sqrt(nearest))));
  });
}

/** The square of the distance of a point from a straight piece. */
function squaredDistance(x: number, y: number, [[startX, startY], [endX, endY]]: readonly [Point, Point]): number {
  const [alongX, alongY] = [endX - startX, endY - startY];
  const length = alongX * alongX + alongY * alongY;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - startX) * alongX + (y - startY) * alongY) / length));
  return (x - startX - share * alongX) ** 2 + (y - startY - share * alongY) ** 2;
}

/** Options of syntheticDigits(): how many images, and which. */
export interface SyntheticDigitsOptions {
  /** The number of images. */
  count: number;
  /** The seed of all draws, a whole number of 32 bits. */
  seed: number;
  /** The split that the images are of: splits of one seed share no image. */
  split: (typeof SPLITS)[number];
}

/**
 * Makes a set of digits that the program itself draws, in the form of MNIST: white on black, 28 x 28 pixels, with the labels 0 to 9. Which
 * digit, the hand and the pen are drawn at random. Images are made when first asked for and kept.
 *
 *     const digits = syntheticDigits({ count: 4000, seed: 1, split: 'train' });
 *     const { image } = await digits.get(0);                       // 28 x 28
 *     digits.labels.of(0);                                         // [0, 0, 0, 1, 0, 0, 0, 0, 0, 0] of a three
 *
 * @throws INVALID_ARGUMENT for options out of their ranges; `get` throws it for an index that is not in the set
 */
export function syntheticDigits({ count, seed, split }: SyntheticDigitsOptions): ImageSet & Required<Pick<ImageSet, 'labels'>> {
  const stream = SPLITS.indexOf(split);
  if (!Number.isSafeInteger(count) || count < 1 || stream < 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'options of synthetic digits out of their ranges', {
      expected: `count of 1 or more, split one of ${SPLITS.join(', ')}`,
      received: `count ${count}, split ${split}`,
      fix: 'take values from these ranges',
    });
  }
  expectWord('seed of synthetic digits', seed);
  const digitOf = (index: number): number => new RandomStream(seed, 2 * stream, index).integer(0, STROKES.length - 1);
  const images = new Map<number, Uint8Array>();
  return {
    kind: 'images',
    name: `synthetic digits/${split}`,
    length: count,
    get(index) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
        throw new ShadegradError('INVALID_ARGUMENT', 'no such synthetic digit', {
          expected: `an index from 0 to ${count - 1}`,
          received: String(index),
          fix: 'ask for more digits (count), or for an index below it',
        });
      }
      const digit = digitOf(index);
      const bytes = images.get(index) ?? drawDigit(digit, new RandomStream(seed, 2 * stream + 1, index));
      images.set(index, bytes);
      return { name: `${digit} (digit ${index + 1})`, image: imageOfBytes(bytes, SIDE, SIDE, 1) };
    },
    labels: digitLabels(digitOf),
  };
}

/** The labels of a set of digits. @param digitOf the digit that the image at an index shows */
export function digitLabels(digitOf: (index: number) => number): NonNullable<ImageSet['labels']> {
  const names = Array.from({ length: 10 }, (_, digit) => String(digit));
  return {
    names,
    exclusive: true,
    of: (index) => {
      const digit = digitOf(index);
      return names.map((_, each) => Number(each === digit));
    },
  };
}
