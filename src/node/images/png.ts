import { PNG } from 'pngjs';
import { expectImage, type RgbImage } from '../../data/image.js';

/** Encodes an image as an 8-bit RGB PNG. @throws IMAGE_SIZE for data that do not match their sides */
export function encodePng(image: RgbImage): Uint8Array {
  expectImage(image, 'the image to encode');
  const { width, height, data } = image;
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return PNG.sync.write(png, { colorType: 2, inputColorType: 2, inputHasAlpha: false });
}
