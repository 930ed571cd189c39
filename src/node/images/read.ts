import { open, readFile } from 'node:fs/promises';
import type { RgbImage } from '../../data/image.js';
import { printableName } from '../../formats/names.js';
import { findStranger, START_BYTES } from '../../formats/stranger.js';
import { expectOptions } from '../../checks.js';
import { ShadegradError } from '../../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { bmpSides, decodeBmp } from './bmp.js';
import { imageFormat, isReadable, type ReadableFormat } from '../../formats/image-format.js';
import { PROFILE_WAYS, READ_IMAGE_OPTIONS, type ReadImageOptions } from './colour-profiles.js';
import { corrupt, unsupported } from './limits.js';
import { decodeNpy, npySides } from './npy.js';
import { encodePng } from './png.js';
import { blendOnWhite, type Samples } from '../../training/files/samples.js';
import { decodeWithSharp, sidesBySharp } from './sharp.js';

export { encodePng };

/**
 * Decodes an image, a JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP, told apart by their first bytes and not by the name, to 8-bit RGB. The
 * picture is turned as its EXIF orientation says, transparency is laid on white, 16 bits are rounded to 8; colour profiles are not
 * applied unless the options say so. Of an animation the first frame is taken, of several pages the first.
 *
 * @param name of the image in errors
 * @throws INVALID_ARGUMENT for other options; IMAGE_CORRUPT for an image that is empty, cut short or damaged; IMAGE_UNSUPPORTED for another
 *   format or kind; IMAGE_SIZE for more than 100 megapixels; IMAGE_DECODER when the package sharp cannot be loaded
 */
export async function decodeImage(bytes: Uint8Array, name = 'image', options: ReadImageOptions = {}): Promise<RgbImage> {
  return blendOnWhite(await decodeSamples(bytes, name, expectReading('decodeImage', options)));
}

/** As decodeImage(), with the samples as they are stored. */
export async function decodeSamples(bytes: Uint8Array, name: string, reading: ReadImageOptions = {}): Promise<Samples> {
  const format = expectReadable(bytes, name);
  if (format === 'NPY') return npySamples(bytes, name);
  return format === 'BMP' ? decodeBmp(bytes, name) : decodeWithSharp(bytes, name, format, reading);
}

/** @throws INVALID_ARGUMENT for options that there are not, and for a way that is none of PROFILE_WAYS */
export function expectReading(what: string, options: ReadImageOptions): ReadImageOptions {
  const { colorProfile = 'ignore' } = expectOptions(what, options, READ_IMAGE_OPTIONS);
  if (Object.hasOwn(PROFILE_WAYS, colorProfile)) return options;
  throw new ShadegradError('INVALID_ARGUMENT', `colorProfile of ${what}`, {
    expected: Object.keys(PROFILE_WAYS)
      .map((way) => `'${way}'`)
      .join(' or '),
    received: String(colorProfile),
    fix: "leave it out for 'ignore'",
  });
}

/** An array as a picture: of whole numbers of 8 or 16 bits, grey or in colours, with or without transparency. */
function npySamples(bytes: Uint8Array, name: string): Samples {
  const { width, height, channels, data, full } = decodeNpy(bytes, name);
  if ((full !== 255 && full !== 65_535) || channels > 4)
    throw unsupported(
      name,
      'an array that is no picture of 8 or 16 bits',
      'say what it is: --in-channels with --in-range, --one-hot, or the like for the results',
    );
  const samples = full === 255 ? Uint8Array.from(data) : Uint16Array.from(data);
  const colours = channels < 3 ? 1 : 3;
  return { width, height, channels, colours, alpha: channels > colours ? colours : null, samples };
}

/** The format of an image file. @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED */
export function expectReadable(bytes: Uint8Array, name: string): ReadableFormat {
  if (bytes.length === 0) throw corrupt(name, 'the file is empty');
  const format = imageFormat(bytes);
  if (isReadable(format)) return format;
  if (format !== undefined) throw unsupported(name, `${format} files cannot be read`);
  const stranger = findStranger(bytes.subarray(0, START_BYTES));
  if (stranger === null) throw unsupported(name, 'this is not an image file that can be read');
  // What to do about an archive or another program's file is said for weights.
  const fix = stranger.isText ? stranger.fix : 'take it out of the folder, or put the picture itself in its place';
  throw unsupported(name, `this is ${stranger.what}, no image`, fix);
}

/**
 * Reads and decodes an image file.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE for the file itself; as decodeImage(): INVALID_ARGUMENT, IMAGE_CORRUPT, IMAGE_UNSUPPORTED,
 *   IMAGE_SIZE, IMAGE_DECODER
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<RgbImage> {
  return decodeImage(await readBytes(path), printableName(path), options);
}

/** Bytes that hold the header of nearly every image, with the profiles and previews before it. */
const HEAD_BYTES = 256 * 1024;

/**
 * Reads the sides that a file's image has when it is decoded, from its beginning alone unless its header is elsewhere (in
 * some TIFFs it comes last).
 *
 * @throws what `readImage` throws, but for damage to the pixels
 */
export async function readImageSides(path: string): Promise<{ width: number; height: number }> {
  const name = printableName(path);
  const sidesIn = async (bytes: Uint8Array): Promise<{ width: number; height: number }> => {
    const format = expectReadable(bytes, name);
    if (format === 'NPY') return npySides(bytes, name);
    return format === 'BMP' ? bmpSides(bytes, name) : sidesBySharp(bytes, name, format);
  };
  const { head, isAll } = await reading(path, () => readHead(path));
  return sidesIn(head).catch(async (error: unknown) => {
    if (isAll) throw error;
    return sidesIn(await readBytes(path));
  });
}

async function readHead(path: string): Promise<{ head: Uint8Array; isAll: boolean }> {
  const handle = await open(path, 'r');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    let length = 0;
    for (let more = -1; more !== 0 && length < HEAD_BYTES; length += more) {
      ({ bytesRead: more } = await handle.read(head, length, HEAD_BYTES - length));
    }
    return { head: head.subarray(0, length), isAll: length < HEAD_BYTES };
  } finally {
    await handle.close();
  }
}

const READ_ADVICE: Readonly<Record<string, string>> = {
  EISDIR: 'this is a folder: name a file in it',
  EMFILE: 'this process has too many files open: read fewer at a time, or raise its limit (ulimit -n)',
  ENFILE: 'this system has too many files open: close other programs, or raise its limit',
};

/** Reads a file. @throws DATA_NOT_FOUND, DATA_UNREADABLE */
export const readBytes = (path: string): Promise<Uint8Array> => reading(path, () => readFile(path));

/** @throws DATA_NOT_FOUND, DATA_UNREADABLE for what the file system refuses */
async function reading<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ShadegradError('DATA_NOT_FOUND', `There is no file ${printableName(path)}`, { fix: 'check the path', cause });
    }
    throw new ShadegradError('DATA_UNREADABLE', `Could not read ${printableName(path)}`, {
      received: `${code} from the file system`,
      fix: READ_ADVICE[code] ?? 'check that you may read the file',
      cause,
    });
  }
}

/** Writes an image as an 8-bit RGB PNG, whole or not at all. @throws WRITE_FAILED; IMAGE_SIZE for data that do not match their sides */
export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFileAtomic(path, encodePng(image));
}
