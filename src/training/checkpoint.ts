import type { ByteSource } from '../formats/byte-source.js';
import { crc32 } from '../formats/crc32.js';
import { checkNumbers, findBadNumber, holdsSquares } from '../formats/finite.js';
import {
  encodeHeader,
  headerBytes,
  LENGTH_BYTES,
  parseHeader,
  type SafetensorsEntry,
  type SafetensorsTensor,
} from '../formats/safetensors.js';
import { refuseStranger } from '../formats/stranger.js';
import { ShadegradError } from '../errors.js';
import { OneMoment } from '../gpu/one-moment.js';
import { span } from '../gpu/write-log.js';
import { UploadPace } from '../gpu/upload-pace.js';
import { elementCount } from '../tensor/shape.js';
import { checkFits, type CheckpointExpectations } from './checkpoint-fit.js';
import { describeCheckpoint, parseCheckpointInfo, type TrainingCheckpoint, type TrainingProgress } from './checkpoint-info.js';
import { checkpointBlocks, deviceOf, isTraining, readBlock, type CheckpointTarget } from './checkpoint-tensors.js';
import { placeStepCounts } from './step-counts.js';

/**
 * A checkpoint is a safetensors file. Its metadata holds a TrainingCheckpoint as JSON under "shadegrad"; its tensors
 * are those of checkpointBlocks(), F32, in this library's layout (conv weights [KH][KW][Cin][Cout], transposed ones
 * [KH][KW][Cout][Cin]); the last tensor holds checksums.
 */
const INFO_KEY = 'shadegrad';
/**
 * [tensors + 1][4] bytes: the CRC-32 of everything before the first tensor, then of each tensor before this one, each
 * as four bytes, lowest first. At the end, because a file is written in one pass.
 */
export const CHECKSUMS = '__checksums__';
/** A file is read in pieces of this size; a multiple of 4. */
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * Encodes a checkpoint, piece by piece, so that 686 MB of state never lie in memory at once: pieces of one 32 MB read-back follow each
 * other. No step may run until the last piece is out.
 *
 * @param target a training run, such as a Trainer, or networks alone for a file to translate with
 * @throws STALE_TENSOR when a step runs before the last piece is out: the file would be of two steps; DIVERGED, in place of further
 *   pieces, for weights, statistics or moments that are no finite numbers. Keep the file that was saved before
 */
export async function* encodeCheckpoint(target: CheckpointTarget, progress: TrainingProgress): AsyncGenerator<Uint8Array<ArrayBufferLike>> {
  const blocks = checkpointBlocks(target);
  const gpu = deviceOf(target);
  const moment = new OneMoment(
    'the state of a checkpoint',
    blocks.flat().map(({ storage, offset, shape }) => ({ storage, region: span(offset * 4, elementCount(shape) * 4) })),
  );
  const leftOut = new Map<string, ReadonlyMap<string, number>>();
  for (const [name, optimizer] of Object.entries(target.optimizers ?? {})) leftOut.set(name, await optimizer.leftOutCounts());
  moment.check();
  const contents = async function* (): AsyncGenerator<Float32Array> {
    for (const block of blocks) {
      moment.check();
      yield* await readBlock(gpu, block);
    }
  };
  yield* encodeCheckpointTensors(describeCheckpoint(target, progress, leftOut), blocks.flat(), contents());
}

/**
 * The bytes of a checkpoint whose state comes from anywhere.
 *
 * @param tensors those of checkpointBlocks(), in any order
 * @param contents the numbers of each, in the same order
 * @throws DIVERGED for numbers that are not finite
 */
