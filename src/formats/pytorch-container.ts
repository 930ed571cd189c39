import type { StorageBytes } from './pytorch-tensor.js';

/** Past this a pickle is no description of tensors. */
export const MAX_PICKLE_BYTES = 32 * 2 ** 20;

/** What the two containers have in common: a pickle's value and where the storages that it refers to lie. */
export interface OpenContainer {
  readonly container: 'zip' | 'legacy';
  readonly root: unknown;
  readonly pickleBytes: number;
  /** By key. */
  readonly storages: ReadonlyMap<string, StorageBytes>;
  /** Numbers of all storages. */
  readonly storedNumbers: number;
}
