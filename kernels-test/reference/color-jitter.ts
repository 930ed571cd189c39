/** The colour jitter in float64: each change from its definition. */
import type { ColorDraw } from '../../src/kernels/color-jitter.js';

type Colour = readonly number[];

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);
const grey = (colour: Colour): number => (colour.length === 1 ? colour[0]! : 0.2989 * colour[0]! + 0.587 * colour[1]! + 0.114 * colour[2]!);

/** Moves a hue by going round the hexagon: each channel of a full colour is a function of its distance from where it is strongest. */
function hueMoved(colour: Colour, shift: number): Colour {
  if (colour.length === 1) return colour;
  const [r, g, b] = colour as [number, number, number];
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  if (most === least) return colour;
  const chroma = most - least;
  const place = most === r ? (g - b) / chroma : most === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  return [0, 2, 4].map((strongest) => {
    const around = (((place + 6 * shift - strongest) % 6) + 9) % 6;
    return least + chroma * clamp(2 - Math.abs(around - 3));
  });
}

function changed(image: readonly Colour[], change: string, { brightness, contrast, saturation, hue }: ColorDraw): Colour[] {
  const mean = image.reduce((sum, colour) => sum + grey(colour), 0) / image.length;
  return image.map((colour) => {
    if (change === 'brightness') return colour.map((value) => clamp(value * brightness));
    if (change === 'contrast') return colour.map((value) => clamp(mean + (value - mean) * contrast));
    if (change === 'saturation') return colour.map((value) => clamp(grey(colour) + (value - grey(colour)) * saturation));
    return [...hueMoved(colour, hue)];
  });
}

/** @param x [batch, height, width, channels] in -1..1 */
export function colorJitter(x: ArrayLike<number>, shape: readonly number[], draws: readonly (ColorDraw | null)[]): Float64Array {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const result = Float64Array.from(x);
  const size = height * width * channels;
  for (let n = 0; n < batch; n++) {
    const draw = draws[n];
    if (!draw) continue;
    let image: Colour[] = Array.from({ length: height * width }, (_, pixel) =>
      Array.from({ length: channels }, (_, c) => (result[n * size + pixel * channels + c]! + 1) / 2),
    );
    for (const change of draw.order ?? ['brightness', 'contrast', 'saturation', 'hue']) image = changed(image, change, draw);
    // Of one channel the grey value is the value, so that saturation leaves it.
    result.set(
      image.flatMap((colour) => colour.map((value) => 2 * value - 1)),
      n * size,
    );
  }
  return result;
}
