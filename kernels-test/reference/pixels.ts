/** Pixels of canvases as images and back, in float64: each result is a number that is rounded once. */
import type { PixelReading } from '../../src/kernels/pixels.js';

type Colour = readonly [number, number, number];

/** @param pixels RGBA, rows `pitch` pixels apart */
export function toImage(pixels: ArrayLike<number>, height: number, pitch: number, reading: PixelReading): Uint8Array {
  const { window, channels, background, mirror, premultiplied, width } = reading;
  const result: number[] = [];
  for (let y = 0; y < window.height; y++) {
    for (let x = 0; x < window.width; x++) {
      const [row, column] = [window.top + y, window.left + (mirror ? window.width - 1 - x : x)];
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      const at = (row * pitch + column) * 4;
      const alpha = inside ? pixels[at + 3]! / 255 : 0;
      const colour = background.map((behind, c) => {
        if (!inside) return behind;
        const through = (1 - alpha) * behind;
        return premultiplied ? Math.min(255, pixels[at + c]! + Math.round(through)) : Math.round(alpha * pixels[at + c]! + through);
      }) as [number, number, number];
      if (channels === 3) result.push(...colour);
      else result.push(Math.floor((19595 * colour[0] + 38470 * colour[1] + 7471 * colour[2]) / 65536 + 0.5));
    }
  }
  return Uint8Array.from(result);
}

/** @returns RGBA or BGRA without gaps */
export function toPixels(image: ArrayLike<number>, channels: number, blueFirst: boolean): Uint8Array {
  const byte = (value: number): number => Math.min(255, Math.max(0, Math.floor((value + 1) * 127.5 + 0.5)));
  const result: number[] = [];
  for (let at = 0; at < image.length; at += channels) {
    const colour = [0, 1, 2].map((c) => byte(image[at + (channels === 3 ? c : 0)]!));
    result.push(...(blueFirst ? colour.reverse() : colour), 255);
  }
  return Uint8Array.from(result);
}

/** @param bytes RGB. @returns a number for each channel: 1 for the class of a pixel, else -1 */
export function toClasses(
  bytes: ArrayLike<number>,
  [sourceWidth, sourceHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  classes: readonly Colour[],
  ignored: readonly Colour[],
  channels: number,
): number[] {
  const result: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = Math.floor(((y + 0.5) * sourceHeight) / height);
      const at = 3 * (row * sourceWidth + Math.floor(((x + 0.5) * sourceWidth) / width));
      const apart = [...classes, ...ignored].map((colour) => Math.hypot(...colour.map((value, c) => value - bytes[at + c]!)));
      const nearest = apart.indexOf(Math.min(...apart));
      for (let c = 0; c < channels; c++) result.push(nearest < classes.length && nearest === c ? 1 : -1);
    }
  }
  return result;
}
