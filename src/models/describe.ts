import type { NetworkArchitecture } from './kind.js';
import { buildNetwork, networkKind } from './registry.js';

/** What a network is, in words: `U-Net for 256 x 256, 3 -> 3 channels, ngf 64, batch norm, dropout 0.5; 54,413,955 parameters`. */
export function describeArchitecture(architecture: NetworkArchitecture): string {
  const network = buildNetwork(architecture);
  const parts = networkKind(architecture.kind).describe(network);
  return `${parts.filter((part) => part !== false).join(', ')}; ${network.parameterCount.toLocaleString('en-US')} parameters`;
}