export async function* encodeCheckpointTensors(
  info: TrainingCheckpoint,
  tensors: readonly Pick<SafetensorsEntry, 'name' | 'shape'>[],
  contents: AsyncIterable<Float32Array>,
): AsyncGenerator<Uint8Array<ArrayBufferLike>> {
  const entries: SafetensorsEntry[] = tensors.map(({ name, shape }) => ({ name, dtype: 'F32', shape }));
  const count = entries.length + 1;
  const header = encodeHeader([...entries, { name: CHECKSUMS, dtype: 'U8', shape: [count, 4] }], { [INFO_KEY]: JSON.stringify(info) });

  const checksums = new DataView(new ArrayBuffer(count * 4));
  let position = 0;
  const sign = (bytes: Uint8Array): Uint8Array => {
    checksums.setUint32(4 * position++, crc32(bytes), true);
    return bytes;
  };
  yield sign(header);
  for await (const values of contents) {
    checkSound(entries[position - 1]!.name, values, info.step);
    yield sign(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  yield new Uint8Array(checksums.buffer);
}

/** A file that nothing could be learned from any more would take the place of one that is good. The rule is that of reading. */
function checkSound(name: string, values: Float32Array, step: number): void {
  const index = findBadNumber(values, holdsSquares(name));
  if (index < 0) return;
  const negative = Number.isFinite(values[index]);
  throw new ShadegradError(
    'DIVERGED',
    `The training diverged by step ${step}: "${name}" has ${negative ? 'a negative mean of squares' : 'numbers that are not finite'}`,
    {
      expected: 'finite numbers in all weights, statistics and moments, and variances of at least 0',
      received: `${values[index]} at element ${index} of ${values.length}`,
      fix: 'train anew, or from an earlier checkpoint, with a lower learning rate',
    },
  );
}

/** A checkpoint whose header is read and checked. */
interface OpenCheckpoint {
  readonly info: TrainingCheckpoint;
  /** All but the checksums, in the order of the file. */
  readonly tensors: readonly SafetensorsTensor[];
  /** CRC-32 by name. */
  readonly checksums: ReadonlyMap<string, number>;
}

/** The readers of formats know a file that cannot be read as WEIGHTS_CORRUPT, or UNSUPPORTED; here it is a checkpoint. */
async function asCheckpoint<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    throw error.withCode('CHECKPOINT_CORRUPT');
  }
}

function openCheckpoint(source: ByteSource): Promise<OpenCheckpoint> {
  return asCheckpoint(() => readOpening(source));
}

async function readOpening(source: ByteSource): Promise<OpenCheckpoint> {
  const { name: label, size } = source;
  await refuseStranger(source);
  const start = new Uint8Array(Math.min(LENGTH_BYTES, size));
  await source.read(0, start);
  const headerPart = new Uint8Array(headerBytes(start, size, label));
  await source.read(0, headerPart);
  const { tensors: all, metadata } = parseHeader(headerPart, size, label);
  const info = parseCheckpointInfo(metadata.get(INFO_KEY), label);

  const tensors = all.slice(0, -1);
  const table = all[all.length - 1];
  if (table?.name !== CHECKSUMS || table.dtype !== 'U8' || table.end - table.start !== 4 * all.length) {
    throw new ShadegradError('CHECKPOINT_CORRUPT', `${label}: the checksums are missing`, {
      expected: `a last tensor "${CHECKSUMS}", U8 [${all.length}, 4]`,
      received: table ? `"${table.name}", ${table.dtype} [${table.shape.join(', ')}]` : 'no tensor at all',
      fix: 'use a checkpoint that no other program has rewritten',
    });
  }
  const bytes = new Uint8Array(4 * all.length);
  await source.read(table.start, bytes);
  const view = new DataView(bytes.buffer);
  checkChecksum(label, 'the header', view.getUint32(0, true), crc32(headerPart));
  return { info, tensors, checksums: new Map(tensors.map(({ name }, index) => [name, view.getUint32(4 * (index + 1), true)])) };
}

