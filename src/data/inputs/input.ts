import type { RgbImage } from '../image.js';

/** A number that an input is made with. */
export interface InputOption {
  /** What it is unless it is given. */
  readonly default: number;
  /** The least that it may be. */
  readonly min: number;
  /** The most that it may be. */
  readonly max: number;
  /** What it is, for help. */
  readonly description: string;
}

/** A way to make the input of a pair out of the picture that is to come out of it. */
export interface PairInput {
  /** What it is chosen by. */
  readonly name: string;
  /** What it makes, in a few words. */
  readonly title: string;
  /** The numbers that it is made with, by name: one name means one thing in all inputs. */
  readonly options: Readonly<Record<string, InputOption>>;
  /** Options of a training without which it makes no sense; then it is for a training alone, and no pairs of it are made in files. */
  readonly training?: Readonly<Record<string, string>>;
  /** What is expected of numbers that are right by themselves and not together; nothing where they are. */
  readonly together?: (options: Readonly<Record<string, number>>) => string | undefined;
  /**
   * Whether it is made of the picture before white is put beside it (`--fit pad`): what is hidden there could not be learned. Default
   * false: of all that the network is to make.
   */
  readonly ofPicture?: boolean;
  /** Makes it, at the size of the picture. @param draw numbers from 0 to 1 for this picture: they follow from its name and a seed */
  make(image: RgbImage, options: Readonly<Record<string, number>>, draw: { uniform(): number }): RgbImage;
}
