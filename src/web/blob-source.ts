import type { ByteSource } from '../formats/byte-source.js';

/**
 * A file that the user chose, or a downloaded one, as a source of bytes: parts of it are read when they are asked for.
 *
 * @param name of it in errors; by default the file's own
 */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : 'a blob'): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, target) {
      if (start < 0 || start + target.length > blob.size) throw new RangeError(`bytes ${start} to ${start + target.length} of ${blob.size} in ${name}`);
      target.set(new Uint8Array(await blob.slice(start, start + target.length).arrayBuffer()));
    },
  };
}
