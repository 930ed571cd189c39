import { createImage, type RgbImage } from './image.js';

/** Shares of red, green and blue in luminance (ITU-R BT.601), in 65536ths; they sum up to 1. */
const RED = 19_595;
const GREEN = 38_470;
const BLUE = 7_471;
const HALF = 32_768;

/** An image's luminance as a grey image, each pixel's three bytes alike; as Pillow's convert('L'), byte for byte. */
export function greyImage({ width, height, data }: RgbImage): RgbImage {
  const result = createImage(width, height);
  for (let at = 0; at < data.length; at += 3) {
    result.data.fill((RED * data[at]! + GREEN * data[at + 1]! + BLUE * data[at + 2]! + HALF) >>> 16, at, at + 3);
  }
  return result;
}

/** The bytes of a network's image of 1 or 3 channels, HWC: luminance alone, or red, green and blue. */
export function imageBytes(image: RgbImage, channels: 1 | 3): Uint8Array {
  if (channels === 3) return image.data;
  const { data } = greyImage(image);
  return Uint8Array.from({ length: data.length / 3 }, (_, pixel) => data[3 * pixel]!);
}

/** The way back: an image of 1 or 3 channels as one of three. */
export function imageOfBytes(bytes: Uint8Array, width: number, height: number, channels: 1 | 3): RgbImage {
  const result = createImage(width, height);
  if (channels === 3) result.data.set(bytes);
  else for (let at = 0; at < result.data.length; at++) result.data[at] = bytes[Math.floor(at / 3)]!;
  return result;
}