function checkChecksum(label: string, what: string, expected: number, received: number): void {
  if (received === expected) return;
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  throw new ShadegradError('CHECKPOINT_CORRUPT', `${label}: ${what} is damaged`, {
    expected: `checksum ${hex(expected)}`,
    received: `checksum ${hex(received)}`,
    fix: 'use an earlier checkpoint; if it happens again, check the disk',
  });
}

/**
 * Reads the description of a checkpoint and checks the header, not the tensors.
 *
 * @throws CHECKPOINT_CORRUPT for a damaged file; CHECKPOINT_VERSION for one of another version
 */
export async function readCheckpointHeader(source: ByteSource): Promise<TrainingCheckpoint> {
  return (await openCheckpoint(source)).info;
}

/**
 * Puts a checkpoint's state into networks of the same architecture that are on a device, Adam's step counts included.
 * Everything is checked before anything is written: after an error the networks are as they were (but for a failing
 * device or disk). Learning rates and the dropout step are the caller's to set, from the info.
 *
 * @param target a training run, such as a Trainer, or networks alone (from a file of either kind)
 * @throws CHECKPOINT_CORRUPT, also for a number that is not finite, by its tensor and index; CHECKPOINT_VERSION;
 * CHECKPOINT_MISMATCH with what differs
 */
export async function restoreCheckpoint(
  source: ByteSource,
  target: CheckpointTarget,
  expectations: CheckpointExpectations = {},
): Promise<TrainingCheckpoint> {
  const { info, tensors, checksums } = await openCheckpoint(source);
  const wanted = checkpointBlocks(target).flat();
  const used = isTraining(target) ? tensors : tensors.filter(({ name }) => ownedBy(target, name));
  checkFits({ label: source.name, info, tensors: used, target, wanted, expectations });

  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(...used.map(({ start, end }) => end - start))));
  await asCheckpoint(async () => {
    for (const tensor of used) await checkTensor(source, tensor, checksums.get(tensor.name)!, piece);
  });

  const gpu = deviceOf(target);
  const byName = new Map(used.map((tensor) => [tensor.name, tensor]));
  const pace = new UploadPace(gpu);
  for (const { name, shape, storage, offset } of wanted) {
    for await (const { bytes, position } of pieces(source, byName.get(name)!, piece)) gpu.write(storage, offset * 4 + position, bytes);
    await pace.wrote(elementCount(shape) * 4);
  }
  await pace.finish();
  for (const [name, optimizer] of Object.entries(target.optimizers ?? {})) {
    placeStepCounts(optimizer, info.optimizers[name]!);
  }
  return info;
}

/** Whether a tensor of a file is one of the target's networks. */
function ownedBy({ networks }: CheckpointTarget, name: string): boolean {
  return Object.keys(networks).some((network) => name.startsWith(`${network}.`));
}

/** Reads a tensor and checks that it is what was saved, and that every number of it can be computed with. */
async function checkTensor(source: ByteSource, tensor: SafetensorsTensor, expected: number, memory: Uint8Array): Promise<void> {
  let checksum = 0;
  let unusable: unknown = null;
  for await (const { bytes, position } of pieces(source, tensor, memory)) {
    checksum = crc32(bytes, checksum);
    try {
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      if (unusable === null) checkNumbers(values, { label: source.name, name: tensor.name, shape: tensor.shape, start: position / 4 });
    } catch (error) {
      unusable = error;
    }
  }
  // What is damaged says nothing of its numbers.
  checkChecksum(source.name, `tensor "${tensor.name}"`, expected, checksum);
  if (unusable !== null) throw unusable;
}

/** A tensor's bytes in order, each piece in the memory of the one before. */
async function* pieces(
  source: ByteSource,
  { start, end }: SafetensorsTensor,
  memory: Uint8Array,
): AsyncGenerator<{ bytes: Uint8Array; position: number }> {
  for (let position = 0; position < end - start; position += memory.length) {
    const bytes = memory.subarray(0, Math.min(memory.length, end - start - position));
    await source.read(start + position, bytes);
    yield { bytes, position };
  }
}
