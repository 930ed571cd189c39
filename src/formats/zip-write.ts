import { crc32 } from './crc32.js';

/** A file to put into an archive. */
export interface ZipRecord {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ZipWriteOptions {
  /** The first size or offset that is written with 64 bits; tests lower it. */
  readonly zip64From?: number;
}

/** Where every record's bytes start, so that a reader can map them into memory as numbers of any type. */
const ALIGNMENT = 64;
const VERSION = 20;
const VERSION_ZIP64 = 45;
const FLAG_UTF8 = 0x800;
const MOST_ENTRIES = 0xffff;
const PADDING_EXTRA = 0x4246;
/** 1 January 1980, the first day that the format has: archives of the same records are the same bytes. */
const DOS_DATE = 0x21;

/**
 * A zip archive of records stored as they are, one at a time: each record is asked for when the one before it is
 * written. The same records give the same bytes.
 */
export async function* encodeZip(
  records: AsyncIterable<ZipRecord>,
  { zip64From = 0xffff_ffff }: ZipWriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let position = 0;
  for await (const { name, bytes } of records) {
    const record = { name: new TextEncoder().encode(name), size: bytes.length, crc: crc32(bytes), offset: position };
    const header = localHeader(record, zip64From);
    directory.push(centralRecord(record, zip64From));
    yield header;
    if (bytes.length > 0) yield bytes;
    position += header.length + bytes.length;
  }
  const start = position;
  for (const record of directory) {
    yield record;
    position += record.length;
  }
  yield endRecords({ entries: directory.length, start, end: position }, zip64From);
}

interface Written {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/** Fields one after another, little-endian. */
class Fields {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
  }

  u16(...values: number[]): this {
    for (const value of values) this.view.setUint16((this.at += 2) - 2, value, true);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.view.setUint32((this.at += 4) - 4, value, true);
    return this;
  }

  u64(...values: number[]): this {
    for (const value of values) this.view.setBigUint64((this.at += 8) - 8, BigInt(value), true);
    return this;
  }

  raw(values: Uint8Array): this {
    this.bytes.set(values, this.at);
    this.at += values.length;
    return this;
  }

  /** What is left is zeros. */
  done(): Uint8Array {
    return this.bytes;
  }
}

function localHeader({ name, size, crc, offset }: Written, zip64From: number): Uint8Array {
  const large = size >= zip64From;
  const fixed = 30 + name.length + (large ? 20 : 0) + 4;
  const padding = (ALIGNMENT - ((offset + fixed) % ALIGNMENT)) % ALIGNMENT;
  const size32 = large ? 0xffff_ffff : size;
  const fields = new Fields(fixed + padding)
    .u32(0x0403_4b50)
    .u16(large ? VERSION_ZIP64 : VERSION, FLAG_UTF8, 0, 0, DOS_DATE)
    .u32(crc, size32, size32)
    .u16(name.length, fixed + padding - 30 - name.length)
    .raw(name);
  if (large) fields.u16(1, 16).u64(size, size);
  return fields.u16(PADDING_EXTRA, padding).done();
}

/**
 * All three fields are of 64 bits or none: older readers of PyTorch take no record with an offset alone of 64 bits unless its file is that
 * large.
 */
function centralRecord({ name, size, crc, offset }: Written, zip64From: number): Uint8Array {
  const large = size >= zip64From || offset >= zip64From;
  const extra = large ? 28 : 0;
  const version = large ? VERSION_ZIP64 : VERSION;
  const size32 = large ? 0xffff_ffff : size;
  const fields = new Fields(46 + name.length + extra)
    .u32(0x0201_4b50)
    .u16(version, version, FLAG_UTF8, 0, 0, DOS_DATE)
    .u32(crc, size32, size32)
    .u16(name.length, extra, 0, 0, 0)
    .u32(0, large ? 0xffff_ffff : offset)
    .raw(name);
  if (large) fields.u16(1, 24).u64(size, size, offset);
  return fields.done();
}

function endRecords({ entries, start, end }: { entries: number; start: number; end: number }, zip64From: number): Uint8Array {
  const bytes = end - start;
  const large = entries >= MOST_ENTRIES || start >= zip64From || bytes >= zip64From;
  const fields = new Fields((large ? 56 + 20 : 0) + 22);
  if (large) {
    fields.u32(0x0606_4b50).u64(44).u16(VERSION_ZIP64, VERSION_ZIP64).u32(0, 0).u64(entries, entries, bytes, start);
    fields.u32(0x0706_4b50, 0).u64(end).u32(1);
  }
  const entries16 = large ? 0xffff : entries;
  return fields
    .u32(0x0605_4b50)
    .u16(0, 0, entries16, entries16)
    .u32(large ? 0xffff_ffff : bytes, large ? 0xffff_ffff : start)
    .u16(0)
    .done();
}
