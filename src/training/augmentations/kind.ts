import type { RandomStream } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { OptionTable } from '../option-table.js';
import type { ImageSide } from '../scheme.js';

/** Which images of a sample are meant: what a network is given, what it should make, or both. */
export const SIDES = ['input', 'target', 'both'] as const;

/** Which images of a sample are meant. */
export type SidesMeant = (typeof SIDES)[number];

/** Whether a side of a step is meant. */
export const isMeant = ({ role }: ImageSide, meant: SidesMeant): boolean => meant === 'both' || role === meant;

/** Whether a side is images of colours or grey values, and not, say, a channel for each class of a label map. */
export const holdsColours = ({ channels, encode, holds = encode ? 'other' : 'colours' }: ImageSide): boolean =>
  holds === 'colours' && (channels === 1 || channels === 3);

/**
 * A way in which training images are changed at random, each time they are seen, on the device: one file, and one row of the registry.
 *
 * `O` are its options, complete. They are options of every training; flags, settings, checkpoints and `--resume` follow from the rows.
 */
export interface Augmentation<O extends object = object> {
  /** What it is called, such as `colour jitter`. */
  readonly title: string;
  /** Its options, each with a default with which it does nothing, or that matters only where the first one is another. */
  readonly options: OptionTable<O>;
  /** The option that turns it on by being another than its default; the others are refused without it. */
  readonly turnedOnBy: keyof O & string;
  /** Keeps its draws apart from those of the others. */
  readonly stream: number;
  /** How many numbers a draw is, for one sample. */
  readonly numbers: number;
  /** Draws for one sample: all of its sides have the same draw. */
  draw(random: RandomStream, options: O): readonly number[];
  /** Whether it changes a side. Default: all sides. */
  changes?(side: ImageSide, options: O): boolean;
  /**
   * Changes the images of a step. It is recorded once and replayed: what is drawn comes from `draws`.
   *
   * @param images [batch, height, width, channels] in [-1, 1]
   * @param draws [batch, numbers]
   * @returns the same shape
   */
  apply(images: Tensor, draws: Tensor, side: ImageSide, options: O): Tensor;
}
