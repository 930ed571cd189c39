/** Pixels of a drawing: a byte a pixel that names a swatch, or three of a picture's colours. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Bytes a pixel: 1 of a drawing, 3 of a picture. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A rectangle of whole pixels; `right` and `bottom` are the first that are no longer in it. */
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A place on a drawing, in pixels from its upper left corner, with the width of the brush there. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A drawing of one value. */
export function blank(width: number, height: number, value = 0, channels: 1 | 3 = 1): Raster {
  return { width, height, channels, data: new Uint8Array(width * height * channels).fill(value) };
}

/** The rectangle of a whole raster. */
export const wholeOf = ({ width, height }: Raster): Rect => ({ left: 0, top: 0, right: width, bottom: height });

/** The part of a rectangle that lies on a raster; null for none. */
export function clipped({ left, top, right, bottom }: Rect, { width, height }: Raster): Rect | null {
  const rect = { left: Math.max(0, left), top: Math.max(0, top), right: Math.min(width, right), bottom: Math.min(height, bottom) };
  return rect.left < rect.right && rect.top < rect.bottom ? rect : null;
}

/** The smallest rectangle around two. */
export function around(a: Rect | null, b: Rect | null): Rect | null {
  if (!a || !b) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** The bytes of a rectangle, row after row. */
export function cut({ data, width, channels }: Raster, { left, top, right, bottom }: Rect): Uint8Array {
  const row = (right - left) * channels;
  const bytes = new Uint8Array(row * (bottom - top));
  for (let y = top; y < bottom; y++) {
    const from = (y * width + left) * channels;
    bytes.set(data.subarray(from, from + row), (y - top) * row);
  }
  return bytes;
}

/** Puts back what cut() gave. */
export function put({ data, width, channels }: Raster, { left, top, right, bottom }: Rect, bytes: Uint8Array): void {
  const row = (right - left) * channels;
  for (let y = top; y < bottom; y++) data.set(bytes.subarray((y - top) * row, (y - top + 1) * row), (y * width + left) * channels);
}

/** Fills a rectangle of whole pixels. */
export function paintRect(raster: Raster, rect: Rect, value: number): Rect | null {
  const inside = clipped(rect, raster);
  if (!inside) return null;
  const { left, top, right, bottom } = inside;
  for (let y = top; y < bottom; y++) raster.data.fill(value, y * raster.width + left, y * raster.width + right);
  return inside;
}

/** The rectangle whose corners are the pixels of two places, both in it. */
export function rectOf(from: Spot, to: Spot): Rect {
  const [x0, y0, x1, y1] = [from.x, from.y, to.x, to.y].map(Math.floor) as [number, number, number, number];
  return { left: Math.min(x0, x1), top: Math.min(y0, y1), right: Math.max(x0, x1) + 1, bottom: Math.max(y0, y1) + 1 };
}

/** Puts down a round brush. Its middle is that of a pixel or a corner between pixels, so that it is the same shape everywhere. */
export function paintDot(raster: Raster, { x, y, width: across }: Spot, value: number): Rect | null {
  const wide = Math.max(1, Math.round(across));
  const left = wide % 2 === 1 ? Math.floor(x) - (wide >> 1) : Math.round(x) - wide / 2;
  const top = wide % 2 === 1 ? Math.floor(y) - (wide >> 1) : Math.round(y) - wide / 2;
  const inside = clipped({ left, top, right: left + wide, bottom: top + wide }, raster);
  if (!inside) return null;
  const half = wide / 2;
  for (let row = inside.top; row < inside.bottom; row++) {
    const up = row + 0.5 - top - half;
    // A little more than the radius: small brushes are round, and not crosses.
    const reach = Math.sqrt(Math.max(0, (half + 0.1) ** 2 - up * up));
    const from = Math.max(inside.left, Math.ceil(left + half - reach - 0.5));
    const to = Math.min(inside.right, Math.floor(left + half + reach - 0.5) + 1);
    if (from < to) raster.data.fill(value, row * raster.width + from, row * raster.width + to);
  }
  return inside;
}

/** Draws a straight line with a round brush, from one place to another, its width changing on the way. */
export function paintLine(raster: Raster, from: Spot, to: Spot, value: number): Rect | null {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y))));
  let changed: Rect | null = null;
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const between = (a: number, b: number): number => a + (b - a) * share;
    const spot = { x: between(from.x, to.x), y: between(from.y, to.y), width: between(from.width, to.width) };
    changed = around(changed, paintDot(raster, spot, value));
  }
  return changed;
}

/** Fills the area of one value that a place is in; its pixels touch by their sides. */
export function paintArea(raster: Raster, { x, y }: Spot, value: number): Rect | null {
  const { data, width, height } = raster;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= width || row >= height) return null;
  const old = data[row * width + column]!;
  if (old === value) return null;
  let changed: Rect | null = null;
  const seeds = [row * width + column];
  for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
    if (data[seed] !== old) continue;
    const line = Math.floor(seed / width) * width;
    let [left, right] = [seed, seed + 1];
    while (left > line && data[left - 1] === old) left--;
    while (right < line + width && data[right] === old) right++;
    data.fill(value, left, right);
    const top = line / width;
    changed = around(changed, { left: left - line, top, right: right - line, bottom: top + 1 });
    for (const next of [line - width, line + width]) {
      if (next < 0 || next >= width * height) continue;
      for (let at = left - line; at < right - line; at++) {
        // One seed for each run of the row above and of the one below.
        if (data[next + at] === old && (at === left - line || data[next + at - 1] !== old)) seeds.push(next + at);
      }
    }
  }
  return changed;
}

/** A drawing at another size: each pixel is the one nearest to it, so that no new values come up. */
export function resized(raster: Raster, width: number, height: number): Raster {
  const result = blank(width, height, 0, raster.channels);
  const { channels } = raster;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * raster.height) / height) * raster.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor(((x + 0.5) * raster.width) / width)) * channels;
      for (let c = 0; c < channels; c++) result.data[(y * width + x) * channels + c] = raster.data[from + c]!;
    }
  }
  return result;
}

/**
 * Takes a drawing from one size to another as models of other sizes are chosen. One that was made smaller and has not been drawn on since
 * comes back as it was.
 */
export class Resizer {
  private last: { readonly original: Raster; readonly made: Uint8Array } | null = null;

  /** The drawing at a size. */
  resize(raster: Raster, width: number, height: number): Raster {
    const { last } = this;
    const isAsMade = last?.made.length === raster.data.length && last.made.every((value, at) => value === raster.data[at]);
    const original = isAsMade ? last.original : { ...raster, data: raster.data.slice() };
    const result = resized(original, width, height);
    this.last = { original, made: result.data.slice() };
    return result;
  }
}
