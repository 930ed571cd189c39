import { checkSides, corrupt, unsupported } from './limits.js';
import type { Samples } from '../../training/files/samples.js';

/** What the two headers say. Masks are of pixels of 16 and 32 bits. */
interface BmpHeader {
  width: number;
  height: number;
  /** Rows go from the top down; else from the bottom up, as in most files. */
  topDown: boolean;
  bits: number;
  compression: number;
  /** Blue, green, red and one spare byte, or none, a colour. */
  palette: Uint8Array;
  entryBytes: 3 | 4;
  /** Bits of red, green, blue and alpha within a pixel. */
  masks: [number, number, number, number];
  /** Where the pixels begin. */
  offset: number;
}

const FILE_HEADER = 14;
const PLAIN = 0;
const RUNS_OF_8 = 1;
const RUNS_OF_4 = 2;
const BIT_FIELDS = 3;
const ALPHA_BIT_FIELDS = 6;
const BITS_OF: Readonly<Record<number, readonly number[]>> = {
  [PLAIN]: [1, 4, 8, 16, 24, 32],
  [RUNS_OF_8]: [8],
  [RUNS_OF_4]: [4],
  [BIT_FIELDS]: [16, 32],
  [ALPHA_BIT_FIELDS]: [16, 32],
};

/** @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE */
function readHeader(bytes: Uint8Array, name: string): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.length < FILE_HEADER + 4 ? Infinity : view.getUint32(FILE_HEADER, true);
  if (FILE_HEADER + headerBytes > bytes.length) throw corrupt(name, `it is cut short: ${bytes.length} bytes, the last within its header`);
  // OS/2's first header has sides of 16 bits and palettes of three bytes; the short form of its second ends after the bits a pixel.
  const old = headerBytes === 12;
  const at = FILE_HEADER + 4;
  const width = old ? view.getUint16(at, true) : view.getInt32(at, true);
  const height = old ? view.getUint16(at + 2, true) : view.getInt32(at + 4, true);
  const bits = view.getUint16(old ? at + 6 : at + 10, true);
  const compression = headerBytes < 20 ? PLAIN : view.getUint32(at + 12, true);
  if (width < 0) throw corrupt(name, `its header says ${width} x ${height} pixels`);
  checkSides(name, width, Math.abs(height));
  if (BITS_OF[compression]?.includes(bits) !== true) {
    throw unsupported(name, `BMP of ${bits} bits a pixel and compression ${compression} cannot be read`);
  }
  // The masks follow a header of 40 bytes and are part of a longer one.
  const fields = compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS;
  const hasAlpha = compression === ALPHA_BIT_FIELDS || headerBytes >= 56;
  const maskBytes = fields && headerBytes === 40 ? (hasAlpha ? 16 : 12) : 0;
  if (FILE_HEADER + headerBytes + maskBytes > bytes.length) throw corrupt(name, 'it is cut short within its header');
  const mask = (index: number): number => view.getUint32(FILE_HEADER + 40 + index * 4, true);
  const plain: BmpHeader['masks'] = bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
  const start = FILE_HEADER + headerBytes + maskBytes;
  const entryBytes = old ? 3 : 4;
  const colours = headerBytes < 36 ? 0 : view.getUint32(at + 28, true);
  const entries = bits > 8 ? 0 : Math.min(colours === 0 ? 2 ** bits : colours, 2 ** bits);
  const offset = view.getUint32(10, true);
  return {
    width,
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    entryBytes,
    // A file may leave out the last colours; those stay black.
    palette: bytes.subarray(start, Math.min(start + entries * entryBytes, offset > start ? offset : bytes.length)),
    masks: fields ? [mask(0), mask(1), mask(2), hasAlpha ? mask(3) : 0] : plain,
    offset,
  };
}

/** @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE */
export function bmpSides(bytes: Uint8Array, name: string): { width: number; height: number } {
  const { width, height } = readHeader(bytes, name);
  return { width, height };
}

/** The places of a run-length coded picture's pixels: [height][width], from the bottom up. What is skipped stays 0. */
function expandRuns(bytes: Uint8Array, { width, height, bits, offset }: BmpHeader, name: string): Uint8Array {
  const places = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, offset];
  const put = (place: number): void => {
    if (x < width && y < height) places[y * width + x] = place;
    x++;
  };
  const nibble = (byte: number, index: number): number => (bits === 8 ? byte : index % 2 === 0 ? byte >> 4 : byte & 15);
  while (y < height) {
    if (at + 2 > bytes.length) throw corrupt(name, `it is cut short: ${bytes.length} bytes and no end of its picture`);
    const [count, value] = [bytes[at]!, bytes[at + 1]!];
    at += 2;
    if (count > 0) for (let i = 0; i < count; i++) put(nibble(value, i));
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) break;
    else {
      const stored = value === 2 ? 2 : bits === 8 ? value : Math.ceil(value / 2);
      if (at + stored > bytes.length) throw corrupt(name, `it is cut short: ${bytes.length} bytes, the last within a run`);
      if (value === 2) [x, y] = [x + bytes[at]!, y + bytes[at + 1]!];
      else for (let i = 0; i < value; i++) put(nibble(bytes[at + (bits === 8 ? i : i >> 1)]!, i));
      at += stored + (stored % 2);
    }
  }
  return places;
}

/** Stretches the bits of a mask to 0..255. */
function channelOf(mask: number): (pixel: number) => number {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return most === 0 ? () => 0 : (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / most);
}

/**
 * Decodes a BMP: palettes of 1, 4 and 8 bits, plain or run-length coded, and colours of 16, 24 and 32 bits.
 *
 * @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE
 */
export function decodeBmp(bytes: Uint8Array, name: string): Samples {
  const header = readHeader(bytes, name);
  const { width, height, topDown, bits, compression, palette, entryBytes, masks, offset } = header;
  const runs = compression === RUNS_OF_8 || compression === RUNS_OF_4;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  // The last row's padding is often missing.
  const wanted = offset + rowBytes * (height - 1) + Math.ceil((width * bits) / 8);
  if (!runs && wanted > bytes.length) throw corrupt(name, `it is cut short: ${bytes.length} bytes of ${wanted}`);
  const places = runs ? expandRuns(bytes, header, name) : undefined;
  const [red, green, blue, alpha] = masks.map(channelOf);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = masks[3] === 0 ? 3 : 4;
  const samples = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = topDown ? y : height - 1 - y;
    const start = offset + row * rowBytes;
    for (let x = 0, to = y * width * channels; x < width; x++, to += channels) {
      if (bits === 24) {
        for (let c = 0; c < 3; c++) samples[to + c] = bytes[start + x * 3 + 2 - c]!;
      } else if (bits > 8) {
        const pixel = bits === 16 ? view.getUint16(start + x * 2, true) : view.getUint32(start + x * 4, true);
        samples[to] = red!(pixel);
        samples[to + 1] = green!(pixel);
        samples[to + 2] = blue!(pixel);
        if (channels === 4) samples[to + 3] = alpha!(pixel);
      } else {
        const place = places
          ? places[row * width + x]!
          : (bytes[start + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & (2 ** bits - 1);
        for (let c = 0; c < 3; c++) samples[to + c] = palette[place * entryBytes + 2 - c] ?? 0;
      }
    }
  }
  return { width, height, channels, colours: 3, alpha: channels === 4 ? 3 : null, samples };
}
