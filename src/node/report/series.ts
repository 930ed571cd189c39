/** A point of a curve; `y` may be NaN or infinite, which shows as a gap. */
export interface Point {
  x: number;
  y: number;
}

/**
 * Thins a curve to at most about `2 * buckets` points without losing its extremes: of every bucket of neighbours the
 * lowest and the highest are kept, in their order. Points that are not finite are kept as one gap a bucket.
 */
export function downsample(points: readonly Point[], buckets: number): Point[] {
  if (points.length <= 2 * buckets) return [...points];
  const kept: Point[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * points.length) / buckets);
    const to = Math.floor(((bucket + 1) * points.length) / buckets);
    let lowest = -1;
    let highest = -1;
    let gap = -1;
    for (let at = from; at < to; at++) {
      const { y } = points[at]!;
      if (!Number.isFinite(y)) gap = at;
      else {
        if (lowest < 0 || y < points[lowest]!.y) lowest = at;
        if (highest < 0 || y > points[highest]!.y) highest = at;
      }
    }
    const chosen = new Set([lowest, highest, gap].filter((at) => at >= 0));
    for (const at of [...chosen].sort((a, b) => a - b)) kept.push(points[at]!);
  }
  return kept;
}

/**
 * The mean over a window of neighbours around each point; what is not finite is left out of the means. Towards the
 * ends the window shrinks to half, so that the first and the last point are hardly pulled inwards.
 *
 * @param radius neighbours on each side
 */
export function smooth(points: readonly Point[], radius: number): Point[] {
  const sums = new Float64Array(points.length + 1);
  const counts = new Uint32Array(points.length + 1);
  points.forEach(({ y }, at) => {
    const finite = Number.isFinite(y);
    sums[at + 1] = sums[at]! + (finite ? y : 0);
    counts[at + 1] = counts[at]! + (finite ? 1 : 0);
  });
  return points.map(({ x }, at) => {
    const reach = Math.max(radius >> 1, Math.min(radius, at, points.length - 1 - at));
    const from = Math.max(at - reach, 0);
    const to = Math.min(at + reach + 1, points.length);
    const count = counts[to]! - counts[from]!;
    return { x, y: count > 0 ? (sums[to]! - sums[from]!) / count : NaN };
  });
}

/** Round numbers (1, 2, 2.5 or 5 times a power of ten) from `low` to `high` for an axis, about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** The value below which the given share of the finite values lies; NaN if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  return sorted.length === 0 ? NaN : sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]!;
}

/**
 * At most `count` of `length` indices: the first, the last, and between them ever wider apart, as a network changes
 * most at the start.
 */
export function geometricIndices(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, index) => index);
  if (count <= 1) return [length - 1];
  const chosen = new Set([0]);
  for (let place = 1; place < count; place++) {
    const wanted = Math.round(length ** (place / (count - 1))) - 1;
    let index = Math.min(Math.max(wanted, 0), length - 1);
    while (chosen.has(index)) index++;
    chosen.add(index);
  }
  return [...chosen].sort((a, b) => a - b);
}
