import { part, type FacadeCanvas, type Rect } from './canvas.js';
import type { Colour } from './classes.js';
import type { FacadeLayout } from './layout.js';
import { clamp, latticeNoise, valueNoise } from './noise.js';
import type { FacadeStyle, WallMaterial } from './style.js';

/** Brick and stone courses thinner than two pixels only flicker; fade them out as they get there. */
function visibility(canvas: FacadeCanvas, course: number): number {
  return clamp((course * canvas.size - 2) / 4, 0, 1);
}

/** How much brighter or darker the masonry is at a place: courses in bond, joints, single odd stones. */
function masonry(canvas: FacadeCanvas, course: number, length: number, joint: number, contrast: number, seed: number) {
  const strength = visibility(canvas, course);
  return (x: number, y: number): number => {
    const row = Math.floor(y / course);
    const along = x / length + (row & 1) * 0.5;
    const column = Math.floor(along);
    const inRow = y / course - row;
    const inColumn = (along - column) * (length / course);
    if (inRow < joint || inColumn < joint) return 1 - contrast * 0.9 * strength;
    const edge = inRow > 1 - joint ? -0.06 : inRow < joint * 2 ? 0.05 : 0;
    return 1 + ((latticeNoise(column, row, seed) - 0.5) * contrast + edge) * (0.35 + 0.65 * strength);
  };
}

/** Lay a wall of one material: the pattern of its stones, patches of weather, and the grain of its surface. */
export function paintWall(canvas: FacadeCanvas, rect: Rect, material: WallMaterial, colour: Colour, style: FacadeStyle): void {
  const seed = style.textureSeed;
  const pattern =
    material === 'brick'
      ? masonry(canvas, 0.0125, 0.034, 0.2, 0.26, seed)
      : material === 'stone'
        ? masonry(canvas, 0.034, 0.085, 0.09, 0.2, seed)
        : () => 1;
  const grain = material === 'stucco' ? 0.07 : 0.1;
  canvas.paint(rect, (out, { v, x, y }) => {
    const weather = (valueNoise(x * 7, y * 5, seed + 1) - 0.5) * 0.16 + (valueNoise(x * 60, y * 9, seed + 2) - 0.5) * 0.08;
    const speck = (latticeNoise(Math.floor(x * 300), Math.floor(y * 300), seed + 3) - 0.5) * grain;
    const gain = (1.05 - 0.13 * v + weather + speck) * pattern(x, y);
    out[0] = colour[0] * gain;
    out[1] = colour[1] * gain;
    out[2] = colour[2] * (gain - weather * 0.2);
  });
}

/** Where the sky ends in haze beside the building. */
const SKYLINE = 0.45;

function paintSky(canvas: FacadeCanvas, layout: FacadeLayout, style: FacadeStyle): void {
  const { skyTop, skyBottom, textureSeed } = style;
  const { building } = layout;
  const beside = building.x0 > 0 || building.x1 < 1;
  canvas.paint({ x0: 0, y0: 0, x1: 1, y1: beside ? SKYLINE : building.y0 }, (out, { v, x, y }) => {
    if (y > building.y0 && x > building.x0 && x < building.x1) return;
    const clouds = valueNoise(x * 3, y * 9, textureSeed + 5) * 0.6 + valueNoise(x * 8, y * 22, textureSeed + 6) * 0.4;
    const white = clamp((clouds - 0.45) * 2.5, 0, 0.8);
    for (let c = 0; c < 3; c++) {
      const clear = skyTop[c]! + (skyBottom[c]! - skyTop[c]!) * v;
      out[c] = clear + (244 - clear) * white;
    }
  });
}

function paintRoof(canvas: FacadeCanvas, layout: FacadeLayout, style: FacadeStyle): void {
  const { building } = layout;
  if (style.roof === 'none' || building.y0 === 0) return;
  const height = Math.min(building.y0 * 0.75, 0.13);
  const rect: Rect = { x0: building.x0 - 0.01, x1: building.x1 + 0.01, y0: building.y0 - height, y1: building.y0 };
  const pattern = masonry(canvas, style.roof === 'tiles' ? 0.014 : 0.02, 0.016, 0.22, 0.24, style.textureSeed + 7);
  const slope = building.x0 === 0 && building.x1 === 1 ? 0 : 0.05;
  const wide = rect.x1 - rect.x0;
  canvas.paint(rect, (out, { u, v, x, y }) => {
    const fromEdge = Math.min(u, 1 - u) * wide;
    if (fromEdge < (1 - v) * slope) return;
    const gain = pattern(x, y) * (0.82 + 0.25 * v + (valueNoise(x * 12, y * 20, style.textureSeed + 8) - 0.5) * 0.2);
    for (let c = 0; c < 3; c++) out[c] = style.roofColour[c]! * gain;
  });
}

function paintNeighbours(canvas: FacadeCanvas, layout: FacadeLayout, style: FacadeStyle): void {
  const { building } = layout;
  const side = (x0: number, x1: number, seed: number) => {
    const y0 = building.y0 + 0.04 + latticeNoise(seed, 1, style.textureSeed) * 0.25;
    if (x1 - x0 < 0.01 || latticeNoise(seed, 2, style.textureSeed) < 0.25) return;
    const rect: Rect = { x0, x1, y0, y1: building.y1 };
    const dark = 0.6 + latticeNoise(seed, 3, style.textureSeed) * 0.25;
    const [red, green, blue] = style.neighbourColour;
    paintWall(canvas, rect, 'stucco', [red * dark, green * dark, blue * dark], style);
    canvas.fill({ ...rect, y1: y0 + 0.02 }, style.roofColour, 0.8, 0.6);
  };
  side(0, building.x0, 1);
  side(building.x1, 1, 2);
}

function paintStreet(canvas: FacadeCanvas, layout: FacadeLayout, style: FacadeStyle): void {
  const { building } = layout;
  canvas.paint({ x0: 0, x1: 1, y0: building.y1, y1: 1 }, (out, { v, x, y }) => {
    const grain = latticeNoise(Math.floor(x * 260), Math.floor(y * 260), style.textureSeed + 9) - 0.5;
    const kerb = v > 0.45 && v < 0.55 ? 0.25 : 0;
    const gain = (v > 0.5 ? 0.62 : 0.95) + kerb + grain * 0.12;
    for (let c = 0; c < 3; c++) out[c] = style.pavement[c]! * gain;
  });
}

/** Everything behind the elements: sky, roof, neighbours, street, and the wall itself with its base. */
export function paintSurroundings(canvas: FacadeCanvas, layout: FacadeLayout, style: FacadeStyle): void {
  const { building, baseTop } = layout;
  canvas.label({ x0: 0, y0: 0, x1: 1, y1: 1 }, 'background');
  paintSky(canvas, layout, style);
  for (const [x0, x1] of [
    [0, building.x0],
    [building.x1, 1],
  ]) {
    if (x1! > x0!) canvas.fill({ x0: x0!, x1: x1!, y0: SKYLINE, y1: 1 }, style.skyBottom, 0.97, 0.8);
  }
  paintNeighbours(canvas, layout, style);
  paintStreet(canvas, layout, style);
  paintRoof(canvas, layout, style);
  canvas.label(building, 'facade');
  paintWall(canvas, { ...building, y1: baseTop }, style.wall, style.wallColour, style);
  paintWall(canvas, { ...building, y0: baseTop }, style.base, style.baseColour, style);
  // A plinth where the wall meets the pavement.
  const share = 0.12;
  canvas.shade(part({ ...building, y0: baseTop }, 0, 1 - share, 1, 1), ({ v }) => (v < 0.08 ? 1.12 : 0.8));
}
