/** Images turned about their middle, in float64. */

/** A place brought into 0..last by mirroring it at the ends, as often as it takes. */
function reflected(place: number, last: number): number {
  let at = last === 0 ? 0 : place;
  while (at < 0 || at > last) at = at < 0 ? -at : 2 * last - at;
  return at;
}

/** @param turns cosine and sine for each image, as the kernel is given them */
export function rotate(
  x: ArrayLike<number>,
  [batch, height, width, channels]: readonly [number, number, number, number],
  turns: ArrayLike<number>,
  mode: 'bilinear' | 'nearest',
): Float64Array {
  const at = (n: number, row: number, column: number, c: number): number => x[((n * height + row) * width + column) * channels + c]!;
  return Float64Array.from({ length: batch * height * width * channels }, (_, index) => {
    const c = index % channels;
    const u = Math.floor(index / channels) % width;
    const v = Math.floor(index / channels / width) % height;
    const n = Math.floor(index / channels / width / height);
    const [cos, sin] = [turns[2 * n]!, turns[2 * n + 1]!];
    const [dx, dy] = [u - (width - 1) / 2, v - (height - 1) / 2];
    const column = reflected(cos * dx - sin * dy + (width - 1) / 2, width - 1);
    const row = reflected(sin * dx + cos * dy + (height - 1) / 2, height - 1);
    if (mode === 'nearest') return at(n, Math.round(row), Math.round(column), c);
    const [left, upper] = [Math.floor(column), Math.floor(row)];
    const [right, lower] = [Math.min(left + 1, width - 1), Math.min(upper + 1, height - 1)];
    const above = at(n, upper, left, c) * (1 - column + left) + at(n, upper, right, c) * (column - left);
    const below = at(n, lower, left, c) * (1 - column + left) + at(n, lower, right, c) * (column - left);
    return above * (1 - row + upper) + below * (row - upper);
  });
}
