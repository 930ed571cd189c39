import { ShadegradError } from '../errors.js';
import { elementCount, formatShape, type Shape } from './shape.js';

/** Numbers for a tensor's contents, in row-major order: those of an i32 tensor are an Int32Array's, all others are rounded to float32. */
export type Numbers = Float32Array | Float64Array | Int32Array | readonly number[];

/** The name of a value's type: of the kind of array, where it is one. By its tag, as an array of another window is none of this one's. */
function kindOf(value: unknown): string {
  if (ArrayBuffer.isView(value)) return (value as Uint8Array)[Symbol.toStringTag] ?? 'DataView';
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}

/**
 * The words of numbers as a tensor keeps them. NaN and infinity are numbers here.
 *
 * @param label of the tensor in errors
 * @throws INVALID_ARGUMENT for what is no list of numbers, and for other kinds of arrays: what their elements stand for is not said
 */
export function wordsOf(data: Numbers, label: string): Float32Array | Int32Array {
  const kind = kindOf(data);
  if (kind === 'Float32Array' || kind === 'Int32Array') return data as Float32Array | Int32Array;
  if (kind === 'Float64Array') return new Float32Array(data);
  if (kind === 'array') {
    const other = (data as readonly unknown[]).findIndex((element) => typeof element !== 'number');
    // A hole is found, too: it reads as undefined.
    if (other < 0) return new Float32Array(data);
    throw refused(
      label,
      'numbers alone',
      `${kindOf(data[other])} at index ${other}`,
      'turn the elements into numbers, and nested arrays into one: rows.flat()',
    );
  }
  const bytes = kind === 'Uint8Array' || kind === 'Uint8ClampedArray';
  throw refused(
    label,
    'a Float32Array, Float64Array, Int32Array or an array of numbers',
    kind,
    bytes
      ? 'for bytes such as pixels use Tensor.fromBytes() and writeBytes(); for numbers, Float32Array.from(data)'
      : 'Float32Array.from(data) for an f32 tensor, Int32Array.from(data) for an i32 one',
  );
}

/**
 * The bytes of a u8 tensor.
 *
 * @param label of the tensor in errors
 * @throws INVALID_ARGUMENT for what is no list of bytes, such as a number that is not whole or not in 0..255
 */
export function bytesOf(data: Uint8Array | Uint8ClampedArray | readonly number[], label: string): Uint8Array {
  const kind = kindOf(data);
  if (kind === 'Uint8Array') return data as Uint8Array;
  if (kind === 'Uint8ClampedArray') {
    const { buffer, byteOffset, length } = data as Uint8ClampedArray;
    return new Uint8Array(buffer, byteOffset, length);
  }
  if (kind !== 'array') {
    const fix =
      kind.startsWith('Float') || kind.startsWith('Int')
        ? 'use Tensor.from() and write() for numbers; pixels are bytes of 0 to 255'
        : 'pass the bytes';
    throw refused(label, 'a Uint8Array, a Uint8ClampedArray or an array of whole numbers from 0 to 255', kind, fix);
  }
  const other = (data as readonly unknown[]).findIndex(
    (element) => !(Number.isInteger(element) && (element as number) >= 0 && (element as number) <= 255),
  );
  if (other < 0) return Uint8Array.from(data);
  throw refused(
    label,
    'whole numbers from 0 to 255',
    `${String(data[other])} at index ${other}`,
    'round and clamp them: Uint8ClampedArray.from(data)',
  );
}

/** @throws SHAPE_MISMATCH unless the data is as long as the shape wants, which counts in `unit`; `fix` says what to do about it */
export function expectCount(data: ArrayLike<number>, unit: 'numbers' | 'bytes', shape: Shape, label: string, fix: string): void {
  if (data.length === elementCount(shape)) return;
  throw new ShadegradError('SHAPE_MISMATCH', `contents of "${label}"`, {
    expected: `${elementCount(shape)} ${unit} for shape ${formatShape(shape)}`,
    received: `${data.length} ${unit}`,
    fix,
  });
}

const refused = (label: string, expected: string, received: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', `contents of "${label}"`, { expected, received, fix });
