import { checkRange, type ByteSource } from '../formats/byte-source.js';
import { oneLine } from '../formats/names.js';
import { ShadegradError } from '../errors.js';

/**
 * Makes a source of bytes of a file that the user chose, or of a downloaded one: parts of it are read when they are asked for. Reading
 * throws WEIGHTS_CORRUPT past its end, and DATA_UNREADABLE for a file that has changed since it was chosen.
 */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : 'a blob'): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, target) {
      checkRange(this, start, target.length);
      const bytes = await blob
        .slice(start, start + target.length)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw new ShadegradError('DATA_UNREADABLE', `Could not read ${name}`, {
            received: oneLine(String(cause), 200),
            fix: 'choose the file again: it may have been changed, moved or deleted since',
            cause,
          });
        });
      target.set(new Uint8Array(bytes));
    },
  };
}
