import { findPairs as findPairsIn, type PairList, type Split } from '../../training/files/pair-layout.js';
import { FOLDERS } from './tree.js';

export { listed, stemOf, type PairFiles, type Split } from '../../training/files/pair-layout.js';

/** Finds the pairs of a split in a folder of the disk. @throws as in any tree of folders */
export const findPairs = (directory: string, split: Split): Promise<PairList> => findPairsIn(FOLDERS, directory, split);
