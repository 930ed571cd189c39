import { randomWord } from './random.js';

/** Dropout in float64, with the device's own masks. */
export function dropout(x: ArrayLike<number>, rate: number, layer: number, step: number, seed: number): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) =>
    randomWord(i, layer, step, seed) >= Math.round(rate * 2 ** 32) ? x[i]! / (1 - rate) : 0,
  );
}
