import { RandomStream } from '../../src/random.js';
import { ShadegradError } from '../../src/errors.js';

/** Numbers that are wrong in an interesting way, as lengths and offsets. */
const ABSURD = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];

function joined(start: Uint8Array, end: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(start.length + end.length);
  bytes.set(start);
  bytes.set(end, start.length);
  return bytes;
}

/** A damaged copy: truncated, extended, bits flipped, numbers made absurd, parts moved, repeated or overwritten. */
export function mutate(original: Uint8Array, random: RandomStream): Uint8Array {
  let bytes = original.slice();
  const below = (limit: number): number => Math.floor(random.uniform() * Math.max(1, limit));
  for (let change = 1 + below(3); change > 0; change--) {
    const at = below(bytes.length);
    const count = Math.min(bytes.length - at, 1 + below(16));
    switch (below(7)) {
      case 0:
        bytes = bytes.slice(0, at);
        break;
      case 1:
        bytes = joined(bytes.subarray(0, at + count), bytes.subarray(at));
        break;
      case 2:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + count));
        break;
      case 3:
        for (let i = 0; i < count; i++) bytes[at + i] = below(256);
        break;
      case 4: {
        const width = [1, 2, 4, 8][below(4)]!;
        const value = ABSURD[below(ABSURD.length)]!;
        const bigEndian = below(2) === 1;
        for (let i = 0; i < width && at + i < bytes.length; i++)
          bytes[at + i] = Number((value >> BigInt(8 * (bigEndian ? width - 1 - i : i))) & 0xffn);
        break;
      }
      case 5:
        bytes.copyWithin(at, below(bytes.length), below(bytes.length));
        break;
      default:
        if (bytes.length > 0) bytes[at] = bytes[at]! ^ (1 << below(8));
    }
  }
  return bytes;
}

export interface FuzzResult {
  accepted: number;
  refused: number;
  /** Most bytes that reading one file left allocated outside the heap. */
  mostBytes: number;
}

/**
 * Reads damaged copies of files. A ShadegradError, or reading them after all, is right; anything else is thrown on,
 * with the seed of the copy that did it.
 *
 * @param read reads everything in the bytes, each tensor included
 */
export async function fuzz(
  originals: readonly Uint8Array[],
  count: number,
  read: (bytes: Uint8Array) => Promise<void>,
): Promise<FuzzResult> {
  const result: FuzzResult = { accepted: 0, refused: 0, mostBytes: 0 };
  for (let seed = 0; seed < count; seed++) {
    const bytes = mutate(originals[seed % originals.length]!, new RandomStream(seed));
    const before = process.memoryUsage().arrayBuffers;
    try {
      await read(bytes);
      result.accepted++;
    } catch (error) {
      if (!(error instanceof ShadegradError))
        throw new Error(`mutation ${seed} of file ${seed % originals.length}: ${String(error)}`, { cause: error });
      result.refused++;
    }
    result.mostBytes = Math.max(result.mostBytes, process.memoryUsage().arrayBuffers - before);
  }
  return result;
}
