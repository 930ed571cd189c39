import { pcg4d } from '../../random.js';

/** Side of the periodic table of random numbers; a power of two. */
const SIDE = 256;
const MASK = SIDE - 1;

/** Looking a number up is several times faster than hashing, and a texture takes a million of them. */
const table = new Float32Array(SIDE * SIDE);
for (let i = 0; i < table.length; i += 4) {
  const words = pcg4d(i, 0x66616361, 0, 0);
  for (let lane = 0; lane < 4; lane++) table[i + lane] = (words[lane]! >>> 8) / 16777216;
}

/** A random number in [0, 1) for a lattice point; another seed starts elsewhere in the table. */
export function latticeNoise(x: number, y: number, seed: number): number {
  const shift = Math.imul(seed, 0x9e3779b1);
  return table[((y + (shift >>> 24)) & MASK) * SIDE + ((x + ((shift >>> 12) & MASK)) & MASK)]!;
}

/** Smoothly interpolated lattice noise in [0, 1), one cell a unit. */
export function valueNoise(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const s = x - column;
  const t = y - row;
  const u = s * s * (3 - 2 * s);
  const v = t * t * (3 - 2 * t);
  const shift = Math.imul(seed, 0x9e3779b1);
  const left = (column + ((shift >>> 12) & MASK)) & MASK;
  const right = (left + 1) & MASK;
  const upper = ((row + (shift >>> 24)) & MASK) * SIDE;
  const lower = (upper + SIDE) & (SIDE * SIDE - 1);
  const top = table[upper + left]! + (table[upper + right]! - table[upper + left]!) * u;
  const bottom = table[lower + left]! + (table[lower + right]! - table[lower + left]!) * u;
  return top + (bottom - top) * v;
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
