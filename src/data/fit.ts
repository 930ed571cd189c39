import { createImage, crop, expectImage, paste, type RgbImage } from './image.js';
import { resizeBicubic } from './resize.js';

/** Width and height in pixels. */
export interface Sides {
  readonly width: number;
  readonly height: number;
}

/** Brings an image to other sides. */
type Resize = (image: RgbImage, width: number, height: number) => RgbImage;

/** How the pixels of an image at another size are made of those that there are, by name. */
export const FILTERS = { bicubic: resizeBicubic, nearest: resizeNearest } as const satisfies Record<string, Resize>;

/** How an image comes to sides of another shape, by name. */
export const FITS = { stretch, crop: cropTo, pad: padTo } as const satisfies Record<
  string,
  (image: RgbImage, sides: Sides, resize: Resize) => RgbImage
>;

/** The name of a way of FILTERS. */
export type FilterName = keyof typeof FILTERS;
/** The name of a way of FITS. */
export type FitName = keyof typeof FITS;

/**
 * Resizes an image by taking the nearest pixel, as Pillow's `Image.resize(size, Image.NEAREST)`: no colour comes out that did not go in,
 * which label maps want.
 *
 * @throws INVALID_ARGUMENT unless both sides are whole numbers from 1 up; IMAGE_SIZE for data that are not those of the image's sides
 */
export function resizeNearest(image: RgbImage, width: number, height: number): RgbImage {
  expectImage(image, 'the image to resize');
  const result = createImage(width, height);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * image.width) / width) * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * image.height) / height) * image.width * 3;
    for (let x = 0; x < width; x++, to += 3) {
      const from = row + columns[x]!;
      result.data[to] = image.data[from]!;
      result.data[to + 1] = image.data[from + 1]!;
      result.data[to + 2] = image.data[from + 2]!;
    }
  }
  return result;
}

/** Brings an image to other sides, in one of the ways of FITS, with one of the filters of FILTERS. */
export function fitImage(image: RgbImage, sides: Sides, fit: FitName = 'stretch', filter: FilterName = 'bicubic'): RgbImage {
  expectImage(image, 'the image to resize');
  return FITS[fit](image, sides, FILTERS[filter]);
}

/** Each side on its own: the shape becomes another. */
function stretch(image: RgbImage, { width, height }: Sides, resize: Resize): RgbImage {
  return width === image.width && height === image.height ? image : resize(image, width, height);
}

/** The largest part of that shape in the middle, so that what lies beyond it at two of the edges is cut off. */
function cropTo(image: RgbImage, sides: Sides, resize: Resize): RgbImage {
  const { width, height } = sidesWithin(image, sides);
  const [x, y] = [Math.floor((image.width - width) / 2), Math.floor((image.height - height) / 2)];
  const part = width === image.width && height === image.height ? image : crop(image, x, y, width, height);
  return stretch(part, sides, resize);
}

/** The whole image in the middle, white beside it. */
function padTo(image: RgbImage, sides: Sides, resize: Resize): RgbImage {
  const inside = sidesWithin(sides, image);
  const whole = createImage(sides.width, sides.height);
  whole.data.fill(255);
  const [x, y] = [Math.floor((sides.width - inside.width) / 2), Math.floor((sides.height - inside.height) / 2)];
  paste(whole, stretch(image, inside, resize), x, y);
  return whole;
}

/** The largest sides of the shape of some within others, at least a pixel each. */
export function sidesWithin(outer: Sides, shape: Sides): Sides {
  if (outer.width * shape.height > outer.height * shape.width)
    return { width: Math.max(1, Math.round((outer.height * shape.width) / shape.height)), height: outer.height };
  return { width: outer.width, height: Math.max(1, Math.round((outer.width * shape.height) / shape.width)) };
}
