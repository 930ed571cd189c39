import { networkWeights } from '../exchange/network/load-network.js';
import { encodeNetwork, type ImageSize, type Statistics } from '../exchange/network-file.js';
import { expectOptions } from '../checks.js';
import type { Network } from '../models/kind.js';

/** Options of networkBlob(): how the numbers are stored, and what the file says of the images. */
export interface NetworkBlobOptions {
  /** The type of the numbers. Default 'f32'; 'f16' takes half the bytes. */
  dtype?: 'f32' | 'f16' | 'bf16';
  /** The statistics that norms are to use when images are translated. Default 'batch', as in the paper. */
  statistics?: Statistics;
  /** Width and height of the images that the network was trained on. Default: its own size. */
  imageSize?: ImageSize;
}

/**
 * Makes a file of one network on a device, to download or to store: a .safetensors that says which network it holds, as
 * openTranslator(), findNetwork() and the command line open it.
 *
 * @throws INVALID_ARGUMENT while the network is on no device, for one of no known kind and for options that there are not; DIVERGED,
 *   STALE_TENSOR, DEVICE_LOST, WEIGHTS_UNSUPPORTED for a number past the range of `dtype`
 */
export async function networkBlob(network: Network, options: NetworkBlobOptions = {}): Promise<Blob> {
  const { dtype = 'f32', statistics = 'batch', imageSize } = expectOptions('networkBlob', options, ['dtype', 'statistics', 'imageSize']);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of encodeNetwork(networkWeights(network), { dtype, statistics, ...(imageSize && { imageSize }) })) {
    parts.push(part.slice());
  }
  return new Blob(parts);
}
