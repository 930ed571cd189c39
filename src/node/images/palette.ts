import { open } from 'node:fs/promises';
import { imageFormat } from '../../formats/image-format.js';
import { pngIndices } from './png-indices.js';

/** Bytes that the header of each of these formats has at most. */
const HEAD = 54;

/** Whether an image file stores places in a palette, as label maps do and photos do not; false for a file that cannot be read. */
export async function hasPalette(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(HEAD), 0, HEAD, 0);
      return isIndexed(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

function isIndexed(head: Uint8Array): boolean {
  const format = imageFormat(head);
  // In a PNG the type of its colours; in a BMP the bits of a pixel.
  return format === 'GIF' || (format === 'PNG' && head[25] === 3) || (format === 'BMP' && head.length >= 30 && head[28]! <= 8);
}

/** What a label map with a palette is made of. */
export interface MapClasses {
  /** The classes that it has pixels of, places in its palette, ascending. */
  readonly used: readonly number[];
  /** The colour of each of these in its palette, as `#rrggbb`; nothing for a place beyond its end. */
  readonly colours: readonly (string | undefined)[];
}

/** The classes of a label map, a PNG with a palette; null for other files. @throws IMAGE_CORRUPT, IMAGE_SIZE */
export function mapClasses(bytes: Uint8Array, name: string): MapClasses | null {
  if (imageFormat(bytes) !== 'PNG' || !isIndexed(bytes)) return null;
  const stored = pngIndices(bytes, name);
  if (!stored) return null;
  const used = [...new Set(stored.data)].sort((a, b) => a - b);
  const palette = pngPalette(bytes);
  return { used, colours: used.map((at) => palette[at]) };
}

/** The colours of a PNG's palette. */
function pngPalette(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) !== 'PLTE') continue;
    const colours = Buffer.from(bytes.subarray(at + 8, at + 8 + view.getUint32(at))).toString('hex');
    return colours.match(/.{6}/g)?.map((colour) => `#${colour}`) ?? [];
  }
  return [];
}
