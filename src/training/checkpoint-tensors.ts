import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Storage } from '../gpu/storage.js';
import type { Module } from '../nn/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a checkpoint is made of or restored into: a training run, or networks alone, such as a generator to translate with. */
export interface CheckpointTarget {
  /** What the run trains by; a run of a Trainer has it. Left out, the file does not say. */
  readonly scheme?: { readonly name: string };
  /** The networks, on a device, by name. */
  readonly networks: Readonly<Record<string, Module>>;
  /** The optimisers by name, each of one of the networks. Left out for networks alone. */
  readonly optimizers?: Readonly<Record<string, Optimizer>>;
  /** What is kept beside the networks, by name. */
  readonly state?: Readonly<Record<string, Tensor>>;
}

/** A tensor of a checkpoint and where its numbers are on the device. */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly storage: Storage;
  /** Elements from the start of the storage. */
  readonly offset: number;
}

/** Tensors that follow each other in one storage, to be read back at once. */
export type CheckpointBlock = readonly CheckpointTensor[];

/** A block is full at this size: reads of many megabytes cost nothing extra, and one or two fit in any memory. */
const BLOCK_BYTES = 32 * 1024 * 1024;
/** Under which a file has what a scheme keeps beside its networks. */
export const STATE_PREFIX = 'state';

/** Whether a target is a training run: networks alone have no optimisers. */
export function isTraining({ optimizers }: CheckpointTarget): boolean {
  return optimizers !== undefined && Object.keys(optimizers).length > 0;
}

/** The device of a target. @throws INVALID_ARGUMENT for one of no networks, or of networks on no device */
export function deviceOf({ networks }: CheckpointTarget): Gpu {
  const [network] = Object.values(networks);
  if (network) return network.memory.gpu;
  throw new ShadegradError('INVALID_ARGUMENT', 'networks of a checkpoint', {
    expected: 'at least one network by its name',
    received: 'none',
    fix: 'pass a trainer, or { networks: { generator } }',
  });
}

/**
 * All tensors of a checkpoint, in the order of the file: `NETWORK.NAME` (parameters, then running statistics) of each network;
 * for a training run `state.NAME`, then `OPTIMIZER.STATE.NAME`, such as `generatorOptimizer.firstMoment.NAME`; NAME as in
 * Module.namedTensors().
 */
export function checkpointBlocks({ networks, optimizers = {}, state = {} }: CheckpointTarget): CheckpointBlock[] {
  const blocks = Object.entries(networks).flatMap(([name, network]) => [...moduleBlocks(name, network)]);
  for (const [name, { shape, storage, offset }] of Object.entries(state)) {
    blocks.push([{ name: `${STATE_PREFIX}.${name}`, shape, storage, offset }]);
  }
  for (const [name, optimizer] of Object.entries(optimizers)) blocks.push(...grouped([...stateTensors(name, optimizer)]));
  return blocks;
}

function* moduleBlocks(prefix: string, module: Module): Generator<CheckpointBlock> {
  const parameters = module.memory.windows.flatMap(({ values: { storage, offset: start }, parameters: placed }) =>
    placed.map(({ name, tensor, offset }) => ({ name: `${prefix}.${name}`, shape: tensor.shape, storage, offset: start + offset })),
  );
  yield* grouped(parameters);
  for (const [name, { shape, storage, offset }] of module.namedBuffers()) yield [{ name: `${prefix}.${name}`, shape, storage, offset }];
}

function* stateTensors(prefix: string, optimizer: Optimizer): Generator<CheckpointTensor> {
  for (const { name, shape, whole, offset } of optimizer.statePlaces()) {
    yield { name: `${prefix}.${name}`, shape, storage: whole.storage, offset: whole.offset + offset };
  }
}

/** Neighbours in one storage, in stretches of at most BLOCK_BYTES. */
function* grouped(tensors: readonly CheckpointTensor[]): Generator<CheckpointBlock> {
  let block: CheckpointTensor[] = [];
  for (const tensor of tensors) {
    const [first] = block;
    if (first && (first.storage !== tensor.storage || blockElements([...block, tensor]) * 4 > BLOCK_BYTES)) {
      yield block;
      block = [];
    }
    block.push(tensor);
  }
  if (block.length > 0) yield block;
}

/** Elements from the block's first to its last, those between parameters (for alignment) included. */
function blockElements(block: CheckpointBlock): number {
  const last = block[block.length - 1]!;
  return last.offset + elementCount(last.shape) - block[0]!.offset;
}

/** The numbers of each tensor in the block, as parts of one array. */
export async function readBlock(gpu: Gpu, block: CheckpointBlock): Promise<Float32Array<ArrayBuffer>[]> {
  const { storage, offset: start } = block[0]!;
  const { buffer } = await gpu.read(storage, start * 4, blockElements(block) * 4);
  return block.map(({ shape, offset }) => new Float32Array(buffer, (offset - start) * 4, elementCount(shape)));
}
