import { Callable, OrderedDict, setItem, Tuple, type PickleRules } from './pickle-read.js';
import { corrupt, quote, unsupported } from './pytorch-errors.js';
import type { StoredDType } from './weight-file.js';

/** A storage as a pickle refers to it: numbers that lie elsewhere in the file. Views share one. */
export interface StorageRef {
  readonly key: string;
  readonly dtype: StoredDType;
  /** Numbers of the whole storage. */
  readonly length: number;
}

/** A tensor as a pickle describes it; offset and strides count numbers of the storage. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A type of storage that a pickle names. */
class StorageType {
  constructor(
    readonly name: string,
    readonly dtype: StoredDType | null,
  ) {}
}

/** A class that a pickle may name beside the tensor it describes. */
class TensorType {
  constructor(readonly name: string) {}
}

/** A storage, or a part of one, on the pickle's stack. */
class StorageView {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly length: number,
  ) {}
}

const STORAGE_DTYPES: Readonly<Record<string, StoredDType>> = {
  DoubleStorage: 'f64',
  FloatStorage: 'f32',
  HalfStorage: 'f16',
  BFloat16Storage: 'bf16',
  LongStorage: 'i64',
  IntStorage: 'i32',
  ShortStorage: 'i16',
  CharStorage: 'i8',
  ByteStorage: 'u8',
  BoolStorage: 'bool',
};
const TENSOR_TYPES = new Set(['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.Parameter']);
/** Names of number types, which some checkpoints keep among their options: read as the name. */
const DTYPE_NAME =
  /^torch\.(float|double|half|int|long|short|bool|u?int(8|16|32|64)|bfloat16|float(16|32|64)|complex(32|64|128)|float[48]_\w{1,20})$/;
/** A storage without a type, counted in bytes: the tensor says the type, if it is one that has no storage type. */
const UNTYPED_STORAGE = 'UntypedStorage';
/** What else PyTorch keeps in pickles, in words for the error. */
const KNOWN_OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^torch\._utils\._rebuild_(qtensor|quantized)/, 'a tensor is quantized'],
  [/^torch\._utils\._rebuild_(sparse|nested)|^torch\.serialization\._get_layout$/, 'a tensor is sparse or nested'],
  [/^numpy\b/, 'it holds arrays or numbers of numpy'],
  [/^(torch\.nn\.modules|torchvision\.models)\./, 'this is a whole model, which only its own program can make'],
];
/** No name of PyTorch is half as long. */
const MAX_NAME = 200;
/** conj and neg. */
const MAX_FLAGS = 8;
/** PyTorch's own limit. */
const MAX_AXES = 64;

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isCounts = (value: unknown): value is readonly number[] => Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount);

/** What pickles of PyTorch may name and refer to: what a state dictionary consists of, and nothing that acts. */
export class PyTorchRules implements PickleRules {
  /** By key, every storage that the pickle refers to. */
  readonly storages = new Map<string, StorageRef>();
  /** Values and characters that calls may still copy: each takes a byte of the pickle, unless it hands one list to many calls. */
  private copies: number;
  private readonly callables: ReadonlyMap<string, Callable>;

