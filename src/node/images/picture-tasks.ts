import { countColours, type ColourCount } from '../../data/colours.js';
import { fitImage, type FilterName, type FitName, type Sides } from '../../data/fit.js';
import { crop, joinPair, splitPair, type RgbImage } from '../../data/image.js';
import { widthAndHeight, type PixelSize } from '../../pixel-size.js';
import { makeInput, type InputChoice } from '../../data/inputs/registry.js';
import { hashPicture, type PictureHash } from '../../data/picture-hash.js';
import { imagesOf, type Picture } from '../../training/files/picture.js';

/** How images are brought to other sides. */
export interface FitRequest {
  readonly images: readonly RgbImage[];
  readonly sides: Sides;
  readonly fit: FitName;
  readonly filter: FilterName;
  /** Whether each is two images side by side, which are brought to these sides on their own. */
  readonly inHalves?: boolean;
}

/** What the input of a pair is made of. */
export interface InputRequest {
  readonly image: RgbImage;
  readonly choice: InputChoice;
  /** Of the picture: what is random follows from it. */
  readonly name: string;
  readonly seed: number;
}

/** What an image is like. */
export interface Measured extends PictureHash, ColourCount, Sides {}

const measured = (image: RgbImage): Measured => ({
  width: image.width,
  height: image.height,
  ...hashPicture(image),
  ...countColours(image),
});

/** What the worker threads compute, by name: of arguments and with results that can be handed from thread to thread. */
export const TASKS = {
  /** The images of a decoded picture. */
  images: (picture: Picture): RgbImage[] => imagesOf(picture),
  /** Images at other sides. */
  fit: ({ images, sides, fit, filter, inHalves }: FitRequest): RgbImage[] =>
    images.map((image) => {
      if (!inHalves) return fitImage(image, sides, fit, filter);
      const { name, a, b } = splitPair(image);
      return joinPair({ name, a: fitImage(a, sides, fit, filter), b: fitImage(b, sides, fit, filter) });
    }),
  /** The input of a pair. */
  input: ({ image, choice, name, seed }: InputRequest): RgbImage[] => [makeInput(image, choice, name, seed)],
  /** A pair: the input, and the picture that it is made of. */
  pair: ({ image, size, ...request }: InputRequest & { readonly size: PixelSize }): RgbImage[] => {
    const [width, height] = widthAndHeight(size);
    const b = fitImage(image, { width, height });
    return [makeInput(b, request.choice, request.name, request.seed), b];
  },
  /** What each of some images is like. */
  measure: (images: readonly RgbImage[]): Measured[] => images.map(measured),
  /** What the halves of pairs side by side are like; of one whose width is odd, without the pixel in the middle. */
  measureHalves: (images: readonly RgbImage[]): Measured[] =>
    images.flatMap((image) => {
      const half = image.width >> 1;
      if (half === 0) return [measured(image)];
      return [0, image.width - half].map((x) => measured(crop(image, x, 0, half, image.height)));
    }),
} as const;

/** The name of a task of TASKS. */
export type TaskName = keyof typeof TASKS;
/** What a task takes. */
export type TaskArgument<Name extends TaskName> = Parameters<(typeof TASKS)[Name]>[0];
/** What a task gives. */
export type TaskResult<Name extends TaskName> = ReturnType<(typeof TASKS)[Name]>;
