import { RandomStream } from '../../random.js';
import { inset, part, type FacadeCanvas, type Rect } from './canvas.js';
import type { Colour } from './classes.js';
import { clamp, latticeNoise, valueNoise } from './noise.js';
import type { FacadeStyle } from './style.js';

const scaled = (colour: Colour, gain: number): Colour => [colour[0] * gain, colour[1] * gain, colour[2] * gain];

const DARK_ROOM: Colour = [30, 33, 38];
const LAMPLIGHT: Colour = [120, 84, 30];
const NO_LIGHT: Colour = [0, 0, 0];
const CURTAIN: Colour = [226, 222, 210];

/** Glass: the sky above and dark houses opposite in its reflection, a slanted highlight, more or less of the room behind. */
function paintGlass(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, random: RandomStream): void {
  const seed = style.textureSeed ^ 0x5bd1;
  const reflection = random.uniform(0.15, 0.55) + 0.15 * style.light.sun;
  const horizon = random.uniform(0.25, 0.7);
  const warm = random.chance(0.06) ? LAMPLIGHT : NO_LIGHT;
  const slant = random.uniform(-0.4, 0.4);
  canvas.paint(rect, (out, { u, v, x, y }) => {
    const skyline = horizon + (latticeNoise(Math.floor(x * 45), 0, seed) - 0.5) * 0.25 + slant * (u - 0.5);
    const sky = clamp((skyline - v) * 9, 0, 1) * reflection;
    const murk = 0.75 + valueNoise(x * 40, y * 30, seed) * 0.5;
    const lamp = 1 - v * 0.5;
    for (let c = 0; c < 3; c++) {
      const inside = (DARK_ROOM[c]! + warm[c]! * lamp) * murk;
      out[c] = inside + (style.skyBottom[c]! - inside) * sky;
    }
  });
}

function paintCurtain(canvas: FacadeCanvas, glass: Rect, random: RandomStream): void {
  const kind = random.uniform();
  const white = random.uniform(0.3, 0.65);
  const drape = (r: Rect, folds: number) =>
    canvas.paint(r, (out, { u }) => {
      const fold = 0.8 + 0.2 * Math.abs(((u * folds) % 1) * 2 - 1);
      for (let c = 0; c < 3; c++) out[c]! += (CURTAIN[c]! * fold - out[c]!) * white;
    });
  if (kind < 0.22) {
    drape(part(glass, 0, 0, 0.24, 1), 3);
    drape(part(glass, 0.76, 0, 1, 1), 3);
  } else if (kind < 0.42) {
    drape(part(glass, 0, random.pick([0, 0.45]), 1, 1), 8);
  } else if (kind < 0.52) {
    drape(part(glass, 0, 0, 1, random.uniform(0.2, 0.5)), 1);
  }
}

/** The bars between the panes, as fractions of the glass: [u0, v0, u1, v1]. */
function bars(style: FacadeStyle, thin: number, flat: number): [number, number, number, number][] {
  const upright: [number, number, number, number] = [0.5 - thin, 0, 0.5 + thin, 1];
  const across = (v: number): [number, number, number, number] => [0, v - flat, 1, v + flat];
  switch (style.panes) {
    case 'casement':
      return [upright];
    case 'sash':
      return [across(0.5)];
    case 'grid':
      return [upright, across(0.33), across(0.67)];
    case 'cross':
      return [[0.5 - thin, 0.3, 0.5 + thin, 1], across(0.3)];
  }
}

/** The jamb's shadow on what sits back in the wall: along the top and on the side the light comes from. */
function paintRecess(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, depth: number): void {
  const { sun, side } = style.light;
  const dark = 0.55 - 0.2 * sun;
  canvas.shade({ ...rect, y1: rect.y0 + depth * (0.6 + sun) }, ({ v }) => dark + (v > 0.7 ? (v - 0.7) * 0.8 : 0));
  const width = depth * (0.3 + 0.7 * sun);
  canvas.shade(side > 0 ? { ...rect, x1: rect.x0 + width } : { ...rect, x0: rect.x1 - width }, () => dark + 0.1);
}

export function paintWindow(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, variant: number): void {
  const random = new RandomStream(variant, 1);
  const width = rect.x1 - rect.x0;
  const surround = Math.min(0.012, width * 0.13);
  const [near, far] = style.light.side > 0 ? [1.04, 0.88] : [0.88, 1.04];
  canvas.paint(inset(rect, -surround), (out, { u, v }) => {
    const gain = near + (far - near) * u - 0.06 * v;
    for (let c = 0; c < 3; c++) out[c] = style.trimColour[c]! * gain;
  });
  canvas.fill(rect, style.frameColour, 0.94, 1);
  const frame = Math.min(0.007, width * 0.09);
  const glass = inset(rect, frame);
  paintGlass(canvas, glass, style, random);
  paintCurtain(canvas, glass, random);
  const thin = frame / (glass.x1 - glass.x0) / 2;
  const flat = frame / (glass.y1 - glass.y0) / 2;
  for (const [u0, v0, u1, v1] of bars(style, thin, flat)) canvas.fill(part(glass, u0, v0, u1, v1), style.frameColour, 0.95, 0.9);
  paintRecess(canvas, rect, style, Math.min(0.011, width * 0.14));
  canvas.label(rect, 'window');
}

