import { gather } from './axes.js';

/** Padding, resampling and pooling of images [batch, h, w, channels] in float64, straight from the definitions. */

type Shape = readonly number[];

/** @param mode a number is what the margins hold */
export function pad(
  x: ArrayLike<number>,
  shape: Shape,
  [top, bottom, left, right]: Shape,
  mode: 'reflect' | 'replicate' | number,
): Float64Array {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const source = (i: number, length: number): number => {
    if (mode === 'replicate') return Math.min(Math.max(i, 0), length - 1);
    if (mode === 'reflect') return i < 0 ? -i : i >= length ? 2 * (length - 1) - i : i;
    return i >= 0 && i < length ? i : NaN;
  };
  return gather(x, shape, [batch, top! + height + bottom!, left! + width + right!, channels], ([n, i, j, c]) => [
    n!,
    source(i! - top!, height),
    source(j! - left!, width),
    c!,
  ]).map((value) => (Number.isNaN(value) ? (mode as number) : value));
}

/** @param ratio pixels of the input for one of the output, each way */
export function upsample(
  x: ArrayLike<number>,
  shape: Shape,
  size: Shape,
  ratio: Shape,
  mode: 'nearest' | 'bilinear' | 'aligned',
): Float64Array {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const taps = (o: number, r: number, length: number): [number, number][] => {
    if (mode === 'nearest') return [[Math.min(Math.floor(o * r), length - 1), 1]];
    const position = mode === 'aligned' ? o * r : Math.max((o + 0.5) * r - 0.5, 0);
    const first = Math.min(Math.floor(position), length - 1);
    return [
      [first, 1 - (position - first)],
      [Math.min(first + 1, length - 1), position - first],
    ];
  };
  const y = new Float64Array(batch * size[0]! * size[1]! * channels);
  for (let n = 0, k = 0; n < batch; n++)
    for (let i = 0; i < size[0]!; i++)
      for (let j = 0; j < size[1]!; j++)
        for (let c = 0; c < channels; c++, k++)
          for (const [a, weightA] of taps(i, ratio[0]!, height))
            for (const [b, weightB] of taps(j, ratio[1]!, width))
              y[k]! += weightA * weightB * x[((n * height + a) * width + b) * channels + c]!;
  return y;
}

interface Pool {
  kernel: Shape;
  stride: Shape;
  padding: Shape;
  /** Height and width of the result. */
  size: Shape;
}

/** What `body` makes of the numbers in each window; `count` is the window's pixels with the padding, beyond which there is nothing. */
export function pool(
  x: ArrayLike<number>,
  shape: Shape,
  { kernel, stride, padding, size }: Pool,
  body: (window: number[], count: number) => number,
): Float64Array {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const result: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < size[0]!; oh++)
      for (let ow = 0; ow < size[1]!; ow++)
        for (let c = 0; c < channels; c++) {
          const [top, left] = [oh * stride[0]! - padding[0]!, ow * stride[1]! - padding[1]!];
          const [bottom, right] = [Math.min(top + kernel[0]!, height + padding[0]!), Math.min(left + kernel[1]!, width + padding[1]!)];
          const window: number[] = [];
          for (let i = Math.max(top, 0); i < Math.min(bottom, height); i++)
            for (let j = Math.max(left, 0); j < Math.min(right, width); j++) window.push(x[((n * height + i) * width + j) * channels + c]!);
          result.push(body(window, (bottom - top) * (right - left)));
        }
  return Float64Array.from(result);
}

export const largest = (window: number[]): number => window.reduce((most, value) => (value > most || Number.isNaN(value) ? value : most));
const total = (window: number[]): number => window.reduce((sum, value) => sum + value, 0);
export const averageWithPadding = (window: number[], count: number): number => total(window) / count;
export const average = (window: number[]): number => total(window) / window.length;
