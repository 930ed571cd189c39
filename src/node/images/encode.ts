import type { Sharp } from 'sharp';
import type { RgbImage } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import { encodePng } from './png.js';
import { loadSharp } from './sharp.js';

/** A format that pictures are written in. */
interface PictureFormat {
  readonly ending: string;
  /** What the help says of it. */
  readonly description: string;
  /** Quality from 1 to 100 unless another is asked for; null where every pixel is kept. */
  readonly quality: number | null;
  /** Pixels of the longest side that a file of the format can have. */
  readonly maxSide: number;
  encode(image: Sharp, quality: number): Sharp;
  /** Encodes it without sharp, slower. */
  readonly encodeAlone?: (image: RgbImage) => Uint8Array;
}

/** The formats that pictures are written in, by name. */
export const PICTURE_FORMATS = {
  png: {
    ending: '.png',
    description: 'every pixel as it is',
    quality: null,
    maxSide: 2 ** 31 - 1,
    encode: (image) => image.png({ compressionLevel: 6 }),
    encodeAlone: encodePng,
  },
  jpeg: {
    ending: '.jpg',
    description: 'several times smaller',
    quality: 95,
    maxSide: 65_535,
    // Colours at full resolution: halved, they would bleed over the borders of small pictures.
    encode: (image, quality) => image.jpeg({ quality, chromaSubsampling: '4:4:4' }),
  },
  webp: {
    ending: '.webp',
    description: 'smaller still',
    quality: 90,
    maxSide: 16_383,
    // The format halves the resolution of colours; this keeps their borders sharp.
    encode: (image, quality) => image.webp({ quality, smartSubsample: true }),
  },
} as const satisfies Record<string, PictureFormat>;

/** The name of a format of PICTURE_FORMATS. */
export type PictureFormatName = keyof typeof PICTURE_FORMATS;

/**
 * Encodes an image in threads of sharp, of which several work at once: for whoever writes many.
 *
 * @param quality from 1 to 100, of formats that have one; by default the format's own
 * @throws IMAGE_DECODER; IMAGE_SIZE for a side that the format has no room for
 */
export async function encodeAside({ width, height, data }: RgbImage, name: PictureFormatName, quality?: number): Promise<Uint8Array> {
  const format: PictureFormat = PICTURE_FORMATS[name];
  if (Math.max(width, height) > format.maxSide) {
    throw new ShadegradError('IMAGE_SIZE', `This picture is too large for a ${name}`, {
      expected: `at most ${format.maxSide} pixels a side`,
      received: `${width} x ${height}`,
      fix: 'write it as png',
    });
  }
  const sharp = await loadSharp();
  return format.encode(sharp(data, { raw: { width, height, channels: 3 } }), quality ?? format.quality ?? 100).toBuffer();
}

/** Encodes an image, without sharp where the format allows it; otherwise as encodeAside(). @throws what encodeAside() throws */
export async function encodePicture(image: RgbImage, name: PictureFormatName, quality?: number): Promise<Uint8Array> {
  const format: PictureFormat = PICTURE_FORMATS[name];
  return format.encodeAlone?.(image) ?? encodeAside(image, name, quality);
}
