import jpeg from 'jpeg-js';
import type { RgbImage } from '../data/image.js';
import { checkSides, corrupt, unsupported } from './images-limits.js';
import { convertYCbCr, type ChromaFactors } from './images-ycbcr.js';

/** Memory the decoder may take beside the pixels: it holds every coefficient as a 32-bit integer. */
const DECODER_MEGABYTES = 2048;

interface JpegHeader {
  width: number;
  height: number;
  /** One byte per component, as the frame header names them. */
  componentIds: number[];
  chroma: ChromaFactors;
  /** Transform code of the Adobe marker (0 none, 1 YCbCr, 2 YCCK); undefined without one. */
  adobeTransform?: number;
  /** Where that code stands in the file. */
  adobeTransformAt?: number;
}

const FRAME_REASONS: Record<number, string> = {
  0xc3: 'lossless JPEG cannot be read.',
  0xc5: 'hierarchical JPEG cannot be read.', 0xc6: 'hierarchical JPEG cannot be read.', 0xc7: 'hierarchical JPEG cannot be read.',
  0xc9: 'arithmetic-coded JPEG cannot be read.', 0xca: 'arithmetic-coded JPEG cannot be read.', 0xcb: 'lossless JPEG cannot be read.',
  0xcd: 'hierarchical JPEG cannot be read.', 0xce: 'hierarchical JPEG cannot be read.', 0xcf: 'hierarchical JPEG cannot be read.',
};

const isBareMarker = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** Where the entropy-coded data that start at `offset` end: at the next marker that is no stuffing or restart. */
function skipEntropyData(bytes: Uint8Array, offset: number): number {
  let at = bytes.indexOf(0xff, offset);
  while (at !== -1 && (bytes[at + 1] === 0x00 || isBareMarker(bytes[at + 1]))) at = bytes.indexOf(0xff, at + 2);
  return at === -1 ? bytes.length : at;
}

/**
 * Walk the markers (ITU-T T.81, annex B) from the start to the end-of-image marker. The decoder reads past the end of a
 * truncated file as if zeros followed, so that must be found out here.
 */
function readHeader(bytes: Uint8Array, name: string): JpegHeader {
  let header: JpegHeader | undefined;
  let adobeTransformAt: number | undefined;
  let scans = 0;
  let offset = 2;
  for (;;) {
    while (bytes[offset] === 0xff && bytes[offset + 1] === 0xff) offset++;
    if (offset + 2 > bytes.length) {
      throw corrupt(name, `it is truncated: ${bytes.length} bytes and no end-of-image marker`);
    }
    const marker = bytes[offset + 1];
    if (bytes[offset] !== 0xff) throw corrupt(name, `no JPEG marker where one must stand (byte ${offset})`);
    if (marker === 0xd9) break;
    if (isBareMarker(marker)) {
      offset += 2;
      continue;
    }
    const length = (bytes[offset + 2] << 8) | bytes[offset + 3];
    const body = offset + 4;
    const end = offset + 2 + length;
    if (body > bytes.length || end > bytes.length) throw corrupt(name, `it is truncated: ${bytes.length} bytes, the last within a header`);
    if (length < 2) throw corrupt(name, `a segment of impossible length (byte ${offset})`);
    const segment = bytes.subarray(body, end);
    if (FRAME_REASONS[marker] !== undefined) throw unsupported(name, FRAME_REASONS[marker]);
    if (marker >= 0xc0 && marker <= 0xc2) header = readFrame(segment, name);
    if (marker === 0xee && segment.length >= 12 && String.fromCharCode(...segment.subarray(0, 5)) === 'Adobe') {
      adobeTransformAt = body + 11;
    }
    offset = end;
    if (marker === 0xda) {
      scans++;
      offset = skipEntropyData(bytes, offset);
    }
  }
  if (header === undefined || scans === 0) throw corrupt(name, 'it holds no picture');
  return adobeTransformAt === undefined ? header : { ...header, adobeTransformAt, adobeTransform: bytes[adobeTransformAt] };
}

function readFrame(segment: Uint8Array, name: string): JpegHeader {
  if (segment.length < 6 || segment.length < 6 + segment[5] * 3) throw corrupt(name, 'its frame header is too short');
  if (segment[0] !== 8) throw unsupported(name, `JPEG with ${segment[0]} bits a sample cannot be read.`);
  const height = (segment[1] << 8) | segment[2];
  const width = (segment[3] << 8) | segment[4];
  checkSides(name, width, height);
  const componentIds = Array.from({ length: segment[5] }, (_, i) => segment[6 + i * 3]);
  return { width, height, componentIds, chroma: chromaFactors(segment) };
}

/** Both chroma components as they lie to the first one, or no factors at all when they differ. */
function chromaFactors(segment: Uint8Array): ChromaFactors {
  const [luma, blue, red] = [segment[7], segment[10], segment[13]];
  if (segment[5] !== 3 || blue !== red) return { across: 1, down: 1 };
  return { across: (luma >> 4) / (blue >> 4), down: (luma & 15) / (blue & 15) };
}

/** RGB stored without a colour transform is told by Adobe's marker or, without any marker, by its component names. */
function isStoredAsRgb(header: JpegHeader): boolean {
  if (header.adobeTransform !== undefined) return header.adobeTransform === 0;
  return String.fromCharCode(...header.componentIds) === 'RGB';
}

/** The decoder always obeys Adobe's marker; take its word away where YCbCr is to come out as it is. */
function untransformed(bytes: Uint8Array, header: JpegHeader): Uint8Array {
  if (header.componentIds.length !== 3 || header.adobeTransformAt === undefined) return bytes;
  const copy = bytes.slice();
  copy[header.adobeTransformAt] = 0;
  return copy;
}

/**
 * Decode a baseline or progressive JPEG to RGB. Grey is repeated; CMYK and YCCK with Adobe's marker are converted without
 * a colour profile. `name` goes into the errors: IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE.
 */
export function decodeJpeg(bytes: Uint8Array, name: string): RgbImage {
  const header = readHeader(bytes, name);
  const components = header.componentIds.length;
  if (components !== 1 && components !== 3 && components !== 4) {
    throw unsupported(name, `JPEG with ${components} components cannot be read.`);
  }
  if (components === 4 && header.adobeTransform === undefined) {
    throw unsupported(name, 'CMYK without an Adobe marker: it does not say whether its inks are inverted.');
  }
  try {
    const { width, height, data } = jpeg.decode(untransformed(bytes, header), {
      useTArray: true,
      formatAsRGBA: false,
      colorTransform: components === 3 ? false : undefined,
      // Only skips the blocks past the end that a restart interval leaves in grey pictures; truncation was ruled out above.
      tolerantDecoding: true,
      maxMemoryUsageInMB: DECODER_MEGABYTES,
    });
    if (components === 3 && !isStoredAsRgb(header)) convertYCbCr(data, width, height, header.chroma);
    return { width, height, data };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (message.includes('maxMemoryUsageInMB')) {
      throw unsupported(name, `${header.width} x ${header.height} pixels take more memory than the decoder may use.`, 'Shrink it first.');
    }
    throw corrupt(name, `its compressed data make no sense (${message})`, cause);
  }
}
