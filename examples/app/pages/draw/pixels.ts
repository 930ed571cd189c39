import type { RgbImage } from 'shadegrad';
import { blank, type Raster, type Rect, wholeOf } from './raster.js';
import type { Swatch } from './swatches.js';

/** The picture of a drawing, in the exact colours of its swatches; a picture's own pixels. */
export function imageOf({ width, height, channels, data }: Raster, swatches: readonly Swatch[]): RgbImage {
  if (channels === 3) return { width, height, data: data.slice() };
  const pixels = new Uint8Array(3 * data.length);
  const colours = swatches.map(({ colour }) => colour);
  for (let at = 0; at < data.length; at++) {
    const [red, green, blue] = colours[data[at]!] ?? [0, 0, 0];
    pixels[3 * at] = red;
    pixels[3 * at + 1] = green;
    pixels[3 * at + 2] = blue;
  }
  return { width, height, data: pixels };
}

/** Writes the colours of a part of a drawing into the bytes of a canvas: four a pixel, opaque. */
export function colourInto(rgba: Uint8ClampedArray, raster: Raster, swatches: readonly Swatch[], rect: Rect = wholeOf(raster)): void {
  const { width, channels, data } = raster;
  for (let y = rect.top; y < rect.bottom; y++) {
    for (let x = rect.left; x < rect.right; x++) {
      const at = y * width + x;
      const [red, green, blue] =
        channels === 3 ? [data[3 * at]!, data[3 * at + 1]!, data[3 * at + 2]!] : (swatches[data[at]!]?.colour ?? [0, 0, 0]);
      rgba[4 * at] = red;
      rgba[4 * at + 1] = green;
      rgba[4 * at + 2] = blue;
      rgba[4 * at + 3] = 255;
    }
  }
}

/** The bytes of a canvas for an image: four a pixel, opaque. */
export function rgbaOf({ width, height, data }: RgbImage): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let at = 0; at < width * height; at++) {
    rgba[4 * at] = data[3 * at]!;
    rgba[4 * at + 1] = data[3 * at + 1]!;
    rgba[4 * at + 2] = data[3 * at + 2]!;
    rgba[4 * at + 3] = 255;
  }
  return rgba;
}

/** An image without the fourth byte that a canvas gives. */
export function rgbOf(width: number, height: number, rgba: Uint8ClampedArray): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at++) {
    data[3 * at] = rgba[4 * at]!;
    data[3 * at + 1] = rgba[4 * at + 1]!;
    data[3 * at + 2] = rgba[4 * at + 2]!;
  }
  return { width, height, data };
}

/** What is darker is a line: luminance, of 255. */
const DARK = 150;

/** Lines of a picture: ink where it is dark. Light lines on dark ground are turned round. */
export function linesOf({ width, height, data }: RgbImage): Raster {
  const raster = blank(width, height);
  let dark = 0;
  for (let at = 0; at < width * height; at++) {
    const light = 0.299 * data[3 * at]! + 0.587 * data[3 * at + 1]! + 0.114 * data[3 * at + 2]!;
    dark += raster.data[at] = light < DARK ? 1 : 0;
  }
  if (2 * dark > width * height) for (let at = 0; at < width * height; at++) raster.data[at] = 1 - raster.data[at]!;
  return raster;
}

/** How many pixels of an image have the exact colour that its drawing gives them, as a share. */
export function exactShare(image: RgbImage, raster: Raster, swatches: readonly Swatch[]): number {
  const drawn = imageOf(raster, swatches).data;
  let same = 0;
  for (let at = 0; at < drawn.length; at += 3) {
    if (drawn[at] === image.data[at] && drawn[at + 1] === image.data[at + 1] && drawn[at + 2] === image.data[at + 2]) same++;
  }
  return same / (drawn.length / 3);
}
