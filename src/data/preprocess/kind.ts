import type { Sides } from '../fit.js';

/** A way in which images come to the size that networks are trained at: a row of PREPROCESS. */
export interface Preprocess {
  /** What it does, for the help. */
  readonly description: string;
  /** Whether it goes by a load size; otherwise images are not resized to anything that a training says. */
  readonly takesLoadSize: boolean;
  /** Whether a part of the training's size is cut out; otherwise images have to come to that size. */
  readonly crops: boolean;
  /** Whether all images come to one size before the cut, so that the device resizes and cuts what it keeps. Otherwise the host does. */
  readonly onDevice: boolean;
  /**
   * The sides that an image of some sides is brought to before the cut.
   *
   * @param load width to resize to; height to resize to, or the least one of images that keep their shape
   */
  scaled(own: Sides, load: Sides): Sides;
}
