import { ShadegradError } from '../errors.js';

/** The lengths of a tensor's axes, outermost first; none for a scalar. Images are [batch, height, width, channels] (NHWC). */
export type Shape = readonly number[];

export function elementCount(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** @throws INVALID_ARGUMENT unless every length is a whole number of at least 1. */
export function checkShape(shape: Shape, label: string): void {
  if (Array.isArray(shape) && shape.every((length) => Number.isInteger(length) && length >= 1)) return;
  throw new ShadegradError('INVALID_ARGUMENT', `shape of "${label}"`, {
    expected: 'lengths of axes, each a whole number of at least 1 (none for a scalar)',
    received: Array.isArray(shape) ? formatShape(shape) : String(shape),
    fix: Array.isArray(shape) ? 'check the sizes it was computed from' : 'pass the lengths in brackets: [3], or [] for a single number',
  });
}

/**
 * A shape in which one length may be -1, for what is left of the elements that there are.
 * @throws INVALID_ARGUMENT for a second -1, or what is no list; SHAPE_MISMATCH when the other lengths do not divide the elements
 */
export function inferredShape(shape: Shape, size: number, label: string): Shape {
  const open = Array.isArray(shape) ? shape.filter((length) => length === -1).length : NaN;
  if (open === 0) return shape;
  const rest = open === 1 ? -elementCount(shape) : NaN;
  if (Number.isInteger(size / rest)) return shape.map((length) => (length === -1 ? size / rest : length));
  throw new ShadegradError(open === 1 ? 'SHAPE_MISMATCH' : 'INVALID_ARGUMENT', `shape of "${label}"`, {
    expected: open === 1 ? `lengths beside -1 whose product divides ${size} elements` : 'a list of lengths, at most one of them -1',
    received: Array.isArray(shape) ? formatShape(shape) : String(shape),
    fix: open === 1 ? 'check the sizes it was computed from' : 'pass the lengths in brackets, and leave no more than one to be computed',
  });
}

/** @throws SHAPE_MISMATCH unless the shapes are equal. */
export function expectShape(what: string, expected: Shape, received: Shape): void {
  if (sameShape(expected, received)) return;
  throw new ShadegradError('SHAPE_MISMATCH', what, {
    expected: formatShape(expected),
    received: formatShape(received),
    fix: 'check the sizes and channels of the layers before it',
  });
}

/** Batch, height, width and channels of an image tensor. @throws SHAPE_MISMATCH unless it has four axes. */
export function imageShape(shape: Shape, what: string): [batch: number, height: number, width: number, channels: number] {
  if (shape.length === 4) return [shape[0]!, shape[1]!, shape[2]!, shape[3]!];
  throw new ShadegradError('SHAPE_MISMATCH', what, {
    expected: '[batch, height, width, channels]',
    received: formatShape(shape),
    fix: 'add the missing axes with reshape()',
  });
}
