/** Rearrangements of axes, by their definitions. Row-major arrays of any element type. */

type Shape = readonly number[];

const size = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** The index along each axis of element i. */
export function indicesOf(i: number, shape: Shape): number[] {
  const indices = [...shape];
  for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
    indices[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return indices;
}

export function elementAt(indices: readonly number[], shape: Shape): number {
  return indices.reduce((at, index, axis) => at * shape[axis]! + index, 0);
}

/** An array of `shape` whose element at some indices is x's at `source(indices)`. */
export function gather(x: ArrayLike<number>, from: Shape, shape: Shape, source: (indices: number[]) => number[]): Float64Array {
  return Float64Array.from({ length: size(shape) }, (_, i) => x[elementAt(source(indicesOf(i, shape)), from)]!);
}

export function permute(x: ArrayLike<number>, shape: Shape, axes: readonly number[]): Float64Array {
  return gather(
    x,
    shape,
    axes.map((axis) => shape[axis]!),
    (indices) => {
      const source = [...indices];
      axes.forEach((axis, position) => (source[axis] = indices[position]!));
      return source;
    },
  );
}

export function slice(x: ArrayLike<number>, shape: Shape, axis: number, start: number, end: number, step = 1): Float64Array {
  const length = Math.ceil((end - start) / step);
  return gather(
    x,
    shape,
    shape.map((each, at) => (at === axis ? length : each)),
    (indices) => indices.map((index, at) => (at === axis ? start + index * step : index)),
  );
}

export function flip(x: ArrayLike<number>, shape: Shape, axes: readonly number[]): Float64Array {
  return gather(x, shape, shape, (indices) => indices.map((index, axis) => (axes.includes(axis) ? shape[axis]! - 1 - index : index)));
}

export function expand(x: ArrayLike<number>, from: Shape, shape: Shape): Float64Array {
  const padded = [...Array<number>(shape.length - from.length).fill(1), ...from];
  return gather(x, padded, shape, (indices) => indices.map((index, axis) => (padded[axis] === 1 ? 0 : index)));
}

/** Arrays joined along an axis. */
export function concat(parts: readonly { x: ArrayLike<number>; shape: Shape }[], axis: number): Float64Array {
  const [first] = parts;
  const outer = size(first!.shape.slice(0, axis));
  const result: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const { x, shape } of parts) {
      const inner = size(shape.slice(axis));
      for (let i = 0; i < inner; i++) result.push(x[o * inner + i]!);
    }
  }
  return Float64Array.from(result);
}