/** A roller blind over the glass or a shutter beside it: slats either way. */
export function paintBlind(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  const slat = 0.011;
  const contrast = 0.3 * clamp((slat * canvas.size - 2) / 3, 0.15, 1);
  canvas.paint(rect, (out, { u, v, y }) => {
    const phase = y / slat - Math.floor(y / slat);
    const edge = u < 0.08 || u > 0.92 || v < 0.03 || v > 0.97 ? 0.88 : 1;
    const gain = (1.02 - contrast * phase) * edge;
    for (let c = 0; c < 3; c++) out[c] = style.blindColour[c]! * gain;
  });
  canvas.castShadow(rect, 0.004, style.light);
  canvas.label(rect, 'blind');
}

export function paintDoor(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, variant: number): void {
  const random = new RandomStream(variant, 2);
  const surround = 0.012;
  canvas.fill({ x0: rect.x0 - surround, x1: rect.x1 + surround, y0: rect.y0 - surround, y1: rect.y1 }, style.trimColour, 1, 0.84);
  canvas.paint(rect, (out, { v, x }) => {
    const wood = 0.9 + valueNoise(x * 160, v * 3, style.textureSeed + 11) * 0.25;
    for (let c = 0; c < 3; c++) out[c] = style.doorColour[c]! * wood * (1.05 - 0.25 * v);
  });
  const transom = part(rect, 0.08, 0.05, 0.92, 0.24);
  paintGlass(canvas, transom, style, random);
  const leaves: [number, number][] = random.chance(0.6)
    ? [
        [0.07, 0.48],
        [0.52, 0.93],
      ]
    : [[0.12, 0.88]];
  const glazed = random.chance(0.4);
  for (const [u0, u1] of leaves) {
    for (const [v0, v1] of [
      [0.32, 0.6],
      [0.65, 0.94],
    ] as const) {
      const panel = part(rect, u0, v0, u1, v1);
      if (glazed && v0 < 0.5) paintGlass(canvas, panel, style, random);
      else canvas.shade(panel, ({ u, v }) => (u < 0.1 || v < 0.08 ? 0.66 : u > 0.9 || v > 0.92 ? 1.3 : 1.08));
    }
  }
  canvas.fill(part(rect, 0, 0.26, 1, 0.29), scaled(style.doorColour, 1.35));
  paintRecess(canvas, rect, style, 0.016);
  canvas.label(rect, 'door');
}

/** A shop: sign with lettering, goods behind glass, now and then a striped awning. */
export function paintShop(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, variant: number): void {
  const random = new RandomStream(variant, 3);
  const seed = variant | 0;
  canvas.fill(rect, scaled(style.shopColour, 0.55), 1, 0.8);
  const glass = inset(part(rect, 0, 0.2, 1, 0.9), 0.008, 0.004);
  paintGlass(canvas, glass, style, random);
  canvas.paint(part(glass, 0, 0.4, 1, 1), (out, { u, v, x }) => {
    const column = Math.floor(x * 55);
    const height = latticeNoise(column, 0, seed);
    if (1 - v > height * 0.9 || u < 0.02) return;
    const lit = 0.55 + 0.45 * v;
    for (let c = 0; c < 3; c++) out[c] = out[c]! * 0.35 + (50 + 170 * latticeNoise(column, c + 1, seed)) * lit * 0.65;
  });
  const posts = Math.max(1, Math.round((rect.x1 - rect.x0) / 0.1));
  for (let i = 1; i < posts; i++) {
    const u = i / posts;
    const half = 0.004 / (glass.x1 - glass.x0);
    canvas.fill(part(glass, u - half, 0, u + half, 1), scaled(style.shopColour, 0.7));
  }
  const sign = part(rect, 0, 0, 1, 0.19);
  canvas.fill(sign, style.shopColour, 1.1, 0.92);
  paintLettering(canvas, part(sign, 0.14, 0.28, 0.86, 0.74), seed);
  if (style.awnings) {
    const awning = part(rect, 0.02, 0.19, 0.98, 0.42);
    canvas.paint(awning, (out, { v, x }) => {
      const stripe = Math.floor(x * 42) & 1;
      for (let c = 0; c < 3; c++) out[c] = (stripe ? 232 : style.shopColour[c]!) * (1.08 - 0.3 * v - (v > 0.86 ? 0.15 : 0));
    });
    canvas.castShadow(awning, 0.03, style.light);
  }
  paintRecess(canvas, part(rect, 0, 0.2, 1, 1), style, style.awnings ? 0.003 : 0.012);
  canvas.label(rect, 'shop');
}

/** Uprights with gaps and bars of varying height: no letters, but a sign seen from across the street. */
function paintLettering(canvas: FacadeCanvas, rect: Rect, seed: number): void {
  const letter = (rect.y1 - rect.y0) * 0.8;
  canvas.paint(rect, (out, { v, x }) => {
    const place = (x - rect.x0) / letter;
    const index = Math.floor(place);
    const within = place - index;
    if (latticeNoise(index, 9, seed) < 0.16 || within > 0.8) return;
    const stem = within < 0.22 || (latticeNoise(index, 1, seed) < 0.5 && within > 0.58);
    const bar = Math.abs(v - latticeNoise(index, 2, seed)) < 0.13 || (latticeNoise(index, 3, seed) < 0.5 && v < 0.2);
    if (stem || bar) out.fill(238);
  });
}
