/** The first 32 bits of the fractional parts of the roots of the first primes: cube roots for the rounds, square roots to begin with. */
function fractions(count: number, power: number): Uint32Array {
  const words: number[] = [];
  for (let candidate = 2; words.length < count; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate && isPrime; divisor++) isPrime = candidate % divisor !== 0;
    if (isPrime) words.push(Math.floor((candidate ** power % 1) * 2 ** 32));
  }
  return Uint32Array.from(words);
}

const ROUNDS = fractions(64, 1 / 3);
const BLOCK_BYTES = 64;

/** A hash that is fed in parts, as Node's is: what makes fingerprints takes either. */
export interface RunningHash {
  /** Adds bytes, or a text in UTF-8. */
  update(data: string | Uint8Array): RunningHash;
  /** The hash of everything that was added, in hexadecimal digits. */
  digest(encoding: 'hex'): string;
}

/** SHA-256 (FIPS 180-4) where no platform is at hand that has it and answers at once. */
export class Sha256 implements RunningHash {
  private readonly state = fractions(8, 1 / 2);
  private readonly block = new Uint8Array(BLOCK_BYTES);
  private readonly words = new Uint32Array(64);
  private filled = 0;
  private bytes = 0;

  update(data: string | Uint8Array): this {
    const added = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.bytes += added.length;
    for (let from = 0; from < added.length; ) {
      const part = added.subarray(from, from + BLOCK_BYTES - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      from += part.length;
      if (this.filled === BLOCK_BYTES) this.compress();
    }
    return this;
  }

  digest(_encoding: 'hex'): string {
    const bits = this.bytes * 8;
    this.update(Uint8Array.of(0x80));
    while (this.filled !== BLOCK_BYTES - 8) this.update(Uint8Array.of(0));
    const end = new DataView(new ArrayBuffer(8));
    end.setUint32(0, Math.floor(bits / 2 ** 32));
    end.setUint32(4, bits >>> 0);
    this.update(new Uint8Array(end.buffer));
    return [...this.state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  private compress(): void {
    const { words: w, block, state } = this;
    const view = new DataView(block.buffer);
    const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));
    for (let t = 0; t < 16; t++) w[t] = view.getUint32(4 * t);
    for (let t = 16; t < 64; t++) {
      const [early, late] = [w[t - 15]!, w[t - 2]!];
      const small = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
      const large = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
      w[t] = w[t - 16]! + small + w[t - 7]! + large;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let t = 0; t < 64; t++) {
      const choice = (e & f) ^ (~e & g);
      const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + ROUNDS[t]! + w[t]!) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = state[at]! + value;
    this.filled = 0;
  }
}
