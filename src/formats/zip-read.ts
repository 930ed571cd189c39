import type { ByteSource } from './byte-source.js';
import { corrupt, quote, unsupported } from './pytorch-errors.js';

/** A file inside an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Of its first byte in the archive. */
  readonly start: number;
  /** Bytes that it takes in the archive. */
  readonly size: number;
  /** How they are compressed; 0 where they are stored as they are. */
  readonly method: number;
  /** CRC-32 of its bytes; 0 where the writer computed none, which PyTorch has an option for. */
  readonly crc: number;
}

interface CentralEntry extends Omit<ZipEntry, 'start'> {
  /** The name as it stands in the archive. */
  readonly nameBytes: Uint8Array;
  /** Of its local header. */
  readonly offset: number;
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly entries: number;
}

const LOCAL_SIGNATURE = 0x0403_4b50;
const CENTRAL_SIGNATURE = 0x0201_4b50;
const END_SIGNATURE = 0x0605_4b50;
const END64_SIGNATURE = 0x0606_4b50;
const LOCATOR64_SIGNATURE = 0x0706_4b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const LONGEST_COMMENT = 0xffff;
const ZIP64_EXTRA = 1;
const FLAG_ENCRYPTED = 1;
/** Sizes and CRC follow the data; the local header has zeros. */
const FLAG_DESCRIPTOR = 8;
/** A checkpoint has an entry a tensor: more is an attack, for each costs a read. */
const MAX_ENTRIES = 200_000;
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;

/** Letters from 128 on of the names that MS-DOS wrote, which zips without a mark of UTF-8 have (code page 437). */
const DOS_LETTERS =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** How an archive is read. */
export interface ZipReading {
  /** Whether names that are no UTF-8 are taken for those of older systems, instead of being refused. Default false. */
  readonly otherNames?: boolean;
}

/** Whether a file that begins with these bytes is an archive. */
export function isZip(start: Uint8Array): boolean {
  return start.length >= 4 && viewOf(start).getUint32(0, true) === LOCAL_SIGNATURE;
}

/**
 * The entries of a zip archive by name, in the order of the central directory; zip64 too. Only the directory and the
 * local headers are read. Entries may not share bytes or names.
 *
 * @throws WEIGHTS_CORRUPT, and WEIGHTS_UNSUPPORTED for encrypted entries
 */
export async function readZipDirectory(source: ByteSource, { otherNames = false }: ZipReading = {}): Promise<Map<string, ZipEntry>> {
  const directory = await findDirectory(source);
  const central = await readCentral(source, directory, otherNames);
  const starts = new Map<CentralEntry, number>();
  let position = 0;
  for (const entry of [...central].sort((a, b) => a.offset - b.offset)) {
    if (entry.offset < position)
      throw corrupt(
        source.name,
        `entry ${quote(entry.name)} overlaps the one before it`,
        `it starts at byte ${position} or later`,
        `byte ${entry.offset}`,
      );
    const start = await readLocal(source, entry, directory.start);
    starts.set(entry, start);
    position = start + entry.size;
  }
  return new Map(
    central.map((entry) => {
      const { name, size, method, crc } = entry;
      return [name, { name, size, method, crc, start: starts.get(entry)! }];
    }),
  );
}

