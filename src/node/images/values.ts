import { pictureOf } from '../../data/codings/views.js';
import type { HalfReading } from '../../data/codings/options.js';
import type { RgbImage } from '../../data/image.js';
import type { PixelValues } from '../../data/pixel-values.js';
import { ShadegradError } from '../../errors.js';
import type { Channels } from './channels.js';
import { imageFormat } from '../../formats/image-format.js';
import { corrupt, unsupported } from './limits.js';
import { decodeNpy } from './npy.js';
import { pngIndices } from './png-indices.js';
import { expectReadable } from './read.js';
import { decodeChannels } from './sharp.js';

/**
 * Decodes an image with all its depth, or an array, as a half of a pair is read.
 *
 * @param name of the image in errors
 * @returns an image with values, and a picture of them
 * @throws IMAGE_UNSUPPORTED for other channels than the reading has, for floats whose range is not named, and for what is no index map or
 *   has more classes, naming the pixel; IMAGE_CORRUPT for what is damaged or not finite; IMAGE_SIZE, IMAGE_DECODER
 */
export async function decodeValues(bytes: Uint8Array, name: string, reading: HalfReading): Promise<RgbImage> {
  const stored = await storedChannels(bytes, name, reading.kind === 'classes');
  const { width, height } = stored;
  const values = reading.kind === 'classes' ? classesOf(stored, name, reading.count) : numbersOf(stored, name, reading);
  return { ...pictureOf(values, width, height), values };
}

async function storedChannels(bytes: Uint8Array, name: string, isIndices: boolean): Promise<Channels> {
  const format = expectReadable(bytes, name);
  if (format === 'NPY') return decodeNpy(bytes, name);
  if (format === 'BMP') throw unsupported(name, 'a BMP is read as a picture of colours alone', 'save it as a PNG, a TIFF or a .npy');
  return (isIndices && imageFormat(bytes) === 'PNG' && pngIndices(bytes, name)) || decodeChannels(bytes, name, format);
}

/** Where an element lies, in words. */
const placeOf = (at: number, { width, channels }: Channels): string => {
  const pixel = Math.floor(at / channels);
  return `pixel (${pixel % width}, ${Math.floor(pixel / width)})`;
};

function numbersOf(stored: Channels, name: string, { channels, range }: Extract<HalfReading, { kind: 'numbers' }>): PixelValues {
  if (stored.channels !== channels) {
    throw new ShadegradError('IMAGE_UNSUPPORTED', `${name} has other channels than the networks`, {
      expected: `${channels} ${channels === 1 ? 'channel' : 'channels'} of each pixel`,
      received: `${stored.channels}`,
      fix:
        stored.height === channels
          ? 'the array has its channels first: save it with them last, array.transpose(1, 2, 0) in NumPy'
          : `train with so many (--in-channels or --out-channels ${stored.channels}), or save the file with ${channels}`,
    });
  }
  if (range === 'full' && stored.full === null) {
    throw new ShadegradError('IMAGE_UNSUPPORTED', `${name} has numbers whose range nobody knows`, {
      expected: 'the numbers that are to become -1 and 1, or whole numbers of 8 or 16 bits without a sign',
      received: 'floats, or whole numbers of another type',
      fix: 'name the range: --in-range MIN,MAX for what is translated, --out-range MIN,MAX for the results',
    });
  }
  const [least, most] = range === 'full' ? [0, stored.full!] : range;
  const data = new Float32Array(stored.data.length);
  let beyond = 0;
  for (let at = 0; at < data.length; at++) {
    const value = stored.data[at]!;
    if (!Number.isFinite(value)) throw corrupt(name, `${placeOf(at, stored)} is ${value}, no finite number`);
    if (value < least || value > most) beyond++;
    data[at] = Math.min(1, Math.max(-1, (2 * (value - least)) / (most - least) - 1));
  }
  return { kind: 'numbers', channels, data, ...(beyond > 0 && { beyond: beyond / data.length }) };
}

function classesOf(stored: Channels, name: string, count: number): PixelValues {
  if (stored.channels !== 1) {
    throw unsupported(
      name,
      'an index map has one number a pixel',
      'save it as a PNG with a palette or in grey, or as a .npy of [height, width]',
    );
  }
  const data = new Uint8Array(stored.data.length);
  for (let at = 0; at < data.length; at++) {
    const value = stored.data[at]!;
    if (!Number.isInteger(value) || value < 0 || value >= count) {
      throw new ShadegradError('IMAGE_UNSUPPORTED', `${name}: ${placeOf(at, stored)} is ${value}, which is no class`, {
        expected: `a whole number from 0 to ${count - 1}`,
        received: String(value),
        fix: 'give --one-hot as many classes as there are, counted from 0, or mend the file',
      });
    }
    data[at] = value;
  }
  return { kind: 'classes', channels: 1, count, data };
}
