import type { Sharp } from 'sharp';
import type { RgbImage } from '../../data/image.js';
import { loadSharp } from './sharp.js';

/** A format that pictures are written in. */
interface PictureFormat {
  readonly ending: string;
  encode(image: Sharp): Sharp;
}

/** The formats that pictures are written in, by name. */
export const PICTURE_FORMATS = {
  png: { ending: '.png', encode: (image) => image.png({ compressionLevel: 6 }) },
  // Colours at full resolution: halved, they would bleed over the borders of small pictures.
  jpeg: { ending: '.jpg', encode: (image) => image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }) },
} as const satisfies Record<string, PictureFormat>;

/** The name of a format of PICTURE_FORMATS. */
export type PictureFormatName = keyof typeof PICTURE_FORMATS;

/** Encodes an image in threads of sharp, of which several work at once: for whoever writes many. @throws IMAGE_DECODER */
export async function encodeAside({ width, height, data }: RgbImage, format: PictureFormatName): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return PICTURE_FORMATS[format].encode(sharp(data, { raw: { width, height, channels: 3 } })).toBuffer();
}
