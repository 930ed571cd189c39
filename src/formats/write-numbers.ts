import { ShadegradError } from '../errors.js';
import { describeIndex } from './finite.js';
import { encodeNumbers } from './half.js';
import { quote } from './safetensors.js';
import type { StoredDType, TensorToWrite } from './weight-file.js';

/** The smallest magnitude that rounds to infinity in each short type, as the bits of a float32; in bfloat16 a tie does. */
const OVERFLOW: Partial<Record<StoredDType, { readonly bits: number; readonly largest: string; readonly type: string }>> = {
  f16: { bits: 0x477f_f000, largest: '65504', type: 'float16' },
  bf16: { bits: 0x7f7f_8000, largest: '3.3895e38', type: 'bfloat16' },
};
const MAGNITUDE = 0x7fff_ffff;
const INFINITE = 0x7f80_0000;

/**
 * A tensor's numbers as little-endian bytes of a type, rounded to nearest.
 *
 * @param values as many as the shape has
 * @returns for f32 the same memory
 * @throws INVALID_ARGUMENT when the numbers do not fill the shape, or are none of a type of whole numbers;
 * WEIGHTS_UNSUPPORTED for a finite number that would become infinite, by its tensor, index and value
 */
export function writeNumbers(values: Float32Array, { name, shape }: Pick<TensorToWrite, 'name' | 'shape'>, dtype: StoredDType): Uint8Array {
  const count = shape.reduce((product, length) => product * length, 1);
  if (values.length !== count) {
    throw new ShadegradError('INVALID_ARGUMENT', `numbers of tensor ${quote(name)}`, {
      expected: `${count} for its shape [${shape.join(', ')}]`,
      received: String(values.length),
      fix: 'return as many numbers from read() as the shape has',
    });
  }
  const limit = OVERFLOW[dtype];
  const index = limit ? findFrom(values, limit.bits) : -1;
  if (index >= 0) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `tensor ${quote(name)} does not fit into ${limit!.type}`, {
      expected: `numbers of at most ${limit!.largest} in size`,
      received: `${values[index]} at index ${describeIndex(index, shape)}`,
      fix: dtype === 'f16' ? 'write f32, or bf16 where the format has it: bf16 reaches as far as f32' : 'write f32',
    });
  }
  return encodeNumbers(values, dtype);
}

/** Index of the first finite number whose magnitude is at least that of these bits; -1 if there is none. */
function findFrom(values: Float32Array, least: number): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & MAGNITUDE;
    if (magnitude >= least && magnitude < INFINITE) return i;
  }
  return -1;
}
