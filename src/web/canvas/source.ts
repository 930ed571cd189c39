import { described } from '../../checks.js';
import { ShadegradError } from '../../errors.js';

/** A class of pages alone by its name: a program for a worker, whose types have none of them, compiles as well. */
export type OfPages<Name extends string> = typeof globalThis extends Record<Name, { prototype: infer Element }> ? Element : never;

/** Whatever has pixels in a browser: a picture, a canvas, or the frame that a video shows now. */
export type ImageSource =
  | ImageData
  | ImageBitmap
  | OfPages<'HTMLCanvasElement'>
  | OffscreenCanvas
  | OfPages<'HTMLVideoElement'>
  | OfPages<'HTMLImageElement'>
  | VideoFrame;

/** HAVE_CURRENT_DATA of a media element: there is a frame to show. */
const HAS_FRAME = 2;

/**
 * Width and height of what a source shows now.
 *
 * @throws INVALID_ARGUMENT for what is no source; IMAGE_NOT_READY for a video or an image without pixels yet; IMAGE_SIZE for one of none
 */
export function sidesOfSource(source: ImageSource): [width: number, height: number] {
  const sides = readySides(source);
  if (sides.every((side) => side > 0)) return sides;
  throw new ShadegradError('IMAGE_SIZE', `${nameOf(source)} without pixels`, {
    expected: 'at least one pixel along both sides',
    received: sides.join(' x '),
    fix: 'wait until it has a size; an ImageBitmap or VideoFrame has none after close()',
  });
}

function readySides(source: ImageSource): [number, number] {
  // By what they have: none of the classes is there in every browser and worker.
  if (typeof source !== 'object' || source === null) throw noSource(source);
  if ('videoWidth' in source) {
    if (source.readyState < HAS_FRAME) throw notReady('a video', 'its event "loadeddata", or until play() is done');
    return [source.videoWidth, source.videoHeight];
  }
  if ('naturalWidth' in source) {
    if (!source.complete || source.naturalWidth === 0) throw notReady('an image', 'decode(), which also tells if it cannot be loaded');
    return [source.naturalWidth, source.naturalHeight];
  }
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight];
  const { width, height } = source;
  if (typeof width !== 'number' || typeof height !== 'number') throw noSource(source);
  const isPlainBytes = 'data' in source;
  const isDrawable = 'close' in source || 'getContext' in source;
  if (isPlainBytes ? !(source.data instanceof Uint8ClampedArray) : !isDrawable) throw noSource(source);
  return [width, height];
}

/** What a source is called in messages, such as "an ImageBitmap". */
export function nameOf(source: ImageSource): string {
  const { name } = source.constructor;
  return `${/^(?:[AEIO]|HTML)/.test(name) ? 'an' : 'a'} ${name}`;
}

const noSource = (source: unknown): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', 'source of pixels', {
    expected: 'ImageData of bytes, an ImageBitmap, a canvas, a video, an image element or a VideoFrame',
    received: described(source),
    fix: 'make one of it: createImageBitmap() takes files and blobs',
  });

const notReady = (what: string, wait: string): ShadegradError =>
  new ShadegradError('IMAGE_NOT_READY', `${what} has no pixels yet`, {
    expected: 'one that has been loaded so far that it can be shown',
    received: `${what} that is still loading, or was not found`,
    fix: `wait for ${wait}`,
  });

/** What to throw when a browser refuses pixels: IMAGE_TAINTED for a source whose pixels it keeps to itself; else what it threw. */
export function sourceError(source: ImageSource, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'SecurityError') return error;
  return new ShadegradError('IMAGE_TAINTED', `${nameOf(source)} of another site, whose pixels may be shown but not read`, {
    expected: 'pixels of this site, or of one that allows it (CORS)',
    received: error.message,
    fix: 'set crossOrigin = "anonymous" before src, and have the other server send Access-Control-Allow-Origin; or serve a copy yourself',
    cause: error,
  });
}
