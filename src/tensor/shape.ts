import { ShadegradError } from '../gpu/errors.js';

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
  if (shape.every((length) => Number.isInteger(length) && length >= 1)) return;
  throw new ShadegradError('INVALID_ARGUMENT', `shape of "${label}"`, {
    expected: 'lengths of axes, each a whole number of at least 1 (none for a scalar)',
    received: formatShape(shape),
    fix: 'check the sizes it was computed from',
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
