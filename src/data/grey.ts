import { createImage, type RgbImage } from './image.js';

/** Shares of red, green and blue in luminance (ITU-R BT.601), in 65536ths; they sum up to 1. */
const RED = 19_595;
const GREEN = 38_470;
const BLUE = 7_471;
const HALF = 32_768;

/** The luminance of every pixel. */
function luminance(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length / 3);
  for (let from = 0, to = 0; to < result.length; from += 3, to++) {
    result[to] = (RED * data[from]! + GREEN * data[from + 1]! + BLUE * data[from + 2]! + HALF) >>> 16;
  }
  return result;
}

/** An image's luminance as a grey image, each pixel's three bytes alike; as Pillow's convert('L'), byte for byte. */
export const greyImage = ({ width, height, data }: RgbImage): RgbImage => imageOfBytes(luminance(data), width, height, 1);

/** The bytes of a network's image of 1 or 3 channels, HWC: luminance alone, or red, green and blue. */
export const imageBytes = ({ data }: RgbImage, channels: 1 | 3): Uint8Array => (channels === 3 ? data : luminance(data));

/** The way back: an image of 1 or 3 channels as one of three. */
export function imageOfBytes(bytes: Uint8Array, width: number, height: number, channels: 1 | 3): RgbImage {
  const { data } = createImage(width, height);
  if (channels === 3) data.set(bytes);
  else for (let pixel = 0; pixel < bytes.length; pixel++) data[3 * pixel] = data[3 * pixel + 1] = data[3 * pixel + 2] = bytes[pixel]!;
  return { width, height, data };
}
