import { ShadegradError } from '../errors.js';

/** A source of bytes that can be read anywhere: a file, or a Blob in a browser. */
export interface ByteSource {
  /** What errors call the source. */
  readonly name: string;
  /** The number of bytes. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `start` on.
   *
   * @throws WEIGHTS_CORRUPT, or CHECKPOINT_CORRUPT from a source opened as a checkpoint, when there are fewer; DATA_UNREADABLE
   */
  read(start: number, target: Uint8Array): Promise<void>;
}

/** Makes a source of bytes in memory. @param name what errors call it */
export function bytesSource(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(start, target) {
      checkRange(this, start, target.length);
      target.set(bytes.subarray(start, start + target.length));
    },
  };
}

/**
 * Checks that a source holds all of the bytes that are asked for.
 *
 * @throws WEIGHTS_CORRUPT
 */
export function checkRange({ name, size }: Pick<ByteSource, 'name' | 'size'>, start: number, length: number): void {
  if (start >= 0 && start + length <= size) return;
  throw new ShadegradError('WEIGHTS_CORRUPT', `${name}: the bytes end too early`, {
    expected: `${length} bytes from byte ${start} on`,
    received: `${size} bytes in all`,
    fix: 'copy or download the file again',
  });
}

/** Pieces of a file in one. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
