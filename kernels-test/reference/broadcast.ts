/** Broadcasting and reductions over axes, index by index. */
type Shape = readonly number[];

const count = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** The index into each axis of element i. */
function indices(i: number, shape: Shape): number[] {
  const result: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result.unshift(i % shape[axis]!);
    i = Math.floor(i / shape[axis]!);
  }
  return result;
}

/** Number of the element that lies at an index of a larger shape. */
function position(index: readonly number[], shape: Shape): number {
  const missing = index.length - shape.length;
  return shape.reduce((at, length, axis) => at * length + (length === 1 ? 0 : index[axis + missing]!), 0);
}

export function broadcastShape(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)));
}

/** f of the elements that meet. */
export function map(f: (...values: number[]) => number, operands: readonly { data: ArrayLike<number>; shape: Shape }[]): Float64Array {
  const shape = broadcastShape(...operands.map((operand) => operand.shape));
  return Float64Array.from({ length: count(shape) }, (_, i) => {
    const index = indices(i, shape);
    return f(...operands.map((operand) => operand.data[position(index, operand.shape)]!));
  });
}

/** f of all elements along the axes, one list for each element that is left. */
export function reduce(f: (values: number[]) => number, data: ArrayLike<number>, shape: Shape, axes: readonly number[]): Float64Array {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const groups = Array.from({ length: count(kept) }, (): number[] => []);
  for (let i = 0; i < data.length; i++) groups[position(indices(i, shape), kept)]!.push(data[i]!);
  return Float64Array.from(groups, f);
}
