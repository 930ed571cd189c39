import type { ByteSource } from './byte-source.js';
import { isZip } from './zip-read.js';

/** The first byte of a pickle; the second is the version of its protocol. */
const PICKLE = 0x80;
const NEWEST_PICKLE = 5;
/** A header's length of eight bytes and its opening brace. */
const SAFETENSORS_START = 9;
const SHORT_LENGTH = 4;

/** The format of a file whose first bytes no other format has; undefined where they do not say. */
export async function formatByContent(source: ByteSource): Promise<'pytorch' | 'safetensors' | undefined> {
  const start = new Uint8Array(Math.min(SAFETENSORS_START, source.size));
  await source.read(0, start);
  // A header's length takes three or four of its eight bytes. Its lowest two may be those of a pickle, whose brace stands elsewhere.
  const short = start.subarray(SHORT_LENGTH, SAFETENSORS_START - 1).every((byte) => byte === 0);
  if (short && start[SAFETENSORS_START - 1] === '{'.charCodeAt(0)) return 'safetensors';
  return isZip(start) || (start[0] === PICKLE && start[1]! <= NEWEST_PICKLE) ? 'pytorch' : undefined;
}
