import { part, type FacadeCanvas, type Rect } from './canvas.js';
import { clamp, latticeNoise } from './noise.js';
import type { FacadeStyle } from './style.js';

/** Brightness of a band's profile from its lit top edge (v = 0) down to its dark underside. */
function profile(v: number, sun: number): number {
  const top = v < 0.16 ? 1.12 : v < 0.24 ? 0.82 : v < 0.6 ? 1.02 - (v - 0.24) * 0.2 : v < 0.7 ? 0.86 : v < 0.88 ? 0.97 : 0.68;
  return 1 + (top - 1) * (0.75 + 0.45 * sun);
}

/** A band across the facade. The tall one under the roof has brackets below its edge. */
export function paintMolding(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  const { light, trimColour } = style;
  const tall = rect.y1 - rect.y0 > 0.025;
  const pitch = 0.021;
  const visible = clamp((pitch * canvas.size - 3) / 4, 0, 1);
  canvas.paint(rect, (out, { v, x }) => {
    const place = x / pitch - Math.floor(x / pitch);
    const gap = tall && v > 0.5 && v < 0.8 && place > 0.5 ? 1 - 0.42 * visible : 1;
    const gain = profile(v, light.sun) * gap * (0.97 + 0.06 * latticeNoise(Math.floor(x * 220), 5, style.textureSeed));
    for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * gain;
  });
  canvas.castShadow(rect, tall ? 0.024 : 0.011, light);
  canvas.label(rect, 'molding');
}

/** The hood over a window: a straight one, or a pediment whose slopes leave the wall to be seen on both sides. */
export function paintCornice(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  const { light, trimColour } = style;
  canvas.paint(rect, (out, { u, v }) => {
    const slope = 1 - Math.abs(u * 2 - 1);
    if (style.pediments && v < 0.72) {
      const above = 0.72 * (1 - slope);
      if (v < above) return;
      const inField = v > above + 0.2 && slope > 0.28;
      const lit = (u - 0.5) * light.side < 0 ? 1.08 : 0.9;
      for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * (inField ? 0.84 : lit);
      return;
    }
    const gain = style.pediments ? profile((v - 0.72) / 0.28, light.sun) : profile(v, light.sun);
    for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * gain;
  });
  canvas.castShadow(rect, 0.012, light);
  canvas.label(rect, 'cornice');
}

export function paintSill(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  canvas.paint(rect, (out, { v }) => {
    const gain = v < 0.4 ? 1.12 : v < 0.75 ? 0.95 : 0.7;
    for (let c = 0; c < 3; c++) out[c] = style.trimColour[c]! * gain;
  });
  canvas.castShadow(rect, 0.012, style.light);
  canvas.label(rect, 'sill');
}

/** A slab with a railing of bars, through which the window is seen, or with a solid parapet. */
export function paintBalcony(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  const { light, railColour, trimColour, textureSeed } = style;
  const front = part(rect, 0, 0, 1, 0.8);
  if (style.solidBalconies) {
    canvas.paint(front, (out, { u, v, x, y }) => {
      const rim = v < 0.12 ? 1.1 : u < 0.03 || u > 0.97 ? 0.85 : 0.94 - 0.1 * v;
      const grain = 0.97 + 0.06 * latticeNoise(Math.floor(x * 250), Math.floor(y * 250), textureSeed);
      for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * rim * grain;
    });
    canvas.shade(part(front, 0.1, 0.28, 0.9, 0.85), ({ u, v }) => (v < 0.12 || u < 0.03 ? 0.8 : 0.95));
  } else {
    const pitch = 0.0135;
    const visible = clamp((pitch * canvas.size - 2.5) / 3, 0, 1);
    canvas.shade(front, () => 0.8);
    canvas.paint(front, (out, { u, v, x }) => {
      const place = x / pitch - Math.floor(x / pitch);
      const rail = v < 0.14 || (v > 0.86 && v < 0.95) || u < 0.02 || u > 0.98;
      const cover = rail ? 1 : place < 0.36 ? 0.3 + 0.7 * visible : 0.3 * (1 - visible);
      for (let c = 0; c < 3; c++) out[c]! += (railColour[c]! * (v < 0.07 ? 1.7 : 1) - out[c]!) * cover;
    });
  }
  const slab = part(rect, 0, 0.8, 1, 1);
  canvas.fill(slab, trimColour, 1.04, 0.66);
  canvas.castShadow(slab, 0.034, light);
  canvas.label(rect, 'balcony');
}

/** A pilaster: round in its shading, with base and capital. */
export function paintPillar(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle): void {
  const { light, trimColour } = style;
  const height = rect.y1 - rect.y0;
  const cap = Math.min(0.024 / height, 0.2);
  canvas.paint(rect, (out, { u, v }) => {
    const end = v < cap || v > 1 - cap;
    const round = (u - 0.5) * -light.side * (0.16 + 0.22 * light.sun);
    const ring = end && (v < cap * 0.4 || v > 1 - cap * 0.4) ? 1.1 : end ? 0.88 : 1;
    for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * (0.97 + round) * ring;
  });
  canvas.shade(
    { ...rect, ...(light.side > 0 ? { x0: rect.x1, x1: rect.x1 + 0.009 } : { x0: rect.x0 - 0.009, x1: rect.x0 }) },
    () => 0.78 - 0.2 * light.sun,
  );
  canvas.label(rect, 'pillar');
}

/** A carved panel: a frame, a mirrored relief and a lozenge in its middle. */
export function paintDeco(canvas: FacadeCanvas, rect: Rect, style: FacadeStyle, variant: number): void {
  const { light, trimColour } = style;
  canvas.paint(rect, (out, { u, v }) => {
    const fromMiddle = Math.abs(u - 0.5) * 2;
    const rim = Math.min(u, 1 - u, v, 1 - v) < 0.1;
    const lozenge = fromMiddle * 1.6 + Math.abs(v - 0.5) * 2;
    const relief = latticeNoise(Math.floor(fromMiddle * 9), Math.floor(v * 6), variant | 0);
    const tilt = ((u - 0.5) * -light.side + (0.5 - v)) * 0.14;
    const gain = rim ? 1.05 : lozenge < 0.85 ? 1.04 + tilt : 0.76 + relief * 0.34;
    for (let c = 0; c < 3; c++) out[c] = trimColour[c]! * gain;
  });
  canvas.castShadow(rect, 0.006, light);
  canvas.label(rect, 'deco');
}
