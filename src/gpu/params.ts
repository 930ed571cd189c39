import { ShadegradError } from '../errors.js';

type Kind = 'u32' | 'i32' | 'f32';

const RANGES: Readonly<Record<Exclude<Kind, 'f32'>, readonly [lowest: number, highest: number]>> = {
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * The uniform block of a kernel. Only u32, i32 and f32 members, in the order of the WGSL struct: these need no padding in WGSL's
 * uniform layout apart from the struct's own end. Every member is refused that its type cannot hold: a number that is none, or that
 * wraps or overflows on the way, would come out of the kernel as a wrong result.
 *
 * ```ts
 * const params = new Params().u32(count, columns).f32(slope);
 * ```
 */
export class Params {
  private readonly words: { kind: Kind; value: number }[] = [];

  /** Appends u32 members. Returns the block. @throws INVALID_ARGUMENT unless all are whole numbers of 32 bits */
  u32(...values: number[]): this {
    return this.add('u32', values);
  }

  /** Appends i32 members. Returns the block. @throws INVALID_ARGUMENT unless all are whole numbers of 32 bits, one of them the sign */
  i32(...values: number[]): this {
    return this.add('i32', values);
  }

  /**
   * Appends f32 members; infinities pass. Returns the block.
   *
   * @throws INVALID_ARGUMENT for NaN, and for finite numbers that are infinite in float32
   */
  f32(...values: number[]): this {
    return this.add('f32', values);
  }

  /** Appends a NaN on purpose: what a kernel writes where there is no right number. Returns the block. */
  nan(): this {
    this.words.push({ kind: 'f32', value: NaN });
    return this;
  }

  private add(kind: Kind, values: readonly number[]): this {
    for (const value of values) {
      if (!holds(kind, value)) throw doesNotFit(kind, value);
      this.words.push({ kind, value });
    }
    return this;
  }

  /** @internal */
  pack(): Uint8Array {
    const view = new DataView(new ArrayBuffer(Math.ceil((this.words.length * 4) / 16) * 16));
    this.words.forEach(({ kind, value }, index) => {
      if (kind === 'f32') view.setFloat32(index * 4, value, true);
      else if (kind === 'i32') view.setInt32(index * 4, value, true);
      else view.setUint32(index * 4, value, true);
    });
    return new Uint8Array(view.buffer);
  }
}

/** Smallest float32 above 0 of full precision: drivers take smaller ones for 0. */
export const SMALLEST_FLOAT = 2 ** -126;

/** True for a number that is finite in float32, too. */
export const isFloat = (value: number): boolean => typeof value === 'number' && Number.isFinite(Math.fround(value));

function holds(kind: Kind, value: number): boolean {
  // JavaScript hands over strings, tensors and undefined as well.
  if (typeof value !== 'number') return false;
  if (kind === 'f32') return isFloat(value) || Math.abs(value) === Infinity;
  const [lowest, highest] = RANGES[kind];
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function doesNotFit(kind: Kind, value: number): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', 'a number that is given to a kernel', {
    expected: kind === 'f32' ? 'a number of at most 3.4e38, positive or negative' : `a whole number from ${RANGES[kind].join(' to ')}`,
    received: String(value),
    fix: 'check the options of the operation (factors, slopes, epsilons, sizes), and what they were computed from',
  });
}
