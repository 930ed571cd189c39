import { ShadegradError } from '../../errors.js';
import type { ByteSource } from '../../formats/byte-source.js';
import { crc32 } from '../../formats/crc32.js';
import { printableName } from '../../formats/names.js';
import { readZipDirectory, type ZipEntry } from '../../formats/zip-read.js';

/** A file that is read when it is asked for. */
export interface ReadableFile {
  readonly path: string;
  read(): Promise<Uint8Array>;
}

/** What is to be done about a zip that cannot be read. */
export const REPACK = 'pack the folder again, as a plain zip without a password, or choose the folder itself';
/** What an entry of an archive may unpack to: more is neither a picture nor a shard of weights. */
const LARGEST_ENTRY = 512 * 2 ** 20;

/**
 * The files in a zip.
 *
 * @throws DATA_UNREADABLE for a damaged one, as reading its files does
 */
export async function filesInZip(source: ByteSource): Promise<ReadableFile[]> {
  const entries = await readZipDirectory(source, { otherNames: true }).catch((error: unknown) => {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    const { what, expected, received } = error;
    // What is to be done about a file of weights is no help with a folder that was packed.
    throw new ShadegradError('DATA_UNREADABLE', what, { expected, received, fix: REPACK, cause: error });
  });
  return [...entries.values()]
    .filter((entry) => !entry.name.endsWith('/'))
    .map((entry) => ({ path: entry.name, read: () => readEntry(source, entry) }));
}

async function readEntry(source: ByteSource, { name, start, size, method, crc }: ZipEntry): Promise<Uint8Array> {
  const bad = (what: string, received: string): ShadegradError =>
    new ShadegradError('DATA_UNREADABLE', `${printableName(name)} in ${printableName(source.name)} ${what}`, {
      received,
      fix: REPACK,
    });
  const packed = new Uint8Array(size);
  await source.read(start, packed);
  if (method !== 0 && method !== 8) throw bad('is compressed in a way that is not read', `method ${method}`);
  const bytes = method === 0 ? packed : await inflated(packed).catch((cause: unknown) => Promise.reject(bad('is damaged', String(cause))));
  if (crc !== 0 && crc32(bytes) !== crc) throw bad('is damaged', 'bytes of another checksum');
  return bytes;
}

async function inflated(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    total += next.value.length;
    if (total > LARGEST_ENTRY) throw new Error(`more than ${LARGEST_ENTRY} bytes`);
    parts.push(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
