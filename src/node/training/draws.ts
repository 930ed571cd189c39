import { architectureOf, isLibraryKind } from '../../models/registry.js';
import type { Network } from '../../models/kind.js';

/**
 * Whether a network may make something else of the same input with other random draws: by dropout, or by random numbers beside its input.
 *
 * @param drops whether its dropout draws
 */
export function mayDraw(network: Network, drops = true): boolean {
  const { dropout, noise } = network.options as { readonly dropout?: number; readonly noise?: number };
  // A network that a program has made known may draw something else.
  if (dropout === undefined && noise === undefined && !isLibraryKind(architectureOf(network).kind)) return true;
  return (dropout ?? 0) * Number(drops) + (noise ?? 0) > 0;
}
