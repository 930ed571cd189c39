import { ShadegradError } from '../../errors.js';

/** Larger pictures are refused before anything is allocated; 100 megapixels are 300 MB of RGB. */
export const MAX_PIXELS = 100_000_000;

export function corrupt(name: string, what: string, cause?: unknown): ShadegradError {
  return new ShadegradError('IMAGE_CORRUPT', `${name}: the image is damaged: ${what}`, {
    fix: 'fetch or save the file again, or take it out of the folder',
    cause,
  });
}

export function unsupported(name: string, what: string, fix = 'save it as a PNG or JPEG of 8-bit RGB', cause?: unknown): ShadegradError {
  return new ShadegradError('IMAGE_UNSUPPORTED', `${name}: ${what}`, {
    expected: 'a JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP image',
    fix,
    cause,
  });
}

/** @param received the sides, or what the decoder says of them */
export function tooLarge(name: string, received: string): ShadegradError {
  return new ShadegradError('IMAGE_SIZE', `${name}: the image is too large`, {
    expected: `at most ${MAX_PIXELS / 1e6} megapixels`,
    received,
    fix: 'shrink it first, or cut it into parts',
  });
}

/** @throws IMAGE_CORRUPT for an image without pixels; IMAGE_SIZE for one of more than `MAX_PIXELS` */
export function checkSides(name: string, width: number, height: number): void {
  if (width === 0 || height === 0) throw corrupt(name, `its header says ${width} x ${height} pixels`);
  if (width * height > MAX_PIXELS) throw tooLarge(name, `${width} x ${height} pixels in its header`);
}
