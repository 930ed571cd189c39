import type { ByteSource } from '../formats/byte-source.js';
import { ShadegradError } from '../gpu/errors.js';

/**
 * A file that the user chose, or a downloaded one, as a source of bytes: parts of it are read when they are asked for.
 *
 * @param name of it in errors; by default the file's own
 * @throws DATA_UNREADABLE, from `read`, when the browser cannot read the file (any more)
 */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : 'a blob'): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, target) {
      const end = start + target.length;
      if (start < 0 || end > blob.size) throw new RangeError(`bytes ${start} to ${end} of ${blob.size} in ${name}`);
      try {
        target.set(new Uint8Array(await blob.slice(start, end).arrayBuffer()));
      } catch (cause) {
        throw new ShadegradError('DATA_UNREADABLE', `Could not read ${name}`, {
          received: (cause as Error).message,
          fix: 'choose the file again: a page may not read one that was changed or moved since',
          cause,
        });
      }
    },
  };
}