/** Where the central directory lies, as the record at the archive's end says. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const tailStart = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT);
  const tail = viewOf(await readBytes(source, tailStart, source.size - tailStart));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && !(tail.getUint32(end, true) === END_SIGNATURE && end + END_BYTES + tail.getUint16(end + 20, true) === tail.byteLength))
    end--;
  if (end < 0)
    throw corrupt(source.name, 'the archive has no end', 'a zip archive whole', `${source.size} bytes without the record that ends one`);

  const endStart = tailStart + end;
  const here = { entries: tail.getUint16(end + 10, true), bytes: tail.getUint32(end + 12, true), start: tail.getUint32(end + 16, true) };
  if (tail.getUint32(end + 4, true) !== 0 || tail.getUint16(end + 8, true) !== here.entries) {
    throw unsupported(source.name, 'the archive is in several parts', 'one file', 'part of a larger archive');
  }
  // PyTorch writes the records of a large archive whatever its size: then they lie between the directory and its end.
  const locator = end - LOCATOR64_BYTES;
  const large = here.entries === 0xffff || here.bytes === 0xffff_ffff || here.start === 0xffff_ffff;
  const records64 = large || (locator >= 0 && tail.getUint32(locator, true) === LOCATOR64_SIGNATURE);
  return checkDirectory(source, records64 ? await readEnd64(source, endStart) : { ...here, end: endStart });
}

async function readEnd64(source: ByteSource, endStart: number): Promise<{ entries: number; bytes: number; start: number; end: number }> {
  const bad = (received: string): Error =>
    corrupt(source.name, 'the end of the archive cannot be read', 'the records of a large archive', received);
  if (endStart < LOCATOR64_BYTES + END64_BYTES) throw bad('none');
  const locator = viewOf(await readBytes(source, endStart - LOCATOR64_BYTES, LOCATOR64_BYTES));
  const at = size64(locator, 8);
  if (locator.getUint32(0, true) !== LOCATOR64_SIGNATURE || Number.isNaN(at) || at > endStart - LOCATOR64_BYTES - END64_BYTES)
    throw bad('another record');
  const record = viewOf(await readBytes(source, at, END64_BYTES));
  if (record.getUint32(0, true) !== END64_SIGNATURE || at + 12 + size64(record, 4) !== endStart - LOCATOR64_BYTES)
    throw bad('a record of another length');
  return { entries: size64(record, 32), bytes: size64(record, 40), start: size64(record, 48), end: at };
}

function checkDirectory(
  source: ByteSource,
  { entries, bytes, start, end }: { entries: number; bytes: number; start: number; end: number },
): Directory {
  if (!(start + bytes === end) || !(entries * CENTRAL_BYTES <= bytes)) {
    throw corrupt(
      source.name,
      "the archive's directory is not where it should be",
      `it ends at byte ${end}`,
      `${entries} entries in ${bytes} bytes from byte ${start} on`,
    );
  }
  if (entries > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES) {
    throw unsupported(
      source.name,
      'the archive has too many entries',
      `at most ${MAX_ENTRIES} in ${MAX_DIRECTORY_BYTES} bytes`,
      `${entries} in ${bytes} bytes`,
    );
  }
  return { start, end, entries };
}

async function readCentral(source: ByteSource, { start, end, entries }: Directory, otherNames: boolean): Promise<CentralEntry[]> {
  const bytes = await readBytes(source, start, end - start);
  const view = viewOf(bytes);
  const names = new Set<string>();
  const result: CentralEntry[] = [];
  let at = 0;
  for (let index = 0; index < entries; index++) {
    const what = `entry ${index} of the archive's directory`;
    const lengths = at + CENTRAL_BYTES <= bytes.length ? [28, 30, 32].map((field) => view.getUint16(at + field, true)) : [Infinity, 0, 0];
    const [nameLength, extraLength, commentLength] = lengths as [number, number, number];
    const next = at + CENTRAL_BYTES + nameLength + extraLength + commentLength;
    if (next > bytes.length || view.getUint32(at, true) !== CENTRAL_SIGNATURE)
      throw corrupt(source.name, what, 'a whole record', 'something else');

    const nameBytes = bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength);
    const name = decodeName(source, what, nameBytes, otherNames);
    if (names.has(name)) throw corrupt(source.name, `entry ${quote(name)} is there twice`, 'each name once', 'two entries');
    names.add(name);
    const extra = bytes.subarray(at + CENTRAL_BYTES + nameLength, next - commentLength);
    result.push(readEntry(source, { name, nameBytes }, new DataView(view.buffer, view.byteOffset + at, CENTRAL_BYTES), extra));
    at = next;
  }
  if (at !== bytes.length)
    throw corrupt(source.name, "the archive's directory has more in it than its entries", `${at} bytes`, `${bytes.length}`);
  return result;
}

function readEntry(
  source: ByteSource,
  { name, nameBytes }: Pick<CentralEntry, 'name' | 'nameBytes'>,
  record: DataView,
  extra: Uint8Array,
): CentralEntry {
  const what = `entry ${quote(name)}`;
  const flags = record.getUint16(8, true);
  const method = record.getUint16(10, true);
  if (flags & FLAG_ENCRYPTED) throw unsupported(source.name, `${what} is encrypted`, 'entries stored as they are', 'an encrypted one');
  // Fields that do not fit are in the extra field, in this order, and only those.
  const large = extraField(extra, ZIP64_EXTRA);
  let used = 0;
  const [whole, size, offset] = [24, 20, 42].map((field) => {
    const value = record.getUint32(field, true);
    if (value !== 0xffff_ffff) return value;
    used += 8;
    return large && used <= large.byteLength ? size64(large, used - 8) : NaN;
  }) as [number, number, number];
  if (Number.isNaN(whole + size + offset) || (method === 0 && size !== whole)) {
    throw corrupt(source.name, what, 'as many bytes stored as it has', `${size} for ${whole} at byte ${offset}`);
  }
  return { name, nameBytes, size, method, offset, crc: record.getUint32(16, true) };
}

/** Checks an entry's local header against the directory; returns where the data begin. */
async function readLocal(source: ByteSource, entry: CentralEntry, limit: number): Promise<number> {
  const name = entry.nameBytes;
  const bad = (received: string): Error =>
    corrupt(source.name, `entry ${quote(entry.name)}`, 'a header that agrees with the directory, and its bytes before it', received);
  if (entry.offset + LOCAL_BYTES + name.length > limit) throw bad(`it starts at byte ${entry.offset}`);
  const bytes = await readBytes(source, entry.offset, LOCAL_BYTES + name.length);
  const view = viewOf(bytes);
  const sameName = view.getUint16(26, true) === name.length && name.every((byte, i) => bytes[LOCAL_BYTES + i] === byte);
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE || view.getUint16(8, true) !== entry.method || !sameName) throw bad('another header');
  const size = view.getUint32(18, true);
  const sizeKnown = (view.getUint16(6, true) & FLAG_DESCRIPTOR) === 0 && size !== 0xffff_ffff;
  if (sizeKnown && size !== entry.size) throw bad(`${size} bytes where the directory says ${entry.size}`);
  const start = entry.offset + LOCAL_BYTES + name.length + view.getUint16(28, true);
  if (start + entry.size > limit) throw bad(`${entry.size} bytes from byte ${start} on, past byte ${limit}`);
  return start;
}

function decodeName(source: ByteSource, what: string, bytes: Uint8Array, otherNames: boolean): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    if (otherNames) return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : DOS_LETTERS[byte - 128]!)).join('');
    throw corrupt(source.name, what, 'a name in UTF-8', `${bytes.length} other bytes`);
  }
}

/** What an extra field holds under an identifier, if it is there and whole. */
function extraField(extra: Uint8Array, id: number): DataView | null {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) return null;
    if (view.getUint16(at, true) === id) return new DataView(view.buffer, view.byteOffset + at + 4, length);
    at += 4 + length;
  }
  return null;
}

/** NaN where a double cannot say it. */
function size64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  return Number.isSafeInteger(value) ? value : NaN;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

async function readBytes(source: ByteSource, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await source.read(start, bytes);
  return bytes;
}
