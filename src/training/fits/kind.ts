import type { RgbImage } from '../../data/image.js';
import type { ImageSizes } from '../../models/kind.js';
import type { TranslatedSize } from './sides.js';

/** What a way of fitting goes by: the sizes that were asked for, and those that the generator takes. */
export interface FitRequest {
  /** The size at which images are to go through. */
  readonly size: TranslatedSize;
  /** Width and height of a tile. */
  readonly tile: readonly [width: number, height: number];
  /** Pixels that neighbouring tiles share at least. */
  readonly overlap: number;
  /** The sizes that the generator takes. */
  readonly sizes: ImageSizes;
}

/** How an image of certain sides goes through a generator. */
export interface FitPlan {
  /** Sides of the image when it is made ready. */
  readonly fitted: readonly [width: number, height: number];
  /** Sides of what goes through the generator at once. */
  readonly piece: readonly [width: number, height: number];
  /** Makes an image ready. */
  prepare(image: RgbImage): RgbImage;
  /** Makes the result of an image that is ready, by giving pieces of it to `through` one after the other. */
  run(fitted: RgbImage, through: (piece: RgbImage) => Promise<RgbImage>): Promise<RgbImage>;
}

/** A way of bringing images of any size through a generator that takes some sizes alone: a row of FITS. */
export interface Fit {
  /** What it does, for the help. */
  readonly description: string;
  /** Whether it goes by the size that is asked for; otherwise every image keeps its own. */
  readonly takesSize: boolean;
  /** Whether it goes by the sides and the overlap of tiles. */
  readonly takesTile: boolean;
  /**
   * Sides of the pieces where they are the same for all images, else null.
   *
   * @throws INVALID_ARGUMENT for sides that the generator does not take
   */
  fixedPiece(request: FitRequest): readonly [width: number, height: number] | null;
  /** How an image of these sides goes through. */
  plan(own: readonly [width: number, height: number], request: FitRequest): FitPlan;
}