  /** @param viewsAllowed whether references may name parts of storages: those of legacy files have a sixth field for it */
  constructor(
    readonly label: string,
    private readonly viewsAllowed: boolean,
    pickleBytes: number,
  ) {
    this.copies = pickleBytes;
    const functions: Record<string, (args: readonly unknown[]) => unknown> = {
      'collections.OrderedDict': (args) => this.orderedDict(args),
      'collections.Counter': (args) => this.counter(args),
      'torch.Size': (args) => this.size(args),
      'torch.device': ([type, index]) => this.device(type, index),
      '_codecs.encode': (args) => this.bytes(args),
      'torch._utils._rebuild_tensor': (args) => this.tensor(args, 4, 4),
      'torch._utils._rebuild_tensor_v2': (args) => this.tensor(args, 6, 7),
      'torch._utils._rebuild_tensor_v3': (args) => this.typedTensor(args),
      'torch._utils._rebuild_parameter': (args) => this.parameter(args, 3),
      'torch._utils._rebuild_parameter_with_state': (args) => this.parameter(args, 4),
      'torch._tensor._rebuild_from_type_v2': (args) => this.fromType(args),
      'torch._tensor._rebuild_from_type': (args) => this.fromType(args),
      'torch.tensor._rebuild_from_type': (args) => this.fromType(args),
    };
    this.callables = new Map(Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]));
  }

  global(name: string): unknown {
    if (name.length > MAX_NAME) throw this.refusal(name, 'it names what is no weights');
    const callable = this.callables.get(name);
    if (callable) return callable;
    const storage = /^torch\.(?:cuda\.|storage\.)?(\w+Storage)$/.exec(name)?.[1];
    if (storage === UNTYPED_STORAGE) return new StorageType(name, 'u8');
    if (storage !== undefined) return new StorageType(name, Object.hasOwn(STORAGE_DTYPES, storage) ? STORAGE_DTYPES[storage]! : null);
    if (TENSOR_TYPES.has(name)) return new TensorType(name);
    if (DTYPE_NAME.test(name)) return name;
    throw this.refusal(name, KNOWN_OTHERS.find(([pattern]) => pattern.test(name))?.[1] ?? 'it holds Python objects that are no weights');
  }

  private refusal(name: string, what: string): Error {
    return unsupported(
      this.label,
      what,
      'tensors, numbers, strings, lists and dictionaries',
      `${quote(name)}, which is not called: it could be a program`,
    );
  }

  persistent(id: unknown): StorageView {
    const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
    if (kind !== 'storage') throw unsupported(this.label, 'it refers to what is no storage of numbers', 'state dictionaries', quote(kind));
    if (!(type instanceof StorageType)) throw this.bad('the type of a storage', 'a storage type', quote(type));
    if (type.dtype === null)
      throw unsupported(this.label, 'a tensor has numbers of another type', Object.keys(STORAGE_DTYPES).join(', '), quote(type.name));
    const named = typeof key === 'string' || isCount(key);
    if (!named || !isCount(length)) throw this.bad('a storage', 'a key and a length', `${quote(key)} and ${quote(length)}`);
    const storage = this.storage(String(key), type.dtype, length);
    return view === undefined || view === null ? new StorageView(storage, 0, length) : this.part(storage, view);
  }

  storedNumbers(): number {
    let sum = 0;
    for (const { length } of this.storages.values()) sum += length;
    return sum;
  }

  private countCopies(count: number): void {
    this.copies -= count;
    if (this.copies < 0)
      throw unsupported(this.label, 'it repeats its parts too often', 'each list and text once', 'many calls with the same');
  }

  private bad(what: string, expected: string, received: string): Error {
    return corrupt(this.label, `${what} cannot be read`, expected, received);
  }

  private storage(key: string, dtype: StoredDType, length: number): StorageRef {
    const known = this.storages.get(key);
    if (!known) {
      const storage = { key, dtype, length };
      this.storages.set(key, storage);
      return storage;
    }
    if (known.dtype !== dtype || known.length !== length) {
      throw this.bad(`storage ${quote(key)}`, `${known.length} numbers of type ${known.dtype}, as before`, `${length} of type ${dtype}`);
    }
    return known;
  }

  private part(storage: StorageRef, view: unknown): StorageView {
    const [, offset, length] = Array.isArray(view) ? view : [];
    if (!this.viewsAllowed || !isCount(offset) || !isCount(length) || offset + length > storage.length) {
      throw this.bad(
        `a part of storage ${quote(storage.key)}`,
        `one within ${storage.length} numbers`,
        `${quote(length)} numbers from ${quote(offset)} on`,
      );
    }
    return new StorageView(storage, offset, length);
  }

  private tensor(args: readonly unknown[], fewest: number, most: number): TensorRef {
    const [view, offset, shape, strides, , , flags] = args;
    if (args.length < fewest || args.length > most || !(view instanceof StorageView))
      throw this.bad('a tensor', 'a storage and how it lies in it', `${quote(view)} among ${args.length} arguments`);
    if (flags instanceof Map && (flags.size > MAX_FLAGS || [...flags.values()].some((flag) => flag !== false))) {
      throw unsupported(this.label, 'a tensor is conjugate or negated', 'plain tensors', quote(flags.keys().next().value));
    }
    if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || strides.length !== shape.length) {
      throw this.bad(
        "a tensor's shape",
        `offset, lengths and strides of at most ${MAX_AXES} axes`,
        `${quote(offset)}, ${quote(shape)}, ${quote(strides)}`,
      );
    }
    const count = shape.reduce((product, length) => product * length, 1);
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
    if (!Number.isSafeInteger(count) || (count > 0 && !(last < view.length))) {
      throw this.bad(
        `a tensor of shape [${shape.slice(0, 8).join(', ')}]`,
        `one within the ${view.length} numbers of its storage`,
        `its last number is number ${last}`,
      );
    }
    return new TensorRef(view.storage, view.offset + offset, [...shape], [...strides]);
  }

  /** A tensor of a type that has no type of storage, by version 2.3 and later. */
  private typedTensor(args: readonly unknown[]): TensorRef {
    const [view, offset, shape, strides, gradient, hooks, dtype, flags] = args;
    if (typeof dtype !== 'string' || args.length > 8 || !(view instanceof StorageView))
      throw this.bad('a tensor', 'a storage, how it lies in it and a type', `${args.length} arguments`);
    if (dtype !== 'torch.uint16')
      throw unsupported(
        this.label,
        'a tensor has numbers of another type',
        [...Object.keys(STORAGE_DTYPES), 'torch.uint16'].join(', '),
        quote(dtype),
      );
    const { key, dtype: stored, length } = view.storage;
    if (stored !== 'u8' || length % 2 !== 0 || view.length !== length)
      throw this.bad('a tensor of type torch.uint16', 'a storage of whole numbers', `${length} of type ${stored}`);
    const numbers = new StorageView({ key, dtype: 'u16', length: length / 2 }, 0, length / 2);
    return this.tensor([numbers, offset, shape, strides, gradient, hooks, ...(flags === undefined ? [] : [flags])], 6, 7);
  }

  private parameter(args: readonly unknown[], count: number): TensorRef {
    const [data] = args;
    if (args.length !== count || !(data instanceof TensorRef)) throw this.bad('a parameter', 'a tensor', quote(data));
    return data;
  }

  /** A tensor with attributes of its own, which are dropped. */
  private fromType([make, type, args]: readonly unknown[]): TensorRef {
    if (!(type instanceof TensorType))
      throw unsupported(this.label, 'a tensor is of a class of its own', [...TENSOR_TYPES].join(', '), quote(type));
    const known = make instanceof Callable && /^torch\._utils\._rebuild_(tensor|parameter)/.test(make.name);
    const tensor = known && args instanceof Tuple ? make.call(args) : null;
    if (!(tensor instanceof TensorRef)) throw this.bad('a tensor with attributes', 'a tensor', quote(make));
    return tensor;
  }

  private orderedDict([items = [], ...rest]: readonly unknown[]): OrderedDict {
    if (!Array.isArray(items) || rest.length > 0) throw this.bad('a dictionary', 'a list of its items', quote(items));
    this.countCopies(items.length);
    const result = new OrderedDict();
    for (const item of items) {
      if (!Array.isArray(item) || item.length !== 2) throw this.bad('an item of a dictionary', 'a key and a value', quote(item));
      setItem(result, item[0], item[1], this.label);
    }
    return result;
  }

  private counter([counts = new Map(), ...rest]: readonly unknown[]): Map<unknown, unknown> {
    if (!(counts instanceof Map) || rest.length > 0) throw this.bad('a counter', 'a dictionary', quote(counts));
    return counts;
  }

  private size([lengths = [], ...rest]: readonly unknown[]): unknown {
    if (!isCounts(lengths) || rest.length > 0) throw this.bad('a shape', `whole numbers, at most ${MAX_AXES}`, quote(lengths));
    return lengths;
  }

  private device(type: unknown, index: unknown): string {
    if (typeof type !== 'string' || !(index === undefined || isCount(index)))
      throw this.bad('a device', 'a type and a number', `${quote(type)} and ${quote(index)}`);
    return index === undefined ? type : `${type}:${index}`;
  }

  /** How protocol 2 writes bytes: as text whose characters are the bytes. */
  private bytes([text, encoding]: readonly unknown[]): Uint8Array {
    if (typeof text !== 'string' || encoding !== 'latin1')
      throw this.bad('bytes', 'text in latin1', `${quote(text)} in ${quote(encoding)}`);
    this.countCopies(text.length);
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }
}
