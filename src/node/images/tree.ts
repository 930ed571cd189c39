import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ImageTree } from '../../training/files/image-tree.js';
import type { ReadImageOptions } from './colour-profiles.js';
import { scanFolder } from './folder.js';
import { hasPalette } from './palette.js';
import { finishPicture } from './picture-workers.js';
import { decodeSamples, readBytes, readImageSides } from './read.js';
import { decodeValues } from './values.js';

/** The folders of the disk. */
export const FOLDERS: ImageTree = {
  scan: scanFolder,
  join,
  nameOf: (folder) => basename(resolve(folder)),
  above: (folder) => resolve(folder, '..'),
  bytes: readBytes,
  size: (path) =>
    stat(path).then(
      ({ size }) => size,
      () => -1,
    ),
  hasPalette,
  sides: readImageSides,
  decode: (bytes, name) => decodeSamples(bytes, name),
  decodeValues,
  finish: finishPicture,
  hash: () => createHash('sha256'),
};

/** The folders of the disk, whose images are read in a way. */
export const foldersRead = (reading: ReadImageOptions): ImageTree => ({
  ...FOLDERS,
  decode: (bytes, name) => decodeSamples(bytes, name, reading),
});
