import { PickleWriter } from '../../src/formats/pickle-write.js';
import { OrderedDict, Tuple } from '../../src/formats/pickle-read.js';
import { PythonFloat, type PyTorchWritable, type PyTorchWriteOptions } from '../../src/formats/pytorch-write.js';
import type { StoredDType, StoredTensor } from '../../src/formats/weight-file.js';
import { encodeZip, type ZipRecord } from '../../src/formats/zip-write.js';
import golden from '../goldens/pytorch_files.json';
import { float32, type StoredArray } from './golden.js';
import { collect } from './weights.js';

/** A Python value as the golden has it: an object with one key, which names its type. */
export type Described = string | boolean | null | { readonly [type: string]: unknown };

export interface PyTorchCase {
  readonly name: string;
  readonly torch: string;
  readonly legacy?: boolean;
  readonly bytes: Uint8Array;
  readonly value: Described;
}

const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
export const files: readonly PyTorchCase[] = golden.files.map(({ file, ...rest }) => ({
  ...rest,
  bytes: decode(file),
  value: rest.value as Described,
}));
export const refused = golden.refused.map(({ name, torch, file }) => ({ name, torch, bytes: decode(file) }));
/** Files of the PyTorch writer that torch.load has read, from the described values. */
export const written = (golden.written as { name: string; file: string; options: PyTorchWriteOptions; value: unknown }[]).map(
  ({ file, ...rest }) => ({ ...rest, bytes: decode(file), value: rest.value as Described }),
);

/** What Python's repr writes for a float, as a number. */
function float(text: string): number {
  return text.endsWith('inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}

const pairs = (value: unknown): [Described, Described][] => value as [Described, Described][];

/** Numbers that compare to the bit, unlike 0 and -0. */
const bits = ({ buffer, byteOffset, length }: Float32Array): number[] => [...new Uint32Array(buffer, byteOffset, length)];
const exact = (value: unknown): unknown => (Object.is(value, -0) ? '-0' : value);

/** What is read for a described value; tensors become { dtype, shape, bits }. */
export function expectedValue(value: Described): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [[type, content]] = Object.entries(value).filter(([key]) => key !== 'values') as [[string, unknown]];
  const list = (): unknown[] => (content as Described[]).map(expectedValue);
  const keyed = (): [unknown, unknown][] => pairs(content).map(([key, each]) => [expectedValue(key), expectedValue(each)]);
  switch (type) {
    case 'tensor':
      return { dtype: content, shape: (value.values as StoredArray).shape, bits: bits(float32(value.values as StoredArray)) };
    case 'int':
      return Number.isSafeInteger(Number(content)) ? Number(content) : BigInt(content as string);
    case 'float':
      return exact(float(content as string));
    case 'bytes':
      return { bytes: content };
    case 'list':
      return { list: list() };
    case 'tuple':
      return { tuple: list() };
    case 'dict':
      return { dict: keyed() };
    case 'ordered':
      return { ordered: keyed() };
    default:
      throw new Error(`the golden has a ${type}`);
  }
}

export function isTensor(value: unknown): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'dtype' in value;
}

