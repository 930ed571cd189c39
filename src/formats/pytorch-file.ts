import type { ByteSource } from './byte-source.js';
import { OrderedDict, Tuple } from './pickle-read.js';
import type { OpenContainer } from './pytorch-container.js';
import { corrupt, quote, unsupported } from './pytorch-errors.js';
import { TensorRef } from './pytorch-globals.js';
import { isLegacy, openLegacy } from './pytorch-legacy.js';
import { numberCount, storedTensor } from './pytorch-tensor.js';
import { openZipContainer } from './pytorch-zip.js';
import { refuseStranger } from './stranger.js';
import type { StoredTensor, WeightFile } from './weight-file.js';
import { isZip } from './zip-read.js';

/** A key of a Python dictionary that a checkpoint can have, and the simple values. */
export type PyTorchKey = string | number | bigint | boolean | null;

/**
 * A value of a PyTorch checkpoint, what torch.save was given: lists and tuples are arrays (tuples of class Tuple), dictionaries are
 * maps (ordered ones of class OrderedDict) whose keys come in the file's order, whole numbers past 2^53 are bigints.
 */
export type PyTorchValue = PyTorchKey | Uint8Array | StoredTensor | readonly PyTorchValue[] | ReadonlyMap<PyTorchKey, PyTorchValue>;

/** A PyTorch checkpoint: a .pth or .pt file. */
export interface PyTorchFile extends WeightFile {
  /** The format of the file. */
  readonly format: 'pytorch';
  /** What the file is: an archive, or one of the files that PyTorch wrote before version 1.6. */
  readonly container: 'zip' | 'legacy';
  /** Everything in the file; tensors are the leaves, those of `tensors` among them. */
  readonly value: PyTorchValue;
}

const MAX_DEPTH = 100;
const MAX_NAME = 1024;
/** Tensors may share numbers, and repeat them by strides of 0; in all they are at most so many times what is stored. */
const MAX_REPETITION = 4;
const SPARE_NUMBERS = 65_536;
/**
 * Values that a pickle may share, each counted as often as it is reached: so many for each of its bytes, and in all. A
 * list or dictionary takes the room of several.
 */
const MAX_VALUES_PER_BYTE = 10;
const MAX_VALUES = 10_000_000;
const CONTAINER_VALUES = 10;
/** Enough to tell the two containers apart. */
const START_BYTES = 64;

/**
 * Reads a PyTorch checkpoint's structure: archives of version 1.6 and later, and the files of earlier versions. Nothing
 * from the file is executed: its pickle may name and call only what makes tensors, lists and dictionaries.
 *
 * @throws WEIGHTS_CORRUPT for a damaged file, WEIGHTS_UNSUPPORTED for what is no state dictionary: TorchScript, whole
 *   models, other Python objects, big-endian numbers, types without a number in float32
 */
export async function openPyTorch(source: ByteSource): Promise<PyTorchFile> {
  await refuseStranger(source);
  const start = new Uint8Array(Math.min(source.size, START_BYTES));
  await source.read(0, start);
  const opened = isZip(start) ? await openZipContainer(source) : isLegacy(start) ? await openLegacy(source) : refuse(source, start);
  const tree = new Tree(source, opened);
  const value = tree.convert(opened.root, '', 0);
  return { format: 'pytorch', name: source.name, container: opened.container, tensors: tree.tensors, metadata: new Map(), value };
}

function refuse(source: ByteSource, start: Uint8Array): never {
  const first = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  throw corrupt(
    source.name,
    'this is no PyTorch file',
    'a zip archive, or a pickle with the magic number of PyTorch',
    `a file of ${source.size} bytes that begins with ${first}`,
  );
}

/** Turns what the pickle made, which may share parts or contain itself, into a tree of bounded size. */
class Tree {
  readonly tensors = new Map<string, StoredTensor>();
  private values: number;
  private numbers: number;

  constructor(
    private readonly source: ByteSource,
    private readonly opened: OpenContainer,
  ) {
    this.values = Math.min(1000 + MAX_VALUES_PER_BYTE * opened.pickleBytes, MAX_VALUES);
    this.numbers = SPARE_NUMBERS + MAX_REPETITION * opened.storedNumbers;
  }

  /** @param name of the value: the keys that lead to it, with dots between them */
  convert(value: unknown, name: string, depth: number): PyTorchValue {
    this.values -= value instanceof Map || Array.isArray(value) ? CONTAINER_VALUES : 1;
    if (this.values < 0)
      throw this.refusal('it repeats its parts too often', `at most ${MAX_VALUES_PER_BYTE} values for each byte of the pickle`, 'more');
    if (depth > MAX_DEPTH)
      throw this.refusal(
        'its lists and dictionaries are nested too deep',
        `at most ${MAX_DEPTH} deep`,
        'more, or one that contains itself',
      );
    if (value instanceof TensorRef) return this.tensor(value, name);
    if (value instanceof Map) {
      const result = value instanceof OrderedDict ? new OrderedDict<PyTorchKey, PyTorchValue>() : new Map<PyTorchKey, PyTorchValue>();
      for (const [key, each] of value as Map<PyTorchKey, unknown>) result.set(key, this.convert(each, join(name, key), depth + 1));
      return result;
    }
    if (Array.isArray(value)) {
      const result: PyTorchValue[] = value instanceof Tuple ? new Tuple<PyTorchValue>() : [];
      for (let i = 0; i < value.length; i++) result.push(this.convert(value[i], join(name, i), depth + 1));
      return result;
    }
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      throw this.refusal('it holds what is no weights', 'tensors, numbers, strings, lists and dictionaries', quote(value));
    }
    return value as PyTorchKey | Uint8Array;
  }

  private tensor(ref: TensorRef, path: string): StoredTensor {
    const name = path || 'tensor';
    if (name.length > MAX_NAME) throw this.refusal('a tensor has too long a name', `at most ${MAX_NAME} characters`, quote(name));
    if (this.tensors.has(name))
      throw this.refusal(`two tensors are named ${quote(name)}`, 'names that differ', 'the same keys with dots between them');
    this.numbers -= numberCount(ref.shape);
    if (this.numbers < 0) {
      throw this.refusal(
        `tensor ${quote(name)} and those before it repeat their numbers too often`,
        `at most ${MAX_REPETITION} numbers for each that is stored`,
        `shape [${ref.shape.slice(0, 8).join(', ')}]`,
      );
    }
    const tensor = storedTensor(this.source, name, ref, this.opened.storages.get(ref.storage.key)!);
    this.tensors.set(name, tensor);
    return tensor;
  }

  private refusal(what: string, expected: string, received: string): Error {
    return unsupported(this.source.name, what, expected, received);
  }
}

/** Names longer than any tensor's may be are not made longer. */
function join(name: string, key: PyTorchKey): string {
  if (name.length > MAX_NAME) return name;
  return name === '' ? String(key) : `${name}.${String(key)}`;
}
