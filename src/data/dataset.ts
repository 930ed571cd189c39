import type { ImagePair } from './image.js';

/** Aligned image pairs by index. Where the pixels come from (files, a drawing program, a camera) is up to the maker. */
export interface PairedDataset {
  readonly name: string;
  readonly length: number;
  /** The pair at `index` in 0..length-1. The same index gives the same bytes each time. */
  get(index: number): ImagePair | Promise<ImagePair>;
  /** A hash of what the pair at `index` is made from, the same however it is decoded. Pairs without one are known by their pixels. */
  contentOf?(index: number): Promise<string>;
}

/** Told how far a long piece of work has come; `done` runs from 0 or 1 to `total`. */
export type ProgressCallback = (done: number, total: number) => void;
