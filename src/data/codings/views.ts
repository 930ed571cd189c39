import { createImage, type RgbImage } from '../image.js';
import type { PixelValues } from '../pixel-values.js';

/** The byte that a number in [-1, 1] stands for. */
const byteOf = (value: number): number => Math.min(255, Math.max(0, Math.floor((value + 1) * 127.5 + 0.5)));

/** A picture of values: the first three channels as red, green and blue, or the first as grey; of an index map a colour for each class. */
export function pictureOf(values: PixelValues, width: number, height: number): RgbImage {
  const image = createImage(width, height);
  const { channels, data } = values;
  const pixels = width * height;
  if (values.kind === 'classes') {
    const colours = Array.from({ length: 256 }, (_, index) => classColour(index));
    for (let pixel = 0; pixel < pixels; pixel++) image.data.set(colours[data[pixel]!]!, pixel * 3);
    return image;
  }
  const step = channels < 3 ? 0 : 1;
  for (let pixel = 0; pixel < pixels; pixel++)
    for (let c = 0; c < 3; c++) image.data[pixel * 3 + c] = byteOf(data[pixel * channels + c * step]!);
  return image;
}

/** Turns of the colour wheel from one class to the next: of the golden section, so that neighbours never look alike. */
const TURN = (Math.sqrt(5) - 1) / 2;

/** The colour of a class in pictures: black for the first, bright hues after it. */
function classColour(index: number): [red: number, green: number, blue: number] {
  if (index === 0) return [0, 0, 0];
  const hue = ((index * TURN) % 1) * 6;
  const channel = (offset: number): number => {
    const at = (offset + hue) % 6;
    return Math.round(255 * (1 - 0.85 * Math.max(0, Math.min(at, 4 - at, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}
