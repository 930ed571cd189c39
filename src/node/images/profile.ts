import { deflateSync } from 'node:zlib';
import { crc32 } from '../../formats/crc32.js';
import { isRgbProfile, profileColours } from './colour-profiles.js';
import type { PictureFormatName } from './encode.js';
import { imageFormat } from '../../formats/image-format.js';
import { loadSharp } from './sharp.js';

/** Bytes that a segment of a JPEG has for a part of a profile. */
const JPEG_PART = 65_519;
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/**
 * Reads the colour profile (ICC) of an image file, for what is made of its pixels.
 *
 * @returns undefined for a file without one, and for one whose profile is not of red, green and blue, as results are
 */
export async function profileOf(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (imageFormat(bytes) === 'BMP') return undefined;
  const sharp = await loadSharp();
  const { icc } = await sharp(bytes, { limitInputPixels: false, pages: 1 })
    .metadata()
    .catch(() => ({ icc: undefined }));
  return icc !== undefined && isRgbProfile(icc) ? icc : undefined;
}

/** What the profile of an image file says that its colours are; undefined for sRGB, and without an RGB profile. */
export const coloursOf = async (bytes: Uint8Array): Promise<string | undefined> => profileColours(await profileOf(bytes));

/** How a profile is put into an encoded picture of each format. */
const PUT: Readonly<Record<PictureFormatName, (picture: Buffer, icc: Uint8Array) => Buffer>> = {
  png(picture, icc) {
    // After the header, which has 25 bytes behind the 8 of the signature.
    const body = Buffer.concat([ascii('iCCPicc\0\0'), deflateSync(icc)]);
    const chunk = Buffer.alloc(body.length + 8);
    chunk.writeUInt32BE(body.length - 4, 0);
    body.copy(chunk, 4);
    chunk.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
    return Buffer.concat([picture.subarray(0, 33), chunk, picture.subarray(33)]);
  },
  jpeg(picture, icc) {
    // The JFIF segment comes first.
    const at = picture.readUInt16BE(2) === 0xffe0 ? 4 + picture.readUInt16BE(4) : 2;
    const count = Math.ceil(icc.length / JPEG_PART);
    const segments = Array.from({ length: count }, (_, index) => {
      const part = icc.subarray(index * JPEG_PART, (index + 1) * JPEG_PART);
      const head = Buffer.from([0xff, 0xe2, 0, 0, ...ascii('ICC_PROFILE\0'), index + 1, count]);
      head.writeUInt16BE(part.length + 16, 2);
      return Buffer.concat([head, part]);
    });
    return Buffer.concat([picture.subarray(0, at), ...segments, picture.subarray(at)]);
  },
  webp(picture, icc) {
    const { extended, rest } = webpHead(picture);
    // It has a profile.
    extended[8]! |= 0x20;
    const profile = Buffer.alloc(8 + icc.length + (icc.length & 1));
    ascii('ICCP').copy(profile);
    profile.writeUInt32LE(icc.length, 4);
    profile.set(icc, 8);
    const whole = Buffer.concat([picture.subarray(0, 12), extended, profile, ...rest]);
    whole.writeUInt32LE(whole.length - 8, 4);
    return whole;
  },
};

/** A WebP's chunk of what it has, made where it has none, and all chunks after it but a profile. */
function webpHead(picture: Buffer): { readonly extended: Buffer; readonly rest: readonly Buffer[] } {
  const chunks: Buffer[] = [];
  for (let at = 12; at + 8 <= picture.length; ) {
    const end = at + 8 + picture.readUInt32LE(at + 4);
    chunks.push(picture.subarray(at, end + (end & 1)));
    at = end + (end & 1);
  }
  const kindOf = (chunk: Buffer): string => chunk.toString('latin1', 0, 4);
  const rest = chunks.filter((chunk) => !['VP8X', 'ICCP'].includes(kindOf(chunk)));
  const there = chunks.find((chunk) => kindOf(chunk) === 'VP8X');
  if (there) return { extended: Buffer.from(there), rest };
  const [pixels] = rest as [Buffer];
  // Without loss, 14 bits of each side less one and a bit for transparency lie behind a byte of signature.
  const bits = kindOf(pixels) === 'VP8L' ? pixels.readUInt32LE(9) : undefined;
  const [width, height] =
    bits === undefined
      ? [pixels.readUInt16LE(14) & 0x3fff, pixels.readUInt16LE(16) & 0x3fff]
      : [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  const extended = Buffer.alloc(18);
  ascii('VP8X').copy(extended);
  extended.writeUInt32LE(10, 4);
  if (bits !== undefined && (bits >>> 28) & 1) extended[8] = 0x10;
  extended.writeUIntLE(width - 1, 12, 3);
  extended.writeUIntLE(height - 1, 15, 3);
  return { extended, rest };
}

/** An encoded picture with a colour profile; its pixels stay as they are. */
export function withProfile(picture: Uint8Array, format: PictureFormatName, icc: Uint8Array | undefined): Uint8Array {
  if (icc === undefined) return picture;
  return PUT[format](Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength), icc);
}
