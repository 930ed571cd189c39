import type { HalfReading } from '../../data/codings/options.js';
import type { RgbImage } from '../../data/image.js';
import type { RunningHash } from '../../formats/sha256.js';
import type { FolderContent } from './folder-content.js';
import type { Picture } from './picture.js';
import type { Samples } from './samples.js';

/** Folders of images, wherever they lie: how data sets read them. */
export interface ImageTree {
  /** Looks at what a folder holds. @throws DATA_NOT_FOUND, DATA_UNREADABLE */
  scan(folder: string): Promise<FolderContent>;
  /** The path of what lies in a folder. */
  join(folder: string, name: string): string;
  /** The name of a folder, without those above it. */
  nameOf(folder: string): string;
  /** The path of the folder above. */
  above(folder: string): string;
  /** The bytes of a file. @throws DATA_NOT_FOUND, DATA_UNREADABLE */
  bytes(path: string): Promise<Uint8Array>;
  /** The number of bytes of a file; -1 of one that is gone. */
  size(path: string): Promise<number>;
  /** Whether an image file stores places in a palette; false for a file that cannot be read. */
  hasPalette(path: string): Promise<boolean>;
  /** The sides that an image file has when it is decoded. @throws as decode() */
  sides(path: string): Promise<{ width: number; height: number }>;
  /** Decodes an image to samples as they are stored. @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE, IMAGE_DECODER */
  decode(bytes: Uint8Array, name: string): Promise<Samples>;
  /** Decodes an image with all its depth, or an array, as a half of a pair is read. @throws as decode() */
  decodeValues(bytes: Uint8Array, name: string, reading: HalfReading): Promise<RgbImage>;
  /** The images of a decoded picture: one, or its two halves, shrunk. */
  finish(picture: Picture): Promise<RgbImage[]>;
  /** Begins a hash in SHA-256. */
  hash(): RunningHash;
}
