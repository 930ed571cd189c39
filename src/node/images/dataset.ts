import { expectOptions } from '../../checks.js';
import * as paired from '../../training/files/paired-folder.js';
import { PAIRED_FOLDER_OPTIONS, type PairedFolder, type Split } from '../../training/files/paired-folder.js';
import { READ_IMAGE_OPTIONS, type ReadImageOptions } from './colour-profiles.js';
import { expectReading } from './read.js';
import { foldersRead } from './tree.js';

export {
  verifySamples,
  type HalfReadings,
  type PairedFolder,
  type Split,
} from '../../training/files/paired-folder.js';
export { listImages } from './folder.js';

/** Options of openPairedFolder(): what is kept in memory, what is checked at once, and how colour profiles are read. */
export interface PairedFolderOptions extends paired.PairedFolderOptions, ReadImageOptions {}

/**
 * Opens one split of a data set on disk: pairs side by side in one picture, in two folders by name, or as photo and label map beside
 * each other, as docs/data.md says. Files are decoded when first asked for, a few at a time however many are asked for at once, and
 * kept as bytes.
 *
 * @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE; INVALID_ARGUMENT for another split, or a `maxSide` below 1; `get`, and this
 *   function with `verify`, also IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE and IMAGE_DECODER, naming the file
 */
export async function openPairedFolder(directory: string, split: Split, options: PairedFolderOptions = {}): Promise<PairedFolder> {
  expectOptions('openPairedFolder', options, [...PAIRED_FOLDER_OPTIONS, ...READ_IMAGE_OPTIONS]);
  const { colorProfile, onIgnoredProfile, ...rest } = options;
  const reading = { ...(colorProfile !== undefined && { colorProfile }), ...(onIgnoredProfile && { onIgnoredProfile }) };
  return paired.openPairedTree(foldersRead(expectReading('openPairedFolder', reading)), directory, split, rest);
}
