import type { RandomStream } from '../../random.js';
import type { FacadeCanvas } from './canvas.js';
import { classIndex, type Colour } from './classes.js';
import type { FacadeLayout } from './layout.js';

/** What is left of the daylight, by channel. */
const MOONLIGHT: Colour = [0.28, 0.32, 0.44];
const LAMPLIGHT: Colour = [255, 206, 122];
/** The share of the windows behind which somebody is awake. */
const AWAKE = 0.55;

/** Turns a drawing by day into one by night: all of it dark and bluish, with lamps behind some of its windows and in its shops. */
export function paintNight(canvas: FacadeCanvas, { elements }: FacadeLayout, random: RandomStream): void {
  canvas.paint({ x0: 0, y0: 0, x1: 1, y1: 1 }, (out) => {
    for (let c = 0; c < 3; c++) out[c]! *= MOONLIGHT[c]!;
  });
  const { size, labels } = canvas;
  for (const { kind, rect } of elements) {
    if (kind !== 'window' && kind !== 'shop') continue;
    // Drawn for a dark one, too: whether one is lit leaves the others as they are.
    const [lit, strength] = [random.chance(AWAKE), random.uniform(0.65, 1)];
    if (!lit) continue;
    const shown = classIndex(kind);
    canvas.paint(rect, (out, { x, y, v }) => {
      // What stands before the window, such as a balcony, stays dark.
      if (labels[Math.floor(y * size) * size + Math.floor(x * size)] !== shown) return;
      const gain = strength * (0.62 + out[1]! / 110 - 0.15 * v);
      for (let c = 0; c < 3; c++) out[c] = LAMPLIGHT[c]! * Math.min(gain, 1);
    });
  }
}
