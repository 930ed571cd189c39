/** Formats that are decoded. */
export type ReadableFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'AVIF' | 'NPY';

/** Bytes of a file's start by which its format is told. */
export const SIGNATURE_BYTES = 64;

/** First bytes of the formats people are likely to bring. */
const SIGNATURES: [format: string, offset: number, bytes: string][] = [
  ['JPEG', 0, '\xff\xd8\xff'],
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['WebP', 8, 'WEBP'],
  ['GIF', 0, 'GIF8'],
  ['NPY', 0, '\x93NUMPY'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['TIFF', 0, 'II+\0'],
  ['TIFF', 0, 'MM\0+'],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG 2000', 0, '\xff\x4f\xff\x51'],
  ['JPEG XL', 0, '\xff\x0a'],
  ['JPEG XL', 4, 'JXL '],
  ['Photoshop', 0, '8BPS'],
  ['OpenEXR', 0, '\x76\x2f\x31\x01'],
  ['QOI', 0, 'qoif'],
  ['DDS', 0, 'DDS '],
  ['PDF', 0, '%PDF'],
  ['SVG', 0, '<svg'],
];

const READABLE: ReadonlySet<string> = new Set<ReadableFormat>(['JPEG', 'PNG', 'WebP', 'GIF', 'BMP', 'TIFF', 'AVIF', 'NPY']);

/** Sizes that a BMP's second header has: two letters alone are the start of too many texts. */
const BMP_HEADERS: ReadonlySet<number> = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

/** True for a format that is decoded; the others are told apart only to be refused by name. */
export const isReadable = (format: string | undefined): format is ReadableFormat => format !== undefined && READABLE.has(format);

/** Tells an image's format by its first bytes, whatever its name says; undefined for what is no image. */
export function imageFormat(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  if (start.startsWith('ftyp', 4)) return mediaFormat(start);
  if (start.startsWith('BM') && BMP_HEADERS.has(bytes[14]! | (bytes[15]! << 8))) return 'BMP';
  return SIGNATURES.find(([, offset, signature]) => start.startsWith(signature, offset))?.[0];
}

/** AVIF, HEIC and films are one kind of container: the brands in its first box say which. */
function mediaFormat(start: string): string {
  const brands = start.slice(8, Math.max(start.charCodeAt(3), 16));
  if (brands.startsWith('avis')) return 'animated AVIF';
  if (brands.includes('avif')) return 'AVIF';
  return /hei[cxms]|hev[cxms]|mif1|msf1/.test(brands) ? 'HEIC' : 'MP4';
}