/** A value that was read, in the form of expectedValue. */
export async function readValue(value: unknown): Promise<unknown> {
  if (isTensor(value)) return { dtype: value.dtype, shape: [...value.shape], bits: bits(await value.read()) };
  if (value instanceof Uint8Array) return { bytes: [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
  if (Array.isArray(value)) {
    const list = [];
    for (const each of value) list.push(await readValue(each));
    return value instanceof Tuple ? { tuple: list } : { list };
  }
  if (value instanceof Map) {
    const list = [];
    for (const [key, each] of value) list.push([key, await readValue(each)]);
    return value instanceof OrderedDict ? { ordered: list } : { dict: list };
  }
  return exact(value);
}

/** A described value for the writer. */
export function writable(value: Described): PyTorchWritable {
  if (typeof value !== 'object' || value === null) return value;
  const [[type, content]] = Object.entries(value).filter(([key]) => key !== 'values') as [[string, unknown]];
  const list = (): PyTorchWritable[] => (content as Described[]).map(writable);
  const keyed = (): [string | number, PyTorchWritable][] =>
    pairs(content).map(([key, each]) => [writable(key) as string | number, writable(each)]);
  switch (type) {
    case 'tensor': {
      const values = float32(value.values as StoredArray);
      return { dtype: content as StoredDType, shape: (value.values as StoredArray).shape, read: async () => values };
    }
    case 'int':
      return BigInt(content as string);
    case 'float':
      return new PythonFloat(float(content as string));
    case 'list':
      return list();
    case 'tuple':
      return Tuple.from(list());
    case 'dict':
      return new Map(keyed());
    case 'ordered':
      return new OrderedDict(keyed());
    default:
      throw new Error(`the writer has no ${type}`);
  }
}

const utf8 = new TextEncoder();
/** Parts of a pickle: operations as numbers, text as it is. */
export const ops = (...parts: (number | string | ArrayLike<number>)[]): Uint8Array => {
  const bytes: number[] = [];
  for (const part of parts) {
    const each = typeof part === 'number' ? [part] : typeof part === 'string' ? utf8.encode(part) : part;
    for (let i = 0; i < each.length; i++) bytes.push(each[i]!);
  }
  return Uint8Array.from(bytes);
};

export const littleEndian = (value: number | bigint, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));

export async function zipOf(...records: [name: string, bytes: Uint8Array | string][]): Promise<Uint8Array> {
  async function* all(): AsyncGenerator<ZipRecord> {
    for (const [name, bytes] of records) yield { name, bytes: typeof bytes === 'string' ? utf8.encode(bytes) : bytes };
  }
  return collect(encodeZip(all()));
}

/** An archive around a pickle, with storages 0, 1 and so on. */
export function archiveOf(pickle: Uint8Array, storages: readonly Uint8Array[] = []): Promise<Uint8Array> {
  return zipOf(
    ['a/data.pkl', pickle],
    ['a/byteorder', 'little'],
    ...storages.map((bytes, key): [string, Uint8Array] => [`a/data/${key}`, bytes]),
    ['a/version', '3\n'],
  );
}

/** The pickle of a value, by the pickle writer. */
export function pickleOf(write: (pickle: PickleWriter) => void): Uint8Array {
  const pickle = new PickleWriter();
  write(pickle);
  return pickle.finish();
}

/** A file of the format before version 1.6 around a pickle. */
export function legacyOf(
  pickle: Uint8Array,
  storages: readonly { count: number; bytes: Uint8Array }[] = [],
  littleEndianMachine = true,
): Uint8Array {
  const magic = ops(0x80, 2, 0x8a, 0x0a, [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19], 0x2e);
  const machine = pickleOf((writer) =>
    writer.dict(() => {
      writer.text('protocol_version');
      writer.int(1001);
      writer.text('little_endian');
      writer.bool(littleEndianMachine);
    }),
  );
  const keys = pickleOf((writer) => writer.list(() => storages.forEach((_, key) => writer.text(String(key)))));
  return ops(
    magic,
    pickleOf((writer) => writer.int(1001)),
    machine,
    pickle,
    keys,
    ...storages.flatMap(({ count, bytes }) => [littleEndian(count, 8), bytes]),
  );
}

/** A pickle of a dictionary with one tensor; every part can be made wrong. */
export function tensorPickle({
  type = 'FloatStorage',
  key = '0',
  count = 6,
  offset = 0,
  shape = [2, 3],
  strides = [3, 1],
}: {
  type?: string;
  key?: string;
  count?: number | bigint;
  offset?: number | bigint;
  shape?: readonly (number | bigint)[];
  strides?: readonly (number | bigint)[];
}): Uint8Array {
  return pickleOf((writer) =>
    writer.dict(() => {
      writer.text('t');
      writer.call('torch._utils', '_rebuild_tensor_v2', () => {
        writer.persistent(() => {
          writer.text('storage');
          writer.global('torch', type);
          writer.text(key);
          writer.text('cpu');
          writer.int(count);
        });
        writer.int(offset);
        writer.tuple(() => shape.forEach((each) => writer.int(each)));
        writer.tuple(() => strides.forEach((each) => writer.int(each)));
        writer.bool(false);
        writer.orderedDict(() => {});
      });
    }),
  );
}
