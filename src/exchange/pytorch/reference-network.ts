import type { StoredDType, StoredTensor, TensorToWrite, WeightFile } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { buildNetwork, networkKind } from '../../models/registry.js';
import { fitNetwork, possibleNetwork, referenceTensor } from '../network/fit-network.js';
import { noNetwork } from '../network/foreign-networks.js';
import type { NetworkWeights } from '../network/network-weights.js';
import { findNetworks, shapesBelow, type NetworkRoot } from './reference-names.js';

/**
 * A network of the PyTorch reference implementation (pytorch-CycleGAN-and-pix2pix) in this library's layout, of any width, depth and
 * channels, with batch norm, instance norm or none. Its architecture is read off the names and shapes.
 *
 * @param prefix what stands before its names; left out, the file's only network
 * @throws WEIGHTS_UNSUPPORTED for other networks, WEIGHTS_MISMATCH for tensors that contradict each other
 */
export function referenceNetwork(file: WeightFile, prefix?: string): NetworkWeights {
  const roots = findNetworks(file.tensors).filter((root) => prefix === undefined || root.prefix === prefix);
  if (roots.length === 0) throw noNetwork(file);
  if (roots.length > 1) {
    throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name} holds several networks`, {
      expected: 'one of them to be named',
      received: roots.map((root) => quoteName(root.prefix)).join(', '),
      fix: 'say which one is meant by what stands before its names',
    });
  }
  return networkAt(file, roots[0]!);
}

/** The network at one of findNetworks()'s roots; see referenceNetwork(). */
export function networkAt(file: WeightFile, { kind, prefix }: NetworkRoot): NetworkWeights {
  const options = networkKind(kind).pytorch!.options(shapesBelow(file.tensors, prefix), file.name);
  const architecture = { kind, options };
  // Beside a network without a prefix there may be others: its own are all below the names of its parts.
  const parts = new Set([...possibleNetwork(architecture, file.name).namedTensors()].map(([name]) => firstPart(name)));
  const stored = new Map<string, StoredTensor>();
  for (const [name, tensor] of file.tensors) {
    const own = name.slice(prefix.length);
    if (name.startsWith(prefix) && parts.has(firstPart(own))) stored.set(own, tensor);
  }
  return fitNetwork(architecture, stored, 'pytorch', file.name);
}

const firstPart = (name: string): string => name.split('.', 1)[0]!;

/** A tensor of a state dict; without a type of its own, whatever the file is written in. */
export type StateTensor = TensorToWrite & { readonly dtype?: StoredDType };

export interface StateDictOptions {
  /** What each batch norm's num_batches_tracked says; PyTorch only counts it. Default 0. */
  batches?: number;
  /** Stands before every name. */
  prefix?: string;
}

/** The state dict that the reference implementation loads: its names in its order, PyTorch's layouts. */
export function referenceStateDict(
  { architecture, tensors }: NetworkWeights,
  { batches = 0, prefix = '' }: StateDictOptions = {},
): StateTensor[] {
  const own = new Map(buildNetwork(architecture).namedTensors());
  const result: StateTensor[] = [];
  for (const [name, tensor] of tensors) {
    result.push(referenceTensor(prefix + name, tensor, own.get(name)?.pytorchAxes));
    if (!name.endsWith('.running_var')) continue;
    result.push({
      name: `${prefix}${name.replace(/running_var$/, 'num_batches_tracked')}`,
      shape: [],
      dtype: 'i64',
      read: async () => Float32Array.of(batches),
    });
  }
  return result;
}
