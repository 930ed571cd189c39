import type { WeightFile } from '../formats/weight-file.js';
import type { PyTorchFile } from '../formats/pytorch-file.js';
import { ShadegradError } from '../gpu/errors.js';
import { CHECKPOINT_FORMAT } from '../training/checkpoint-info.js';
import { checkpointNetworks } from './checkpoint-file.js';
import { describedFormat, NETWORK_FORMAT, readNetworkFile, type ImageSize, type Statistics } from './network-file.js';
import type { NetworkArchitecture, NetworkWeights } from './network-weights.js';
import { pictNetwork } from './pict-network.js';
import { hasOptimizers, pytorchRun } from './pytorch-run.js';
import { networkAt, noNetwork } from './reference-network.js';
import { findNetworks } from './reference-names.js';
import { tfjsNetwork } from './tfjs-network.js';
import { checkpointRun, noRun, type TrainingRun } from './training-run.js';

export type NetworkRole = 'generator' | 'discriminator';

/** Where a network's names and layout come from. */
export type WeightOrigin = 'shadegrad network' | 'shadegrad checkpoint' | 'PyTorch names' | 'pict' | 'TensorFlow.js layers';

/** A network of a file, and how its makers run it. */
export interface FoundNetwork {
  readonly role: NetworkRole;
  readonly weights: NetworkWeights;
  readonly origin: WeightOrigin;
  /** What its norms use at test time: pix2pix the image's own statistics, the TensorFlow tutorial those of the training. */
  readonly statistics: Statistics;
  /** Size of the images that it is made for, where the file says that it is larger than the network's own `size`. */
  readonly imageSize?: ImageSize;
  /** What stands before its names in the file. */
  readonly prefix: string;
}

/**
 * Every network in a file of any readable format. Structure is checked here; numbers are read on demand.
 *
 * @returns generators first; never empty
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED, WEIGHTS_MISMATCH
 */
export function networksIn(file: WeightFile): FoundNetwork[] {
  const found = find(file);
  if (found.length === 0) throw noNetwork(file);
  return found.sort((a, b) => Number(a.role === 'discriminator') - Number(b.role === 'discriminator'));
}

function find(file: WeightFile): FoundNetwork[] {
  if (file.format === 'pict') return [{ role: 'generator', weights: pictNetwork(file), origin: 'pict', statistics: 'batch', prefix: '' }];
  if (file.format === 'tfjs-layers') {
    const { statistics, imageSize, ...weights } = tfjsNetwork(file);
    return [{ role: 'generator', weights, origin: 'TensorFlow.js layers', statistics, ...(imageSize && { imageSize }), prefix: '' }];
  }
  switch (describedFormat(file)) {
    case NETWORK_FORMAT: {
      const network = readNetworkFile(file);
      return [{ ...network, origin: 'shadegrad network', prefix: '', role: roleOf(network.weights.architecture) }];
    }
    case CHECKPOINT_FORMAT:
      return checkpointNetworks(file).map(({ role, weights }) => ({ role, weights, origin: 'shadegrad checkpoint', statistics: 'batch', prefix: `${role}.` }));
    default:
      return findNetworks(file.tensors.keys()).map((root) => {
        const weights = networkAt(file, root);
        return { role: roleOf(weights.architecture), weights, origin: 'PyTorch names', statistics: 'batch', prefix: root.prefix };
      });
  }
}

const roleOf = ({ kind }: NetworkArchitecture): NetworkRole => (kind === 'unet' ? 'generator' : 'discriminator');

/**
 * The generator or discriminator of a file.
 *
 * @param role left out, the only network there is, or the generator
 * @throws WEIGHTS_MISMATCH when there is none of the kind, or several; and what networksIn() throws
 */
export function findNetwork(file: WeightFile, role?: NetworkRole): FoundNetwork {
  const all = networksIn(file);
  const wanted = role ?? all[0]!.role;
  const fitting = all.filter((network) => network.role === wanted);
  if (fitting.length === 1) return fitting[0]!;
  throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name} ${fitting.length === 0 ? `holds no ${wanted}` : `holds several ${wanted}s`}`, {
    expected: `one ${wanted}`,
    received: all.map(({ role: each, prefix }) => `a ${each}${prefix === '' ? '' : ` under ${JSON.stringify(prefix.slice(0, 60))}`}`).join(', '),
    fix: fitting.length === 0 ? `ask for the ${all[0]!.role}, or name another file` : 'save the network alone and name that file',
  });
}

/** Whether findRun() may find one: the file is a training checkpoint, or holds the state of an optimiser. */
export function hasRun(file: WeightFile): boolean {
  return file.format === 'pytorch' ? hasOptimizers(file as PyTorchFile) : describedFormat(file) === CHECKPOINT_FORMAT;
}

/**
 * The training run of a checkpoint of this library or of a .pth.
 *
 * @throws WEIGHTS_MISMATCH when there is none; WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED
 */
export async function findRun(file: WeightFile): Promise<TrainingRun> {
  if (file.format === 'pytorch') return pytorchRun(file as PyTorchFile);
  if (describedFormat(file) === CHECKPOINT_FORMAT) return checkpointRun(file);
  throw noRun(file.name, 'networks alone, or nothing of the kind');
}
