/** Image kernels on the CPU, on top of the byte-exact functions for three-channel images in src/data. */
import { widthAndHeight, type PixelSize } from '../../src/pixel-size.js';
import { crop, mirror, type RgbImage } from '../../src/data/image.js';
import { resizeBicubic } from '../../src/data/resize.js';

/** A batch of images with any number of channels. */
export interface ByteImages {
  /** [batch, height, width, channels] */
  shape: [number, number, number, number];
  data: Uint8Array;
}

export interface Jitter {
  loadSize: PixelSize;
  cropSize: PixelSize;
}

export interface Draw {
  cropX: number;
  cropY: number;
  mirror: boolean;
  source: number;
}

/** Applies a function for colour images to any number of channels: to each channel as a grey image. */
function eachChannel(
  { shape, data }: ByteImages,
  image: number,
  run: (grey: RgbImage) => RgbImage,
): { width: number; height: number; data: Uint8Array } {
  const [, height, width, channels] = shape;
  const results = Array.from({ length: channels }, (_, c) => {
    const grey = new Uint8Array(height * width * 3);
    for (let i = 0; i < grey.length; i++) grey[i] = data[(image * height * width + Math.floor(i / 3)) * channels + c]!;
    return run({ width, height, data: grey });
  });
  const first = results[0]!;
  const joined = Uint8Array.from(
    { length: first.width * first.height * channels },
    (_, i) => results[i % channels]!.data[Math.floor(i / channels) * 3]!,
  );
  return { width: first.width, height: first.height, data: joined };
}

export function resize(images: ByteImages, outHeight: number, outWidth: number): Uint8Array {
  const [batch, , , channels] = images.shape;
  const size = outHeight * outWidth * channels;
  const result = new Uint8Array(batch * size);
  for (let n = 0; n < batch; n++) {
    result.set(eachChannel(images, n, (grey) => resizeBicubic(grey, outWidth, outHeight)).data, n * size);
  }
  return result;
}

/** The bytes before they become numbers. */
export function jitter(images: ByteImages, draws: readonly Draw[], { loadSize, cropSize }: Jitter): Uint8Array {
  const [loadWidth, loadHeight] = widthAndHeight(loadSize);
  const [cropWidth, cropHeight] = widthAndHeight(cropSize);
  const size = cropHeight * cropWidth * images.shape[3];
  const result = new Uint8Array(draws.length * size);
  draws.forEach((draw, n) => {
    const { data } = eachChannel(images, draw.source, (grey) => {
      const cut = crop(resizeBicubic(grey, loadWidth, loadHeight), draw.cropX, draw.cropY, cropWidth, cropHeight);
      return draw.mirror ? mirror(cut) : cut;
    });
    result.set(data, n * size);
  });
  return result;
}

export function toFloat(bytes: Uint8Array): Float64Array {
  return Float64Array.from(bytes, (byte) => byte / 127.5 - 1);
}
