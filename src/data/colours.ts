import type { RgbImage } from './image.js';

/** What the colours of a picture are like. */
export interface ColourCount {
  /** How many different ones there are. */
  readonly colours: number;
  /** The part of the pixels that hardly differ from those to their right and below. */
  readonly flat: number;
  /** The mean of the distances between a pixel's largest and smallest value, 0 to 255. */
  readonly saturation: number;
}

/** In 255ths, what a JPEG does to an even colour. */
const HARDLY = 4;

/** Counts the colours of a picture. */
export function countColours({ width, height, data }: RgbImage): ColourCount {
  const seen = new Uint32Array(2 ** 24 / 32);
  let [colours, flat, saturation] = [0, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const colour = (red << 16) | (green << 8) | blue;
      const bit = 1 << (colour & 31);
      if ((seen[colour >> 5]! & bit) === 0) {
        seen[colour >> 5] = seen[colour >> 5]! | bit;
        colours++;
      }
      saturation += Math.max(red, green, blue) - Math.min(red, green, blue);
      const [right, below] = [x + 1 < width ? at + 3 : at, y + 1 < height ? at + width * 3 : at];
      let difference = 0;
      for (let c = 0; c < 3; c++) {
        const own = data[at + c]!;
        difference = Math.max(difference, Math.abs(own - data[right + c]!), Math.abs(own - data[below + c]!));
      }
      if (difference <= HARDLY) flat++;
    }
  }
  const pixels = width * height;
  return { colours, flat: flat / pixels, saturation: saturation / pixels };
}
