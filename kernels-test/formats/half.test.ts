import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeNumbers, encodeNumbers, STORED_DTYPE_BYTES } from '../../src/formats/half.js';
import type { StoredDType } from '../../src/formats/weight-file.js';
import { ShadegradError } from '../../src/errors.js';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const fromBits = (...bits: number[]): Float32Array => new Float32Array(Uint32Array.from(bits).buffer);
const words = (values: Float32Array, dtype: 'f16' | 'bf16'): number[] => [...new Uint16Array(encodeNumbers(values, dtype).slice().buffer)];
const ALL = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

/** The definition of float16, in doubles: sign, five bits of exponent, ten of mantissa. */
function halfValue(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 0x3ff;
  const magnitude =
    exponent === 31 ? (mantissa ? NaN : Infinity) : exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;
}

test('every float16 decodes to its value and comes back to the bit', () => {
  const values = decodeNumbers(bytesOf(ALL), 'f16');
  for (let half = 0; half < 0x10000; half++) {
    assert.ok(Object.is(values[half], halfValue(half)), `float16 ${half.toString(16)} is ${values[half]}, not ${halfValue(half)}`);
  }
  const back = words(values, 'f16');
  // A signalling NaN comes back quiet.
  assert.equal(
    back,
    [...ALL].map((half) => ((half & 0x7fff) > 0x7c00 ? half | 0x200 : half)),
  );
});

test('every bfloat16 is the upper half of a float32 and comes back to the bit', () => {
  const values = decodeNumbers(bytesOf(ALL), 'bf16');
  assert.equal(
    [...bitsOf(values)],
    [...ALL].map((word) => (word << 16) >>> 0),
  );
  assert.equal(
    words(values, 'bf16'),
    [...ALL].map((word) => ((word & 0x7fff) > 0x7f80 ? word | 0x40 : word)),
  );
});

test('between two float16 the nearer one, and half way the even one', () => {
  for (let half = 0; half < 0x7bff; half++) {
    const low = halfValue(half);
    const middle = Math.fround((low + halfValue(half + 1)) / 2);
    const [bits] = bitsOf(Float32Array.of(middle)) as unknown as [number];
    const even = half + (half & 1);
    assert.equal(words(fromBits(bits - 1, bits, bits + 1), 'f16'), [half, even, half + 1], `after float16 ${half.toString(16)}`);
    assert.equal(words(fromBits((bits | 0x8000_0000) >>> 0), 'f16'), [even | 0x8000]);
  }
  assert.equal(
    words(Float32Array.of(65504, 65519.996, 65520, 1e30, Infinity, -65520, 2 ** -25, -(2 ** -149)), 'f16'),
    [0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00, 0, 0x8000],
  );
});

test('between two bfloat16 the nearer one, and half way the even one', () => {
  for (let word = 0; word < 0x7f80; word++) {
    const middle = (word << 16) + 0x8000;
    assert.equal(words(fromBits(middle - 1, middle, middle + 1), 'bf16'), [word, word + (word & 1), word + 1]);
  }
  assert.equal(words(fromBits(0x7f7f_ffff, 0xff7f_ffff, 0x7f80_0001, 0xffff_ffff), 'bf16'), [0x7f80, 0xff80, 0x7fc0, 0xffff]);
});

test('whole numbers and doubles decode to the nearest float32', () => {
  assert.equal(
    [...decodeNumbers(bytesOf(BigInt64Array.of(0n, -1n, 12_345n, -(2n ** 63n), 2n ** 63n - 1n)), 'i64')],
    [0, -1, 12_345, -(2 ** 63), 2 ** 63],
  );
  // One more than half way between two float32, by less than a double can say, and exactly half way.
  const half = 2n ** 61n + 2n ** 37n;
  assert.equal(
    [...decodeNumbers(bytesOf(BigInt64Array.of(half, half + 1n, half - 1n, -half, -half - 1n, -half + 1n)), 'i64')],
    [2 ** 61, 2 ** 61 + 2 ** 38, 2 ** 61, -(2 ** 61), -(2 ** 61) - 2 ** 38, -(2 ** 61)],
  );
  assert.equal([...decodeNumbers(bytesOf(Float64Array.of(0.1, 1e300, -1e-300, NaN)), 'f64')], [Math.fround(0.1), Infinity, -0, NaN]);
  assert.equal([...decodeNumbers(bytesOf(Int32Array.of(-7, 16_777_217)), 'i32')], [-7, 16_777_216]);
  assert.equal([...decodeNumbers(bytesOf(Int16Array.of(-32_768, 3)), 'i16')], [-32_768, 3]);
  assert.equal([...decodeNumbers(Uint8Array.of(255, 1), 'i8')], [-1, 1]);
  assert.equal([...decodeNumbers(Uint8Array.of(255, 1), 'u8')], [255, 1]);
  assert.equal([...decodeNumbers(Uint8Array.of(255, 1, 0), 'bool')], [1, 1, 0]);
});

test('every type comes back as it was, from any address', () => {
  const values: Record<StoredDType, number[]> = {
    f64: [1.5, -0, 2 ** 100],
    f32: [0.1, -1e-40, NaN],
    f16: [1.5, -2],
    bf16: [3, -0.5],
    i64: [-(2 ** 63), 2 ** 40],
    i32: [-(2 ** 31), 5],
    i16: [-32_768, 32_767],
    u16: [0, 65_535],
    i8: [-128, 127],
    u8: [0, 255],
    bool: [0, 1, 1],
  };
  for (const [dtype, numbers] of Object.entries(values) as [StoredDType, number[]][]) {
    const array = Float32Array.from(numbers);
    const bytes = encodeNumbers(array, dtype);
    assert.is(bytes.length, numbers.length * STORED_DTYPE_BYTES[dtype], dtype);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assert.equal([...bitsOf(decodeNumbers(shifted.subarray(1), dtype))], [...bitsOf(array)], dtype);
    assert.is(decodeNumbers(encodeNumbers(new Float32Array(0), dtype), dtype).length, 0);
  }
});

test('a part of a number, and a number that a type does not have, are refused', () => {
  const refuses = (run: () => unknown, ...expected: RegExp[]): void => {
    assert.throws(
      run,
      (error: unknown) =>
        error instanceof ShadegradError && error.code === 'INVALID_ARGUMENT' && expected.every((each) => each.test(error.message)),
    );
  };
  for (const [dtype, width] of Object.entries(STORED_DTYPE_BYTES) as [StoredDType, number][]) {
    if (width > 1) refuses(() => decodeNumbers(new Uint8Array(width + 1), dtype), new RegExp(dtype));
  }
  refuses(() => encodeNumbers(Float32Array.of(1, 2.5), 'i64'), /number 1/, /2\.5/);
  refuses(() => encodeNumbers(Float32Array.of(256), 'u8'), /256/);
  refuses(() => encodeNumbers(Float32Array.of(-129), 'i8'), /-129/);
  refuses(() => encodeNumbers(Float32Array.of(2 ** 63), 'i64'));
  refuses(() => encodeNumbers(Float32Array.of(2 ** 31), 'i32'));
  refuses(() => encodeNumbers(Float32Array.of(NaN), 'i16'), /NaN/);
});

test.run();
