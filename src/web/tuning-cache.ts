import type { VariantTable } from '../gpu/kernel-variants.js';
import { adapterFingerprint, encodeVariants, parseChoices } from '../kernels/tuning-file.js';
import type { AdapterDescription } from '../gpu/adapter.js';

const keyOf = (adapter: AdapterDescription): string => `shadegrad tuning ${adapterFingerprint(adapter)}`;

/**
 * Reads the choices that were tuned for an adapter from the page's storage; empty where nothing was tuned or the browser keeps nothing.
 *
 * @param warn told why what is there cannot be used
 */
export function readTuningCache(adapter: AdapterDescription, warn: (line: string) => void): VariantTable {
  try {
    const text = localStorage.getItem(keyOf(adapter));
    return text === null ? {} : parseChoices(text, adapterFingerprint(adapter), 'of this page');
  } catch (error) {
    warn((error as Error).message);
    return {};
  }
}

/**
 * Adds choices to an adapter's in the page's storage, in place of those for the same problems.
 *
 * @returns false where the browser keeps nothing
 */
export function addToTuningCache(adapter: AdapterDescription, choices: VariantTable): boolean {
  const all = { ...readTuningCache(adapter, () => undefined), ...choices };
  try {
    localStorage.setItem(keyOf(adapter), encodeVariants(adapterFingerprint(adapter), all));
    return true;
  } catch {
    return false;
  }
}
