import { createImage, expectImage, type RgbImage } from '../image.js';
import { NO_CLASS, type Palette } from './palette.js';

/**
 * Tells the class of each pixel of a label map: that of the nearest colour, so that a picture that JPEG or resizing has blurred has
 * classes, too.
 *
 * @returns a byte a pixel; NO_CLASS where an ignored colour is nearest
 * @throws IMAGE_SIZE for data that are not those of the image's sides
 */
export function classesOf(image: RgbImage, palette: Palette): Uint8Array {
  expectImage(image, 'a label map');
  const { data } = image;
  const colours = [...palette.classes.map(({ colour }) => colour), ...palette.ignored];
  const classes = new Uint8Array(image.width * image.height);
  // Neighbours are alike.
  let [last, found] = [-1, 0];
  for (let pixel = 0, at = 0; pixel < classes.length; pixel++, at += 3) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const colour = (red << 16) | (green << 8) | blue;
    if (colour !== last) {
      let nearest = Infinity;
      for (const [index, [r, g, b]] of colours.entries()) {
        const distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
        if (distance >= nearest) continue;
        nearest = distance;
        found = index < palette.classes.length ? index : NO_CLASS;
      }
      last = colour;
    }
    classes[pixel] = found;
  }
  return classes;
}

/**
 * Draws the label map of a class for each pixel.
 *
 * @param classes a byte a pixel; what is no class of the palette has its first ignored colour, or else black
 */
export function labelMapOf(classes: Uint8Array, width: number, height: number, { classes: named, ignored }: Palette): RgbImage {
  const image = createImage(width, height);
  const none = ignored[0] ?? [0, 0, 0];
  for (let pixel = 0; pixel < width * height; pixel++) image.data.set(named[classes[pixel]!]?.colour ?? none, 3 * pixel);
  return image;
}
