import type { RgbImage } from '../image.js';
import type { Palette } from '../palettes/palette.js';
import type { PixelValues } from '../pixel-values.js';
import type { PixelSize } from '../../pixel-size.js';

/** An image with the numbers that a network sees of it, and a picture of them. */
export type SeenImage = RgbImage & { readonly values: PixelValues };

/** How one half of a pair becomes the channels of a network, and how what a network makes becomes a picture. */
export interface Coding {
  /** What it is called in messages. */
  readonly title: string;
  /** Channels of the network. */
  readonly channels: number;
  /** How images stay on the device: eight-bit colours as they are, f32 for each channel, or a byte for the class of a pixel. */
  readonly kept: 'bytes' | 'numbers' | 'classes';
  /** What -1 and 1 are written as in an array, where the run has named no range. */
  readonly written: readonly [least: number, most: number];
  /** What results are measured by: their pictures, as eight-bit colours, or their numbers. */
  readonly measured: 'pictures' | 'numbers';
  /** The palette whose classes are the channels, of label maps. */
  readonly palette?: Palette;
  /** The values of an image as the network sees them, with a picture of them. */
  see(image: RgbImage): SeenImage;
  /**
   * The picture of what a network made.
   *
   * @param made with values; of the sides of `given`
   * @param given the image that it was made of
   */
  show(made: SeenImage, given: RgbImage): RgbImage;
  /** How an image that is measured comes to the size of the networks. Default: bicubic. */
  resized?(image: RgbImage, size: PixelSize): RgbImage;
}
