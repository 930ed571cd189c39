import { PNG } from 'pngjs';
import { expectImage, type RgbImage } from '../../data/image.js';

/** Encodes an image as an 8-bit RGB PNG. @throws IMAGE_SIZE for data that do not match their sides */
export const encodePng = (image: RgbImage): Uint8Array => encode(image, {});

/** Encodes an image as an 8-bit RGB PNG without compression: of images of one size all files have one length, whatever they show. */
export const encodePlainPng = (image: RgbImage): Uint8Array => encode(image, { deflateLevel: 0, filterType: 0 });

function encode(image: RgbImage, how: { readonly deflateLevel?: number; readonly filterType?: number }): Uint8Array {
  expectImage(image, 'the image to encode');
  const { width, height, data } = image;
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return PNG.sync.write(png, { ...how, colorType: 2, inputColorType: 2, inputHasAlpha: false });
}
