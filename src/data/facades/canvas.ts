import { classIndex, type Colour, type FacadeClass } from './classes.js';
import { clamp } from './noise.js';

/** A rectangle in picture units: the whole picture is 0..1 both ways, y downwards. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Where the light comes from and how hard it is. */
export interface Light {
  /** -1: from the right, so that shadows fall to the left; 1: the other way round. */
  side: -1 | 1;
  /** 0 overcast .. 1 full sun. */
  sun: number;
}

/**
 * A place in a rectangle, (u, v) in 0..1, and in the picture, (x, y). One object is filled again and again: numbers passed
 * as arguments to a shader would each be put on the heap, a million times a picture.
 */
export interface Place {
  u: number;
  v: number;
  x: number;
  y: number;
}

/** Writes the colour of a place into `out`, which holds the colour that is there. */
export type Shader = (out: Float32Array, place: Place) => void;

export const inset = (r: Rect, dx: number, dy = dx): Rect => ({ x0: r.x0 + dx, y0: r.y0 + dy, x1: r.x1 - dx, y1: r.y1 - dy });

/** The part of `r` from (u0, v0) to (u1, v1), as fractions of its sides. */
export function part(r: Rect, u0: number, v0: number, u1: number, v1: number): Rect {
  const [width, height] = [r.x1 - r.x0, r.y1 - r.y0];
  return { x0: r.x0 + u0 * width, y0: r.y0 + v0 * height, x1: r.x0 + u1 * width, y1: r.y0 + v1 * height };
}

/** A photo in floating point and its label map, drawn together so that they always agree. */
export class FacadeCanvas {
  /** [size][size], class indices. */
  readonly labels: Uint8Array;
  /** [size][size][3], 0..255, not clamped until the end. */
  readonly pixels: Float32Array;
  private readonly colour = new Float32Array(3);
  private readonly place: Place = { u: 0.5, v: 0.5, x: 0.5, y: 0.5 };

  constructor(readonly size: number) {
    this.labels = new Uint8Array(size * size);
    this.pixels = new Float32Array(size * size * 3);
  }

  /** Pixel bounds; at least `thickness` pixels each way, so that a sill does not vanish from a small picture. */
  private bounds(r: Rect, thickness: number): [number, number, number, number] {
    const { size } = this;
    const from = (v: number) => Math.floor(v * size + 0.5);
    const [left, top] = [from(r.x0), from(r.y0)];
    const right = Math.max(from(r.x1), left + thickness);
    const bottom = Math.max(from(r.y1), top + thickness);
    return [clamp(left, 0, size), clamp(top, 0, size), clamp(right, 0, size), clamp(bottom, 0, size)];
  }

  label(r: Rect, name: FacadeClass): void {
    const [left, top, right, bottom] = this.bounds(r, 2);
    const index = classIndex(name);
    for (let y = top; y < bottom; y++) this.labels.fill(index, y * this.size + left, y * this.size + right);
  }

  paint(r: Rect, shader: Shader): void {
    const [left, top, right, bottom] = this.bounds(r, 1);
    const { size, pixels, colour, place } = this;
    const width = Math.max(r.x1 - r.x0, 1 / size);
    const height = Math.max(r.y1 - r.y0, 1 / size);
    for (let row = top; row < bottom; row++) {
      const y = (row + 0.5) / size;
      place.y = y;
      place.v = clamp((y - r.y0) / height, 0, 1);
      for (let column = left; column < right; column++) {
        const x = (column + 0.5) / size;
        place.x = x;
        place.u = clamp((x - r.x0) / width, 0, 1);
        const at = (row * size + column) * 3;
        colour[0] = pixels[at]!;
        colour[1] = pixels[at + 1]!;
        colour[2] = pixels[at + 2]!;
        shader(colour, place);
        pixels[at] = colour[0]!;
        pixels[at + 1] = colour[1]!;
        pixels[at + 2] = colour[2]!;
      }
    }
  }

  /** One colour, its brightness running from `top` to `bottom` (1 = as it is). */
  fill(r: Rect, colour: Colour, top = 1, bottom = top): void {
    this.paint(r, (out, { v }) => {
      const gain = top + (bottom - top) * v;
      out[0] = colour[0] * gain;
      out[1] = colour[1] * gain;
      out[2] = colour[2] * gain;
    });
  }

  /** Multiply what is there by a factor that may run from left to right and from top to bottom. */
  shade(r: Rect, factor: (place: Place) => number): void {
    this.paint(r, (out, place) => {
      const f = factor(place);
      out[0]! *= f;
      out[1]! *= f;
      // Shadows are lit by the sky alone and so keep more of their blue.
      out[2]! *= f < 1 ? f + (1 - f) * 0.12 : f;
    });
  }

  /** The shadow on the wall of something that stands out by `depth`: below it and slanting away from the light. */
  castShadow(r: Rect, depth: number, light: Light): void {
    const reach = depth * (0.5 + 0.8 * light.sun);
    const slant = depth * 0.7 * light.sun * light.side;
    const strength = 0.22 + 0.4 * light.sun;
    const wide: Rect = { x0: r.x0 + Math.min(0, slant), x1: r.x1 + Math.max(0, slant), y0: r.y1, y1: r.y1 + reach };
    const width = wide.x1 - wide.x0;
    this.shade(wide, ({ u, v }) => {
      const x = wide.x0 + u * width - slant * v;
      if (x < r.x0 || x > r.x1) return 1;
      return 1 - strength * (1 - v * v * (1 - 0.7 * light.sun) - (v > 0.85 ? (v - 0.85) * 4 : 0));
    });
    if (light.sun < 0.3) return;
    const edge = light.side > 0 ? r.x1 : r.x0 + slant;
    const beside: Rect = { x0: edge, x1: edge + Math.abs(slant), y0: r.y0 + reach * 0.5, y1: r.y1 };
    if (r.y1 - r.y0 > reach) this.shade(beside, ({ u }) => 1 - strength * (light.side > 0 ? 1 - 0.5 * u : 0.5 + 0.5 * u));
  }
}
