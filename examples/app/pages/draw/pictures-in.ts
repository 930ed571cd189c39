import { classesOf, NO_CLASS, type RgbImage } from 'shadegrad';
import { exactShare, linesOf, rgbOf } from './pixels.js';
import type { Raster } from './raster.js';
import type { Subject } from './studio.js';
import { swatchesFor } from './swatches.js';

/** What can be brought in: a file, what the clipboard holds, or a frame of a camera. */
export type PictureSource = Blob | HTMLVideoElement;

/** A drawing that was made of a picture, and what has been done to it, in words. */
export interface Brought {
  readonly raster: Raster;
  readonly words: string;
}

/** A picture that cannot be read; its message is for the person. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

/**
 * Makes a drawing of a picture: its middle, at the drawing's size. Label maps take the nearest colours of the palette, lines what is dark.
 *
 * @throws PictureError for what is no picture that the browser can read
 */
export async function drawingOf(source: PictureSource, subject: Subject, name = 'The picture'): Promise<Brought> {
  const image = await readPicture(source, subject);
  if (subject.input === 'pictures') {
    return { raster: { ...image, channels: 3 }, words: `${name} is here, at ${subject.width} × ${subject.height} pixels.` };
  }
  if (subject.input === 'lines') return { raster: linesOf(image), words: `${name} was brought to black lines on white.` };
  const data = classesOf(image, subject.palette).map((value) => (value === NO_CLASS ? 0 : value));
  const raster: Raster = { width: image.width, height: image.height, channels: 1, data };
  const share = exactShare(image, raster, swatchesFor('labels', subject.palette));
  const words =
    share > 0.999
      ? `${name} is here: all its colours are of the palette.`
      : `${name} was brought to the nearest colours of the palette; ${Math.round(100 * (1 - share))} % of its pixels had others.`;
  return { raster, words };
}

async function readPicture(source: PictureSource, { input, width, height }: Subject): Promise<RgbImage> {
  const isVideo = !(source instanceof Blob);
  const bitmap = await createImageBitmap(source).catch(() => {
    throw new PictureError(isVideo ? 'The camera has given no picture yet.' : 'It is no picture that this browser can read.');
  });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  // Colours of label maps are not to be mixed.
  context.imageSmoothingEnabled = input !== 'labels';
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  // The largest part of the drawing's shape in its middle.
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [w, h] = [width * scale, height * scale];
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  bitmap.close();
  return rgbOf(width, height, context.getImageData(0, 0, width, height).data);
}
