import { readFile } from 'node:fs/promises';
import type { RgbImage } from '../data/image.js';
import { ShadegradError } from '../gpu/errors.js';
import { writeFileAtomic } from './files.js';
import { decodeJpeg } from './images-jpeg.js';
import { corrupt, unsupported } from './images-limits.js';
import { decodePng, encodePng } from './images-png.js';

export { encodePng };

/** First bytes of the formats people are likely to bring, most of them only to be refused by name. */
const SIGNATURES: [format: string, offset: number, bytes: string][] = [
  ['JPEG', 0, '\xff\xd8\xff'],
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['WebP', 8, 'WEBP'],
  ['GIF', 0, 'GIF8'],
  ['BMP', 0, 'BM'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['AVIF', 4, 'ftypavif'],
  ['HEIC', 4, 'ftyp'],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG XL', 0, '\xff\x0a'],
  ['PDF', 0, '%PDF'],
  ['SVG', 0, '<svg'],
];

function formatOf(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  return SIGNATURES.find(([, offset, signature]) => start.startsWith(signature, offset))?.[0];
}

/**
 * Decode a JPEG or PNG, told apart by their first bytes and not by the name. `name` goes into the errors:
 * IMAGE_CORRUPT (empty, truncated, damaged), IMAGE_UNSUPPORTED (another format or kind), IMAGE_SIZE (too large).
 */
export function decodeImage(bytes: Uint8Array, name: string): RgbImage {
  if (bytes.length === 0) throw corrupt(name, 'the file is empty');
  const format = formatOf(bytes);
  if (format === 'JPEG') return decodeJpeg(bytes, name);
  if (format === 'PNG') return decodePng(bytes, name);
  throw unsupported(name, format === undefined ? 'this is not an image file that can be read.' : `${format} images cannot be read.`);
}

/** Read and decode an image file. Errors as `decodeImage`, and DATA_NOT_FOUND or DATA_UNREADABLE for the file itself. */
export async function readImage(path: string): Promise<RgbImage> {
  return decodeImage(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ShadegradError('DATA_NOT_FOUND', `There is no file ${path}`, { fix: 'Check the path.', cause });
    }
    const fix = code === 'EISDIR' ? 'This is a folder: name a file in it.' : 'Check that you may read the file.';
    throw new ShadegradError('DATA_UNREADABLE', `Could not read ${path}`, { received: `${code} from the file system`, fix, cause });
  }
}

/** Write an 8-bit RGB PNG, whole or not at all. Throws WRITE_FAILED. */
export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFileAtomic(path, encodePng(image));
}
