import { described } from '../../checks.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Network, NetworkArchitecture } from '../../models/kind.js';
import { architectureOf, buildNetwork, networkKind } from '../../models/registry.js';
import { fillTensors } from '../../nn/state-dict.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { NetworkTensor, NetworkWeights } from './network-weights.js';

/** Differences named in one message: the first ones tell of what kind they are. */
const NAMED_DIFFERENCES = 3;
/** Names come out of foreign files and may be of any length. */
const NAME_LENGTH = 80;

/** Options of loadNetwork(): whether the network is trained on, and what its dropout draws from. */
export interface LoadNetworkOptions {
  /** Whether the network is to be trained further: false saves the memory of the gradients. Default false. */
  training?: boolean;
  /** The seed of the dropout masks, a whole number of 32 bits. Default 0. */
  seed?: number;
}

/**
 * Builds a network, places it on the device and fills it. The weights must have exactly the network's names and shapes,
 * running statistics included; that is checked before any memory is taken. One tensor at a time is in memory here.
 *
 * @throws WEIGHTS_MISMATCH with the first differences; INVALID_ARGUMENT for an impossible architecture; and what
 * reading the tensors throws. After an error nothing is left on the device.
 */
export async function loadNetwork(
  gpu: Gpu,
  weights: NetworkWeights,
  { training = false, seed = 0 }: LoadNetworkOptions = {},
): Promise<Network> {
  expectWeights(weights);
  const { architecture, tensors } = weights;
  const network = buildNetwork(architecture);
  checkTensors(network, architecture, tensors);
  try {
    network.to(gpu, { seed, training });
    await fillTensors(
      gpu,
      [...network.namedTensors()].map(([name, tensor]) => ({
        tensor,
        async read() {
          const data = await tensors.get(name)!.read();
          if (data.length !== tensor.size) throw wrongLength(name, tensor.size, data.length);
          return data;
        },
      })),
    );
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/**
 * Makes weights to write of a network on a device, the reverse of loadNetwork(); each tensor is read back when asked for. Reading
 * throws STALE_TENSOR when the network is trained between two of them.
 *
 * @throws INVALID_ARGUMENT while the network is on no device, and for one of no known kind
 */
export function networkWeights(network: Network): NetworkWeights {
  return { architecture: architectureOf(network), tensors: network.stateDict() };
}

/** @throws INVALID_ARGUMENT for what are no weights of a network, such as a path or what findNetwork() found */
function expectWeights(weights: NetworkWeights): void {
  if (weights?.tensors instanceof Map && typeof weights.architecture?.kind === 'string') return;
  throw new ShadegradError('INVALID_ARGUMENT', 'weights of a network to load', {
    expected: '{ architecture, tensors }',
    received: described(weights),
    fix: 'pass findNetwork(file).weights, with a file of openWeights(path)',
  });
}

function checkTensors(network: Network, { kind }: NetworkArchitecture, tensors: ReadonlyMap<string, NetworkTensor>): void {
  const differences: string[] = [];
  const own = new Map(network.namedTensors());
  for (const [name, { shape }] of own) {
    const tensor = tensors.get(name);
    if (!tensor) differences.push(`"${name}" is missing`);
    else if (!sameShape(tensor.shape, shape))
      differences.push(`"${name}" is ${formatShape(tensor.shape)} where ${formatShape(shape)} is needed`);
  }
  for (const name of tensors.keys()) if (!own.has(name)) differences.push(`"${name.slice(0, NAME_LENGTH)}" has no place`);
  if (differences.length === 0) return;
  const rest = differences.length - NAMED_DIFFERENCES;
  throw new ShadegradError('WEIGHTS_MISMATCH', `the weights are not those of this ${networkKind(kind).title}`, {
    expected: `${own.size} tensors of its names and shapes`,
    received: differences.slice(0, NAMED_DIFFERENCES).join('; ') + (rest > 0 ? `; and ${rest} more differences` : ''),
    fix: 'give the options of the network that the weights were saved from',
  });
}

function wrongLength(name: string, expected: number, received: number): ShadegradError {
  return new ShadegradError('WEIGHTS_MISMATCH', `contents of "${name}"`, {
    expected: `${expected} numbers`,
    received: `${received} numbers`,
    fix: 'return as many numbers from read() as the shape has',
  });
}
