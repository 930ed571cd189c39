/** The jitter of images of numbers and of index maps on the CPU, in float64. */
import { bicubicWeights } from '../../src/data/resize-weights.js';
import { widthAndHeight, type PixelSize } from '../../src/pixel-size.js';
import type { Draw, Jitter } from './image.js';

/** A batch of images: [images, height, width, channels]. */
export interface Numbers {
  readonly shape: readonly [number, number, number, number];
  readonly data: ArrayLike<number>;
}

/** Where each place of the crop lies in the resized image. */
function* places(draws: readonly Draw[], cropSize: PixelSize): Generator<{ source: number; row: number; column: number }> {
  const [width, height] = widthAndHeight(cropSize);
  for (const { cropX, cropY, mirror, source } of draws) {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) yield { source, row: cropY + y, column: cropX + (mirror ? width - 1 - x : x) };
  }
}

export function jitterNumbers({ shape, data }: Numbers, draws: readonly Draw[], { loadSize, cropSize }: Jitter): number[] {
  const [, height, width, channels] = shape;
  const [loadWidth, loadHeight] = widthAndHeight(loadSize);
  const [across, down] = [bicubicWeights(width, loadWidth), bicubicWeights(height, loadHeight)];
  const result: number[] = [];
  for (const { source, row, column } of places(draws, cropSize)) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let s = 0; s < down.taps && down.first[row]! + s < height; s++) {
        for (let t = 0; t < across.taps && across.first[column]! + t < width; t++) {
          const place = (source * height + down.first[row]! + s) * width + across.first[column]! + t;
          sum += down.weights[row * down.taps + s]! * across.weights[column * across.taps + t]! * data[place * channels + c]!;
        }
      }
      result.push(Math.min(1, Math.max(-1, sum)));
    }
  }
  return result;
}

export function jitterClasses({ shape, data }: Numbers, draws: readonly Draw[], { loadSize, cropSize }: Jitter, classes: number): number[] {
  const [, height, width] = shape;
  const [loadWidth, loadHeight] = widthAndHeight(loadSize);
  const result: number[] = [];
  for (const { source, row, column } of places(draws, cropSize)) {
    const [y, x] = [Math.floor(((row + 0.5) * height) / loadHeight), Math.floor(((column + 0.5) * width) / loadWidth)];
    const index = data[(source * height + y) * width + x]!;
    for (let c = 0; c < classes; c++) result.push(c === index ? 1 : -1);
  }
  return result;
}
