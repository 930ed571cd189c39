import { PNG } from 'pngjs';
import type { RgbImage } from '../data/image.js';
import { checkSides, corrupt } from './images-limits.js';

/** Walk the chunks up to IEND; returns the length of the PNG proper, since some programs append bytes of their own. */
function checkChunks(bytes: Uint8Array, name: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 8;
  for (;;) {
    if (offset + 12 > bytes.length) throw corrupt(name, `it is truncated: ${bytes.length} bytes and no IEND chunk`);
    const length = view.getUint32(offset);
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw corrupt(name, `no PNG chunk where one must start (byte ${offset})`);
    if (offset + 12 + length > bytes.length) {
      throw corrupt(name, `it is truncated: ${bytes.length} bytes, the last within its ${type} chunk`);
    }
    if (offset === 8) {
      if (type !== 'IHDR' || length !== 13) throw corrupt(name, 'it does not start with an IHDR chunk');
      checkSides(name, view.getUint32(16), view.getUint32(20));
    }
    offset += 12 + length;
    if (type === 'IEND') return offset;
  }
}

/**
 * Decode a PNG of any kind to RGB: grey is repeated, palettes are looked up, 16 bits are rounded to 8, transparency is
 * laid on white. `name` goes into the errors: IMAGE_CORRUPT, IMAGE_SIZE.
 */
export function decodePng(bytes: Uint8Array, name: string): RgbImage {
  const end = checkChunks(bytes, name);
  let png: { width: number; height: number; data: Uint8Array };
  try {
    png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, end));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(name, `its chunks make no sense (${message})`, cause);
  }
  const { width, height, data: rgba } = png;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3];
    for (let c = 0; c < 3; c++) {
      data[to + c] = alpha === 255 ? rgba[from + c] : Math.round((rgba[from + c] * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return { width, height, data };
}

/** An 8-bit RGB PNG. */
export function encodePng(image: RgbImage): Uint8Array {
  const { width, height, data } = image;
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return PNG.sync.write(png, { colorType: 2, inputColorType: 2, inputHasAlpha: false });
}
