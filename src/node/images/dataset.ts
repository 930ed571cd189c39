import { openPairedTree, type PairedFolder, type PairedFolderOptions, type Split } from '../../training/files/paired-folder.js';
import { FOLDERS } from './tree.js';

export {
  verifySamples,
  type HalfReadings,
  type PairedFolder,
  type PairedFolderOptions,
  type Split,
} from '../../training/files/paired-folder.js';
export { listImages } from './folder.js';

/**
 * Opens one split of a data set on disk: pairs side by side in one picture, in two folders by name, or as photo and label map beside
 * each other, as docs/data.md says. Files are decoded when first asked for, a few at a time however many are asked for at once, and
 * kept as bytes.
 *
 * @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE; INVALID_ARGUMENT for another split, or a `maxSide` below 1; `get`, and this
 *   function with `verify`, also IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE and IMAGE_DECODER, naming the file
 */
export const openPairedFolder = (directory: string, split: Split, options: PairedFolderOptions = {}): Promise<PairedFolder> =>
  openPairedTree(FOLDERS, directory, split, options);
