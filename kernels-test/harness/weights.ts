/** Networks and files of weights for tests, from formulas and in memory. */
import * as assert from 'uvu/assert';
import { bytesSource, joinBytes } from '../../src/formats/byte-source.js';
import type { StoredTensor, WeightFile } from '../../src/formats/weight-file.js';
import { buildNetwork } from '../../src/models/registry.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import type { NetworkWeights } from '../../src/exchange/network/network-weights.js';
import type { Module } from '../../src/nn/module.js';
import { openSafetensors } from '../../src/formats/safetensors-file.js';
import { ShadegradError } from '../../src/errors.js';
import { elementCount } from '../../src/tensor/shape.js';
import { values } from './deterministic.js';

/** How far the numbers of a tensor of a network reach, and what they lie around, as scripts/goldens/network_cases.py has them. */
export function formulaRange(name: string, { length }: readonly number[]): [scale: number, offset: number] {
  if (name.endsWith('running_var')) return [0.5, 1];
  return length > 1 ? [0.1, 0] : [0.2, 0.5];
}

/** Gives a network on a device numbers that follow from the names and PyTorch's layout, as the goldens' scripts have them. */
export async function fillByFormula(network: Module): Promise<void> {
  const tensors = new Map(
    [...network.stateDict({ layout: 'pytorch' })].map(([name, { shape }]) => [
      name,
      { shape, read: async () => values(name, elementCount(shape), ...formulaRange(name, shape)) },
    ]),
  );
  await network.loadStateDict(tensors, { layout: 'pytorch' });
}

/** A network whose every number follows from its tensor's name; variances are positive. */
export function formulaNetwork(architecture: NetworkArchitecture): NetworkWeights {
  const tensors = new Map<string, { shape: readonly number[]; read: () => Promise<Float32Array> }>();
  for (const [name, { shape }] of buildNetwork(architecture).namedTensors()) {
    tensors.set(name, { shape, read: async () => values(name, elementCount(shape), ...formulaRange(name, shape)) });
  }
  return { architecture, tensors };
}

/** A file that was never on a disk. */
export function fileOf(
  tensors: Iterable<Omit<StoredTensor, 'dtype'> & { dtype?: StoredTensor['dtype'] | undefined }>,
  metadata: Record<string, string> = {},
): WeightFile {
  return {
    format: 'safetensors',
    name: 'a file',
    metadata: new Map(Object.entries(metadata)),
    tensors: new Map([...tensors].map(({ name, shape, dtype = 'f32', read }) => [name, { name, shape, dtype, read }])),
  };
}

/** The pieces of a written file as one. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece.slice());
  return joinBytes(parts);
}

export async function openBytes(pieces: AsyncIterable<Uint8Array>, name?: string): Promise<WeightFile> {
  return openSafetensors(bytesSource(await collect(pieces), name));
}

/**
 * Asserts that work fails with an error as users should see it: with a code, what was expected, what came, how to mend it, and these
 * words.
 */
export async function refuses(work: () => unknown, code: string, ...words: RegExp[]): Promise<void> {
  let caught: unknown;
  try {
    await work();
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, ShadegradError, `accepted, or failed with ${String(caught)}`);
  assert.is((caught as ShadegradError).code, code);
  for (const word of [/expected:/, /received:/, /fix:/, ...words]) assert.match((caught as ShadegradError).message, word);
}
