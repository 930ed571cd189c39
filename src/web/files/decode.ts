import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import type { Samples } from '../../training/files/samples.js';

/** The same limit as in Node. */
const MOST_PIXELS = 100e6;

/** What browsers do to colours and transparency by themselves is left away, so that the bytes are those in the file. */
const AS_STORED = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' } as const;

/**
 * Decodes an image as the browser does, without any conversion of its colours: the bytes of an opaque PNG are those that Node decodes.
 *
 * @throws IMAGE_UNSUPPORTED for what the browser decodes no images of, IMAGE_SIZE
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<Samples> {
  const bitmap = await openBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
    if (!context)
      throw new ShadegradError('OUT_OF_MEMORY', `${name} cannot be decoded`, { fix: 'close other tabs, or take smaller pictures' });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, channels: 4, colours: 3, alpha: 3, samples: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } finally {
    bitmap.close();
  }
}

/** The sides that an image has when it is decoded; of a PNG by its header alone. @throws as decodePicture() */
export async function pictureSides(file: Blob, name: string): Promise<{ width: number; height: number }> {
  const head = new DataView(await file.slice(0, 24).arrayBuffer());
  if (head.byteLength === 24 && head.getUint32(0) === 0x8950_4e47 && head.getUint32(12) === 0x4948_4452)
    return { width: head.getUint32(16), height: head.getUint32(20) };
  const bitmap = await openBitmap(file, name);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

async function openBitmap(file: Blob, name: string): Promise<ImageBitmap> {
  const bitmap = await createImageBitmap(file, AS_STORED).catch((cause: unknown) => {
    throw new ShadegradError('IMAGE_UNSUPPORTED', `${printableName(name)} cannot be read as a picture in this browser`, {
      expected: 'a JPEG, PNG, WebP, GIF, BMP or AVIF',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'save it as a PNG or a JPEG, or take it out of the folder',
      cause,
    });
  });
  if (bitmap.width * bitmap.height <= MOST_PIXELS) return bitmap;
  const { width, height } = bitmap;
  bitmap.close();
  throw new ShadegradError('IMAGE_SIZE', `${printableName(name)} is too large`, {
    expected: 'at most 100 megapixels',
    received: `${width} x ${height}`,
    fix: 'make it smaller, or take it out of the folder',
  });
}
