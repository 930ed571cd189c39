import { crc32 } from '../../formats/crc32.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { averageName, averagePrefix } from '../../training/averages.js';
import { STATE_PREFIX } from '../../training/checkpoint-tensors.js';
import { parseCheckpointInfo, type TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { CHECKSUMS } from '../../training/checkpoint.js';
import { fitNetwork } from './fit-network.js';
import { factsOf, type NetworkFacts } from './network-facts.js';
import { INFO_KEY } from '../network-file.js';
import type { NetworkArchitecture, NetworkRole } from '../../models/kind.js';
import { NETWORKS } from '../../models/registry.js';
import type { NetworkWeights } from './network-weights.js';

/**
 * What a training checkpoint says of itself.
 *
 * @throws WEIGHTS_CORRUPT for a damaged description, WEIGHTS_UNSUPPORTED for one of another version
 */
export function checkpointInfo({ name, metadata }: WeightFile): TrainingCheckpoint {
  try {
    return parseCheckpointInfo(metadata.get(INFO_KEY), name);
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    throw error.withCode(error.code === 'CHECKPOINT_VERSION' ? 'WEIGHTS_UNSUPPORTED' : 'WEIGHTS_CORRUPT');
  }
}

/**
 * A checkpoint's tensors under one prefix, by the names after it. Each is compared with its checksum when it is read.
 *
 * @throws WEIGHTS_CORRUPT when there are no checksums
 */
export function checkpointTensors({ name: label, tensors }: WeightFile, prefix: string): Map<string, StoredTensor> {
  const table = tensors.get(CHECKSUMS);
  if (table?.dtype !== 'u8' || table.shape.length !== 2 || table.shape[0] !== tensors.size || table.shape[1] !== 4) {
    throw new ShadegradError('WEIGHTS_CORRUPT', `${label}: the checksums are missing`, {
      expected: `a tensor "${CHECKSUMS}", u8 [${tensors.size}, 4]`,
      received: table ? `${table.dtype} [${table.shape.join(', ')}]` : 'none',
      fix: 'use a checkpoint that no other program has rewritten',
    });
  }
  let checksums: Promise<Float32Array> | undefined;
  const result = new Map<string, StoredTensor>();
  // The first checksum is the header's.
  let index = 0;
  for (const [name, tensor] of tensors) {
    const place = 4 * ++index;
    if (!name.startsWith(prefix) || name === CHECKSUMS) continue;
    const read = async (): Promise<Float32Array> => {
      const bytes = await (checksums ??= table.read());
      const values = await tensor.read();
      const expected = new DataView(Uint8Array.from(bytes.subarray(place, place + 4)).buffer).getUint32(0, true);
      if (crc32(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) !== expected) {
        throw new ShadegradError('WEIGHTS_CORRUPT', `${label}: tensor ${quoteName(name)} is damaged`, {
          expected: 'numbers that fit its checksum',
          fix: 'use an earlier checkpoint',
        });
      }
      return values;
    };
    result.set(name.slice(prefix.length), { ...tensor, read });
  }
  return result;
}

/** A network of a training checkpoint. */
export interface CheckpointNetwork extends NetworkFacts {
  readonly name: string;
  readonly role: NetworkRole;
  readonly weights: NetworkWeights;
}

/** The networks of a training checkpoint by name, in its order. */
export function checkpointNetworks(file: WeightFile): CheckpointNetwork[] {
  const { networks, options } = checkpointInfo(file);
  return Object.entries(networks).map(([name, architecture]) => {
    const role = roleOf(architecture, file.name);
    const weights = fitNetwork(architecture, checkpointTensors(file, `${name}.`), 'shadegrad', file.name);
    return { name, role, weights, ...factsOf(architecture, options) };
  });
}

/** The averaged networks of a training checkpoint, by the names that they are asked for by; none where the run averaged none. */
export function averagedNetworks(file: WeightFile): (CheckpointNetwork & { readonly averageOf: string })[] {
  const { networks, options } = checkpointInfo(file);
  return Object.entries(networks).flatMap(([name, architecture]) => {
    const tensors = checkpointTensors(file, `${STATE_PREFIX}.${averagePrefix(name)}`);
    if (tensors.size === 0) return [];
    const weights = fitNetwork(architecture, tensors, 'shadegrad', file.name);
    const role = roleOf(architecture, file.name);
    // Networks of averages are placed by themselves, and draw by no seed of the run.
    const { drawSeed: _, ...facts } = factsOf(architecture, options);
    return [{ name: averageName(name), averageOf: name, role, weights, ...facts }];
  });
}

/** @throws WEIGHTS_UNSUPPORTED for a kind of network that a program has to make known first */
function roleOf({ kind }: NetworkArchitecture, label: string): NetworkRole {
  const row = NETWORKS.find((each) => each.kind === kind);
  if (row) return row.role;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${label} holds a network of a kind that is not known here`, {
    expected: NETWORKS.map((each) => each.kind).join(', '),
    received: quoteName(kind),
    fix: 'make the kind known by registerNetwork() first, in the program that reads the file',
  });
}
