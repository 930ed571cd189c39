import { createImage, crop, type RgbImage } from '../../data/image.js';
import { gatherValues, placesOf } from '../../data/pixel-values.js';

/** Where a place outside an image of `length` pixels lies inside it, reflected at the borders, which are not repeated. */
function reflected(at: number, length: number): number {
  const period = Math.max(1, 2 * (length - 1));
  const within = ((at % period) + period) % period;
  return within < length ? within : period - within;
}

const before = (own: number, padded: number): number => Math.floor((padded - own) / 2);

/** An image in the middle of a larger one, reflected at its borders. */
export function reflectPad(image: RgbImage, width: number, height: number): RgbImage {
  if (image.width === width && image.height === height) return image;
  const result = createImage(width, height);
  const [left, top] = [before(image.width, width), before(image.height, height)];
  const columns = Array.from({ length: width }, (_, x) => 3 * reflected(x - left, image.width));
  for (let y = 0, to = 0; y < height; y++) {
    const row = reflected(y - top, image.height) * image.width * 3;
    for (const column of columns) {
      for (let c = 0; c < 3; c++) result.data[to++] = image.data[row + column + c]!;
    }
  }
  if (image.values) {
    const rows = Array.from({ length: height }, (_, y) => reflected(y - top, image.height));
    const places = placesOf(
      columns.map((column) => column / 3),
      rows,
      image.width,
    );
    result.values = gatherValues(image.values, places);
  }
  return result;
}

/** Takes the middle out again. */
export function cropPadded(image: RgbImage, width: number, height: number): RgbImage {
  if (image.width === width && image.height === height) return image;
  return crop(image, before(width, image.width), before(height, image.height), width, height);
}
