import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ImageTree } from '../../training/files/image-tree.js';
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
  decode: decodeSamples,
  decodeValues,
  finish: finishPicture,
  hash: () => createHash('sha256'),
};
