import { crc32c } from './crc32c.js';

/** What a record has around its contents: 8 bytes of length with a checksum of theirs, and a checksum of the contents. */
export const RECORD_HEADER_BYTES = 12;
const FOOTER_BYTES = 4;
const MASK = 0xa282ead8;

/** A checksum as the format keeps it: a CRC of bytes that hold CRCs themselves would be a poor one. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}

/** Frames the contents of one record of a TFRecord file. */
export function tfRecord(contents: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + contents.length + FOOTER_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(contents.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(contents, RECORD_HEADER_BYTES);
  view.setUint32(RECORD_HEADER_BYTES + contents.length, maskedCrc(contents), true);
  return record;
}

/** The bytes of a whole record, by its first RECORD_HEADER_BYTES; null where these are of none. */
export function tfRecordLength(header: Uint8Array): number | null {
  if (header.length < RECORD_HEADER_BYTES) return null;
  const view = new DataView(header.buffer, header.byteOffset, RECORD_HEADER_BYTES);
  if (view.getUint32(8, true) !== maskedCrc(header.subarray(0, 8))) return null;
  return RECORD_HEADER_BYTES + Number(view.getBigUint64(0, true)) + FOOTER_BYTES;
}
