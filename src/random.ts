/** Four 32-bit words, mixed. */
export type Words = [number, number, number, number];

/**
 * pcg4d: a hash from four 32-bit words to four (Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020).
 * A counter-based generator: what it draws depends on its arguments alone, so nothing needs to be saved to continue.
 */
export function pcg4d(a: number, b: number, c: number, d: number): Words {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** Map 32 random bits to 0..bound-1. The bias is below bound / 2^32. */
export function boundedInteger(bits: number, bound: number): number {
  return Math.floor((bits * bound) / 4294967296);
}

/** A stream of draws named by three numbers: the same names, the same draws. */
export class RandomStream {
  private counter = 0;
  private words: Words = [0, 0, 0, 0];

  constructor(
    private readonly seed: number,
    private readonly stream = 0,
    private readonly substream = 0,
  ) {}

  /** 32 random bits. */
  bits(): number {
    const lane = this.counter & 3;
    if (lane === 0) this.words = pcg4d(this.seed, this.stream, this.substream, this.counter >>> 2);
    this.counter++;
    return this.words[lane]!;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 4294967296);
  }

  /** A whole number in low..high, both included. */
  integer(low: number, high: number): number {
    return low + boundedInteger(this.bits(), high - low + 1);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** Normally distributed, of mean 0 and deviation 1; by Box and Muller, of whose two numbers the second is left. */
  normal(): number {
    // Not 0, whose logarithm there is not.
    const radius = Math.sqrt(-2 * Math.log((this.bits() + 1) / 4294967296));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
