import { ShadegradError } from '../gpu/errors.js';

/** Larger pictures are refused before anything is allocated; 100 megapixels are 300 MB of RGB. */
export const MAX_PIXELS = 100_000_000;

export function corrupt(name: string, what: string, cause?: unknown): ShadegradError {
  return new ShadegradError('IMAGE_CORRUPT', `${name}: the image is damaged: ${what}`, {
    fix: 'Fetch or save the file again, or remove it from the folder.',
    cause,
  });
}

export function unsupported(name: string, what: string, fix = 'Save it as an RGB PNG or JPEG.'): ShadegradError {
  return new ShadegradError('IMAGE_UNSUPPORTED', `${name}: ${what}`, { expected: 'a JPEG or PNG image', fix });
}

/** Throws IMAGE_CORRUPT for an empty image and IMAGE_SIZE for one that is absurdly large. */
export function checkSides(name: string, width: number, height: number): void {
  if (width === 0 || height === 0) throw corrupt(name, `its header says ${width} x ${height} pixels`);
  if (width * height > MAX_PIXELS) {
    throw new ShadegradError('IMAGE_SIZE', `${name}: the image is too large.`, {
      expected: `at most ${MAX_PIXELS / 1e6} megapixels`,
      received: `${width} x ${height} pixels in its header`,
      fix: 'Shrink it first.',
    });
  }
}
