import { deflateSync } from 'node:zlib';
import { crc32 } from '../../formats/crc32.js';
import { isRgbProfile, profileColours } from './colour-profiles.js';
import type { PictureFormatName } from './encode.js';
import { imageFormat } from './format.js';
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
    const kind = picture.toString('latin1', 12, 16);
    if (kind !== 'VP8 ') return picture;
    const [width, height] = [picture.readUInt16LE(26) & 0x3fff, picture.readUInt16LE(28) & 0x3fff];
    const extended = Buffer.alloc(18);
    ascii('VP8X').copy(extended);
    extended.writeUInt32LE(10, 4);
    // It has a profile.
    extended[8] = 0x20;
    extended.writeUIntLE(width - 1, 12, 3);
    extended.writeUIntLE(height - 1, 15, 3);
    const profile = Buffer.alloc(8 + icc.length + (icc.length & 1));
    ascii('ICCP').copy(profile);
    profile.writeUInt32LE(icc.length, 4);
    profile.set(icc, 8);
    const whole = Buffer.concat([picture.subarray(0, 12), extended, profile, picture.subarray(12)]);
    whole.writeUInt32LE(whole.length - 8, 4);
    return whole;
  },
};

/** An encoded picture with a colour profile; its pixels stay as they are. */
export function withProfile(picture: Uint8Array, format: PictureFormatName, icc: Uint8Array | undefined): Uint8Array {
  if (icc === undefined) return picture;
  return PUT[format](Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength), icc);
}
