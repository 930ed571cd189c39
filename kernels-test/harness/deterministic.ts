/**
 * Arrays that Python and TypeScript both make from a name, so that goldens need not store
 * inputs or weights. scripts/goldens/common.py holds the same formula; deterministic.test.ts
 * compares the two bit for bit.
 */

/** An array by its formula: `values(name, product of shape, scale, offset)`, row-major in `shape`. */
export interface GeneratedArray {
  name: string;
  shape: number[];
  scale: number;
  offset: number;
}

/** 32-bit FNV-1a of the UTF-8 bytes of `name`, as an unsigned integer. */
export function hashName(name: string): number {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  }
  return state;
}

/** The PCG-RXS-M-XS 32-bit output permutation (O'Neill 2014) of an unsigned 32-bit integer. */
export function pcg(x: number): number {
  const state = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/**
 * `length` float32 numbers, uniform in [-1, 1) * scale + offset, fixed by the name alone.
 *
 * Element i takes the upper 24 bits of pcg(hashName(name) ^ pcg(i)), an exact multiple of 2^-23,
 * scales it in float64 and rounds once to float32.
 */
export function values(name: string, length: number, scale = 1, offset = 0): Float32Array {
  const seed = hashName(name);
  const result = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const uniform = (pcg((seed ^ pcg(i)) >>> 0) >>> 8) / 8388608 - 1;
    result[i] = uniform * scale + offset;
  }
  return result;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The array that a golden's description names, flat and row-major. */
export function generate(description: GeneratedArray): Float32Array {
  return values(description.name, elementCount(description.shape), description.scale, description.offset);
}

/**
 * The value of a network's parameter in the whole-model goldens, in shadegrad's layout:
 * [KH][KW][Cin][Cout] for a conv, [KH][KW][Cout][Cin] for a transposed one, [C] for the rest.
 *
 * @param network such as "G" (generator) or "D" (discriminator); part of the seed
 * @param name state-dict name, such as `model.model.1.model.2.weight`
 * @param shape in any layout; its rank tells a conv's weight from a norm's
 */
export function parameterValues(network: string, name: string, shape: readonly number[]): Float32Array {
  const seed = `${network}.${name}`;
  const length = elementCount(shape);
  if (shape.length === 4) return values(seed, length, 0.05);
  if (name.endsWith('.weight')) return values(seed, length, 0.05, 1);
  return values(seed, length, 0.02);
}
