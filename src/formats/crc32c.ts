/** Castagnoli's polynomial, bits reversed: that of iSCSI, ext4 and TFRecord files. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let state = byte;
  for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ POLYNOMIAL : state >>> 1;
  return state;
});

/** CRC-32C of some bytes. @returns unsigned 32-bit integer */
export function crc32c(bytes: Uint8Array): number {
  let state = -1;
  for (const byte of bytes) state = TABLE[(state ^ byte) & 0xff]! ^ (state >>> 8);
  return ~state >>> 0;
}
