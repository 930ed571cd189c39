import { ShadegradError } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { decodeNumbers, STORED_DTYPE_BYTES } from './half.js';
import {
  encodeHeader,
  hasUnsafePart,
  headerBytes,
  isObject,
  LENGTH_BYTES,
  parseHeader,
  parseJson,
  quote,
  type SafetensorsDType,
  type SafetensorsTensor,
} from './safetensors.js';
import { refuseStranger } from './stranger.js';
import type { StoredDType, StoredTensor, TensorToWrite, WeightFile } from './weight-file.js';
import { writeNumbers } from './write-numbers.js';

/** The types that weights come in; unsigned ones of several bytes and 8-bit floats do not occur in these networks. */
const STORED_DTYPES: Partial<Record<SafetensorsDType, StoredDType>> = {
  F64: 'f64',
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  I64: 'i64',
  I32: 'i32',
  I16: 'i16',
  I8: 'i8',
  U8: 'u8',
  BOOL: 'bool',
};
const NAMES = new Map(Object.entries(STORED_DTYPES).map(([name, dtype]) => [dtype, name as SafetensorsDType]));
/** Of the index of a model in several files; a million names fit. */
const MAX_INDEX_BYTES = 100_000_000;
const SHARD_NAME = /^[^\\/:\0.][^\\/:\0]*\.safetensors$/;

/**
 * Opens a safetensors file: reads and checks its header, tensors on demand.
 *
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED for a type of numbers that weights do not come in
 */
export async function openSafetensors(source: ByteSource): Promise<WeightFile> {
  const { name: label, size } = source;
  await refuseStranger(source);
  const start = new Uint8Array(Math.min(LENGTH_BYTES, size));
  await source.read(0, start);
  const head = new Uint8Array(headerBytes(start, size, label));
  await source.read(0, head);
  const { tensors, metadata } = parseHeader(head, size, label);
  const stored = new Map(tensors.map((tensor) => [tensor.name, storedTensor(source, tensor)]));
  return { format: 'safetensors', name: label, metadata, tensors: stored };
}

function storedTensor(source: ByteSource, { name, shape, dtype, start, end }: SafetensorsTensor): StoredTensor {
  const stored = STORED_DTYPES[dtype];
  if (stored === undefined) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${source.name}: tensor ${quote(name)} has numbers of type ${dtype}`, {
      expected: [...NAMES.values()].join(', '),
      fix: 'convert the tensor to F32 or F16 in the program that wrote it',
    });
  }
  return {
    name,
    shape,
    dtype: stored,
    async read() {
      const bytes = new Uint8Array(end - start);
      await source.read(start, bytes);
      return decodeNumbers(bytes, stored);
    },
  };
}

/**
 * Opens a model in several safetensors files by its index, `model.safetensors.index.json`: an object whose `weight_map`
 * names the file of each tensor.
 *
 * @param open gives a file of the index's own folder; names with a path in them never get here
 * @throws WEIGHTS_CORRUPT, also when index and files disagree; WEIGHTS_UNSUPPORTED; what `open` throws
 */
export async function openShardedSafetensors(index: ByteSource, open: (name: string) => Promise<ByteSource>): Promise<WeightFile> {
  const { shards, metadata } = await readIndex(index);
  const tensors = new Map<string, StoredTensor>();
  for (const [shard, names] of shards) {
    const file = await openSafetensors(await open(shard));
    for (const [name, tensor] of file.tensors) {
      if (!names.delete(name))
        throw badIndex(
          index,
          `tensor ${quote(name)} of ${quote(shard)}`,
          'a place in the index',
          tensors.has(name) ? 'the index names another file for it' : 'the index does not name it there',
        );
      tensors.set(name, tensor);
    }
    if (names.size > 0) throw badIndex(index, `tensor ${quote([...names][0])}`, `in ${quote(shard)}, as the index says`, 'it is not there');
    for (const [key, value] of file.metadata) if (!metadata.has(key)) metadata.set(key, value);
  }
  return { format: 'safetensors', name: index.name, tensors, metadata };
}

async function readIndex(index: ByteSource): Promise<{ shards: Map<string, Set<string>>; metadata: Map<string, string> }> {
  await refuseStranger(index, { json: true });
  if (index.size > MAX_INDEX_BYTES) throw badIndex(index, 'this is no index', `at most ${MAX_INDEX_BYTES} bytes`, `${index.size} bytes`);
  const bytes = new Uint8Array(index.size);
  await index.read(0, bytes);
  const { weight_map: places, metadata } = parseJson(bytes, index.name);
  if (!isObject(places))
    throw badIndex(index, 'this is no index of safetensors files', 'an object "weight_map" of tensor names and file names', quote(places));
  const shards = new Map<string, Set<string>>();
  for (const [name, shard] of Object.entries(places)) {
    if (typeof shard !== 'string' || !SHARD_NAME.test(shard)) {
      throw badIndex(index, `the file of tensor ${quote(name)}`, 'the name of a .safetensors file in the same folder', quote(shard));
    }
    if (hasUnsafePart(name))
      throw badIndex(index, `tensor ${quote(name)}`, 'a name without "__proto__", "prototype" or "constructor"', quote(name));
    const names = shards.get(shard) ?? new Set();
    shards.set(shard, names.add(name));
  }
  const described = isObject(metadata) ? Object.entries(metadata).filter(([key]) => !hasUnsafePart(key)) : [];
  return { shards, metadata: new Map(described.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)])) };
}

function badIndex({ name }: ByteSource, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${name}: ${what}`, {
    expected,
    received,
    fix: 'copy the index and its files again, from one place',
  });
}

/** Options of encodeSafetensors(): the type of the numbers, and what the file says of itself. */
export interface SafetensorsOptions {
  /** The type of all tensors that have none of their own. Default f32. */
  dtype?: StoredDType;
  /** What the file says of itself in words, by key. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a safetensors file, a tensor at a time. Wide numbers come first, so that all are aligned; apart from
 * that the order is that of `tensors`.
 *
 * @throws INVALID_ARGUMENT for names, shapes and numbers that a file cannot hold, WEIGHTS_UNSUPPORTED for a number past the
 * range of a short type; what the tensors' own read() throws
 */
export async function* encodeSafetensors(
  tensors: Iterable<TensorToWrite & { readonly dtype?: StoredDType }>,
  { dtype: common = 'f32', metadata = {} }: SafetensorsOptions = {},
): AsyncGenerator<Uint8Array> {
  const entries = [...tensors].map((tensor) => ({ tensor, dtype: tensor.dtype ?? common }));
  entries.sort((a, b) => STORED_DTYPE_BYTES[b.dtype] - STORED_DTYPE_BYTES[a.dtype]);
  yield encodeHeader(
    entries.map(({ tensor: { name, shape }, dtype }) => ({ name, shape, dtype: NAMES.get(dtype)! })),
    metadata,
  );
  for (const { tensor, dtype } of entries) yield writeNumbers(await tensor.read(), tensor, dtype);
}
