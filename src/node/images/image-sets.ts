import * as sets from '../../training/files/image-sets.js';
import type { ImageTree } from '../../training/files/image-tree.js';
import type { FolderContent } from './folder.js';
import type { Split } from './layout.js';
import { FOLDERS } from './tree.js';

export {
  childNamed,
  IMAGES_AT_ONCE,
  type ImageFolder,
  type ImageSetsFolder,
  type ImageSetsOptions,
  type ListedSet,
} from '../../training/files/image-sets.js';

/** What training/files/image-sets.ts has of any tree of folders, on the disk. */
export const openImageSets = (
  directory: string,
  split: Split,
  options: sets.ImageSetsOptions = {},
  tree: ImageTree = FOLDERS,
): Promise<sets.ImageSetsFolder | null> => sets.openImageSets(tree, directory, split, options);
export const openImageFolder = (
  directory: string,
  split: Split,
  options: sets.ImageSetsOptions = {},
  tree: ImageTree = FOLDERS,
): Promise<sets.ImageFolder | null> => sets.openImageFolder(tree, directory, split, options);
export const noImageSets = (directory: string, code: Parameters<typeof sets.noImageSets>[2]): ReturnType<typeof sets.noImageSets> =>
  sets.noImageSets(FOLDERS, directory, code);
export const setFolders = (directory: string, split: Split): Promise<readonly [string, string] | null> =>
  sets.setFolders(FOLDERS, directory, split);
export const listSet = (folder: string): Promise<sets.ListedSet> => sets.listSet(FOLDERS, folder);
export const imagesBelow = (folder: string, content: FolderContent): Promise<string[]> => sets.imagesBelow(FOLDERS, folder, content);
export const openSet = (called: string, source: sets.SetSource, tree: ImageTree = FOLDERS): ReturnType<typeof sets.openSet> =>
  sets.openSet(tree, called, source);
export const fingerprintOf = (some: readonly Pick<sets.ListedSet, 'folder' | 'names'>[], more = ''): Promise<string> =>
  sets.fingerprintOf(FOLDERS, some, more);
