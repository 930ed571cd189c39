/** Bytes that can be read anywhere: a file, or a Blob in a browser. */
export interface ByteSource {
  /** Names it in errors. */
  readonly name: string;
  readonly size: number;
  /** Fills `target` with the bytes from `start` on. @throws CHECKPOINT_CORRUPT when there are too few */
  read(start: number, target: Uint8Array): Promise<void>;
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(start, target) {
      if (start < 0 || start + target.length > bytes.length) throw new RangeError(`bytes ${start} to ${start + target.length} of ${bytes.length} in ${name}`);
      target.set(bytes.subarray(start, start + target.length));
    },
  };
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
