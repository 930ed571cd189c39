import type { Gpu } from '../gpu/gpu.js';
import type { Storage } from '../gpu/storage.js';
import type { UNet } from '../models/unet.js';
import type { Module } from '../nn/module.js';
import type { Adam } from '../optim/adam.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Pix2Pix } from './pix2pix-step.js';

/** What a checkpoint is made of or restored into: a training run, or a generator to translate with. */
export type CheckpointTarget = Pix2Pix | { readonly generator: UNet };

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

export function isTraining(target: CheckpointTarget): target is Pix2Pix {
  return 'discriminator' in target;
}

/**
 * All tensors of a checkpoint, in the order of the file: `generator.NAME` (parameters, then running statistics) and,
 * for a training run, `discriminator.NAME`, then `generatorOptimizer.firstMoment.NAME`, `.secondMoment.NAME` and
 * likewise `discriminatorOptimizer`; NAME as in Module.namedTensors().
 */
export function checkpointBlocks(target: CheckpointTarget): CheckpointBlock[] {
  const blocks = [...moduleBlocks('generator', target.generator)];
  if (isTraining(target)) {
    blocks.push(...moduleBlocks('discriminator', target.discriminator));
    blocks.push(...momentBlocks('generatorOptimizer', target.generator, target.generatorOptimizer));
    blocks.push(...momentBlocks('discriminatorOptimizer', target.discriminator, target.discriminatorOptimizer));
  }
  return blocks;
}

function* moduleBlocks(prefix: string, module: Module): Generator<CheckpointBlock> {
  yield* windowBlocks(
    prefix,
    module,
    module.memory.windows.map(({ values }) => values),
  );
  for (const [name, { shape, storage, offset }] of module.namedBuffers()) yield [{ name: `${prefix}.${name}`, shape, storage, offset }];
}

function* momentBlocks(prefix: string, module: Module, optimizer: Adam): Generator<CheckpointBlock> {
  yield* windowBlocks(`${prefix}.firstMoment`, module, optimizer.firstMoments);
  yield* windowBlocks(`${prefix}.secondMoment`, module, optimizer.secondMoments);
}

/** @param flats one for each window of the module's memory, laid out like it */
function* windowBlocks(prefix: string, module: Module, flats: readonly Tensor[]): Generator<CheckpointBlock> {
  for (const [index, window] of module.memory.windows.entries()) {
    const { storage, offset: start } = flats[index]!;
    let block: CheckpointTensor[] = [];
    for (const { name, tensor, offset } of window.parameters) {
      const next = { name: `${prefix}.${name}`, shape: tensor.shape, storage, offset: start + offset };
      if (block.length > 0 && blockElements([...block, next]) * 4 > BLOCK_BYTES) {
        yield block;
        block = [];
      }
      block.push(next);
    }
    yield block;
  }
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
