import type { ByteSource } from './byte-source.js';
import { crc32 } from './crc32.js';
import { decodeNumbers, STORED_DTYPE_BYTES } from './half.js';
import { corrupt, quote } from './pytorch-errors.js';
import type { TensorRef } from './pytorch-globals.js';
import type { StoredTensor } from './weight-file.js';

/** Where the bytes of a storage lie in the file. */
export interface StorageBytes {
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** CRC-32 of all of them; 0 where the file has none. */
  readonly crc: number;
}

/** Numbers of a tensor, or 0 if an axis has none. */
export function numberCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A tensor of a PyTorch file whose description has been checked against its storage. */
export function storedTensor(source: ByteSource, name: string, tensor: TensorRef, bytes: StorageBytes): StoredTensor {
  const {
    shape,
    storage: { dtype },
  } = tensor;
  return { name, shape, dtype, read: async () => decodeNumbers(await readTensor(source, name, tensor, bytes), dtype) };
}

/** The bytes of a tensor's numbers, row-major and without gaps. Those from its first to its last number are read. */
async function readTensor(
  source: ByteSource,
  name: string,
  { storage, offset, shape, strides }: TensorRef,
  { start, size, crc }: StorageBytes,
): Promise<Uint8Array> {
  const width = STORED_DTYPE_BYTES[storage.dtype];
  const count = numberCount(shape);
  if (count === 0) return new Uint8Array(0);
  const span = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1);
  const bytes = new Uint8Array(span * width);
  await source.read(start + offset * width, bytes);
  // A part of a storage cannot be checked without reading all of it, which many parts would make slow.
  if (bytes.length === size && crc !== 0 && crc32(bytes) !== crc) {
    throw corrupt(source.name, `tensor ${quote(name)} is damaged`, `numbers whose CRC-32 is ${crc}`, String(crc32(bytes)));
  }
  return isContiguous(shape, strides) ? bytes : gather(bytes, width, shape, strides);
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Numbers of `width` bytes in the order of the shape's axes. */
function gather({ buffer }: Uint8Array, width: number, shape: readonly number[], strides: readonly number[]): Uint8Array {
  const result = new Uint8Array(numberCount(shape) * width);
  if (width === 1) copyStrided(new Uint8Array(buffer), result, shape, strides);
  else if (width === 2) copyStrided(new Uint16Array(buffer), new Uint16Array(result.buffer), shape, strides);
  else if (width === 4) copyStrided(new Uint32Array(buffer), new Uint32Array(result.buffer), shape, strides);
  else copyStrided(new BigUint64Array(buffer), new BigUint64Array(result.buffer), shape, strides);
  return result;
}

function copyStrided<T>(
  from: ArrayLike<T>,
  to: { [index: number]: T; readonly length: number },
  shape: readonly number[],
  strides: readonly number[],
): void {
  const index = shape.map(() => 0);
  let position = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[position]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
