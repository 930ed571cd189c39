import { inflateSync } from 'node:zlib';
import type { Channels } from './channels.js';
import { checkSides, corrupt } from './limits.js';

const GREY = 0;
const PALETTE = 3;
const HEAD = 33;

/**
 * The numbers that a PNG stores of each pixel: places in its palette, or levels of grey of up to 8 bits as they are, which decoders of
 * pictures turn into colours.
 *
 * @returns null for a PNG of another kind, or one whose rows are interlaced
 * @throws IMAGE_CORRUPT for one that is damaged; IMAGE_SIZE
 */
export function pngIndices(bytes: Uint8Array, name: string): Channels | null {
  if (bytes.length < HEAD) throw corrupt(name, 'it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [bits, colour, , , interlaced] = bytes.subarray(24, 29) as unknown as [number, number, number, number, number];
  if ((colour !== PALETTE && colour !== GREY) || bits > 8 || interlaced !== 0) return null;
  checkSides(name, width, height);
  const rowBytes = Math.ceil((width * bits) / 8);
  const rows = unfiltered(inflated(bytes, view, name, height * (1 + rowBytes)), rowBytes, height, name);
  const data = new Uint8Array(width * height);
  const perByte = 8 / bits;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = rows[y * rowBytes + Math.floor(x / perByte)]!;
      data[to++] = (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
    }
  }
  return { width, height, channels: 1, data, full: 255 };
}

/** The filtered rows, out of the chunks of data. */
function inflated(bytes: Uint8Array, view: DataView, name: string, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const size = view.getUint32(at);
    if (at + 12 + size > bytes.length) throw corrupt(name, 'it is cut short');
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + size));
  }
  try {
    const rows = inflateSync(Buffer.concat(parts), { maxOutputLength: length + 1 });
    if (rows.length === length) return rows;
  } catch (cause) {
    throw corrupt(name, 'its compressed rows cannot be read', cause);
  }
  throw corrupt(name, 'it has not as many rows as its header says');
}

/** Undoes the filters of rows of a byte a step: each byte was stored as its difference from what its neighbours let expect. */
function unfiltered(filtered: Uint8Array, rowBytes: number, height: number, name: string): Uint8Array {
  const rows = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (rowBytes + 1)]!;
    if (filter > 4) throw corrupt(name, `row ${y} has an unknown filter`);
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x > 0 ? rows[at - 1]! : 0;
      const up = y > 0 ? rows[at - rowBytes]! : 0;
      const corner = x > 0 && y > 0 ? rows[at - rowBytes - 1]! : 0;
      const expected = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      rows[at] = filtered[y * (rowBytes + 1) + 1 + x]! + expected;
    }
  }
  return rows;
}

/** Of the three neighbours that which is nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
