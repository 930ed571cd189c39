import { ShadegradError } from '../errors.js';
import { halfTable } from '../tensor/halves.js';
import type { StoredDType } from './weight-file.js';

/** Bytes of one number. */
export const STORED_DTYPE_BYTES: Readonly<Record<StoredDType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  u16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Smallest number of each type of whole numbers, and the first one past its largest. */
const WHOLE_RANGES: Partial<Record<StoredDType, readonly [smallest: number, end: number]>> = {
  i64: [-(2 ** 63), 2 ** 63],
  i32: [-(2 ** 31), 2 ** 31],
  i16: [-(2 ** 15), 2 ** 15],
  u16: [0, 2 ** 16],
  i8: [-128, 128],
  u8: [0, 256],
};

/**
 * The float16 nearest to a float32, ties to the one whose last bit is 0; infinity from 65520 on.
 *
 * @param bits of the float32
 * @returns bits of the float16
 */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  // NaN keeps the upper bits of its payload and is made quiet, as processors do.
  if (magnitude > 0x7f80_0000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  // From 2^-14 on: another bias of the exponent, 13 bits fewer; a carry out of the mantissa raises the exponent.
  if (magnitude >= 0x3880_0000) return sign | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  if (magnitude <= 0x3300_0000) return sign;
  // Below: multiples of 2^-24, so the whole mantissa moves right; 14 to 24 bits fall off.
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000;
  return sign | ((mantissa + (2 ** (shift - 1) - 1) + ((mantissa >>> shift) & 1)) >>> shift);
}

/** The bfloat16 nearest to a float32, ties to the one whose last bit is 0; bits to bits. */
function bfloatBits(bits: number): number {
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** An i64 as a double that rounds to the same float32: past 2^53 the bits that no double has leave their trace in bit 11. */
function wholeNumber(value: bigint): number {
  if (BigInt.asIntN(54, value) === value || (value & 0x7ffn) === 0n) return Number(value);
  return Number((value & ~0x7ffn) | 0x800n);
}

/** Where typed arrays can lie; a copy of the bytes where they do not. */
function aligned(bytes: Uint8Array, width: number): { buffer: ArrayBufferLike; byteOffset: number } {
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice();
}

/**
 * Little-endian numbers as float32: f64 and i64 round to nearest, ties to even; every other type is exact.
 *
 * @param bytes whole numbers of the type; f32 at an address divisible by 4 is not copied, the result is the same memory
 * @throws INVALID_ARGUMENT for a part of a number
 */
export function decodeNumbers(bytes: Uint8Array, dtype: StoredDType): Float32Array {
  const width = STORED_DTYPE_BYTES[dtype];
  const count = bytes.length / width;
  if (!Number.isInteger(count)) {
    throw new ShadegradError('INVALID_ARGUMENT', `numbers of type ${dtype}`, {
      expected: `a multiple of ${width} bytes`,
      received: `${bytes.length} bytes`,
      fix: 'pass whole numbers of the type',
    });
  }
  const { buffer, byteOffset } = aligned(bytes, width);
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, count);
    case 'f64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case 'i32':
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case 'i16':
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case 'u16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, count));
    case 'i8':
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case 'u8':
      return Float32Array.from(bytes);
    case 'bool':
      return Float32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
    case 'i64': {
      const source = new BigInt64Array(buffer, byteOffset, count);
      const result = new Float32Array(count);
      for (let i = 0; i < count; i++) result[i] = wholeNumber(source[i]!);
      return result;
    }
    case 'f16':
    case 'bf16': {
      const source = new Uint16Array(buffer, byteOffset, count);
      const bits = new Uint32Array(count);
      const table = dtype === 'f16' ? halfTable() : null;
      for (let i = 0; i < count; i++) bits[i] = table ? table[source[i]!]! : source[i]! << 16;
      return new Float32Array(bits.buffer);
    }
  }
}

/**
 * Float32 as little-endian numbers of a type. f16 and bf16 round to nearest, ties to even, and overflow to infinity.
 *
 * @returns for f32 the same memory
 * @throws INVALID_ARGUMENT for a type of whole numbers and a value that it does not have
 */
export function encodeNumbers(values: Float32Array, dtype: StoredDType): Uint8Array {
  const whole = WHOLE_RANGES[dtype];
  if (whole) checkWhole(values, dtype, whole);
  switch (dtype) {
    case 'f32':
      return bytesOf(values);
    case 'f64':
      return bytesOf(Float64Array.from(values));
    case 'i32':
      return bytesOf(Int32Array.from(values));
    case 'i16':
      return bytesOf(Int16Array.from(values));
    case 'u16':
      return bytesOf(Uint16Array.from(values));
    case 'i8':
      return bytesOf(Int8Array.from(values));
    case 'u8':
      return Uint8Array.from(values);
    case 'bool':
      return Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
    case 'i64': {
      const result = new BigInt64Array(values.length);
      for (let i = 0; i < values.length; i++) result[i] = BigInt(values[i]!);
      return bytesOf(result);
    }
    case 'f16':
    case 'bf16': {
      const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
      const result = new Uint16Array(values.length);
      const round = dtype === 'f16' ? halfBits : bfloatBits;
      for (let i = 0; i < bits.length; i++) result[i] = round(bits[i]!);
      return bytesOf(result);
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function checkWhole(values: Float32Array, dtype: StoredDType, [smallest, end]: readonly [number, number]): void {
  const index = values.findIndex((value) => !Number.isInteger(value) || value < smallest || value >= end);
  if (index < 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', `number ${index} to write as ${dtype}`, {
    expected: 'a whole number in the range of the type',
    received: String(values[index]),
    fix: 'write it as f32',
  });
}
