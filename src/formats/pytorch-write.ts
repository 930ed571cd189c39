import { ShadegradError } from '../errors.js';
import { OrderedDict, Tuple } from './pickle-read.js';
import { PickleWriter } from './pickle-write.js';
import type { PyTorchKey } from './pytorch-file.js';
import { numberCount } from './pytorch-tensor.js';
import type { StoredDType, TensorToWrite } from './weight-file.js';
import { writeNumbers } from './write-numbers.js';
import { encodeZip, type ZipRecord, type ZipWriteOptions } from './zip-write.js';

/** A tensor for a checkpoint. */
export interface PyTorchTensor extends Omit<TensorToWrite, 'name'> {
  /**
   * The type of the numbers where it is to be one of its own, as num_batches_tracked has ('i64'). Whole numbers and truth values keep
   * it whatever the file's type.
   */
  readonly dtype?: StoredDType;
}

/** A Python float: a number that Python gets as a float even if it is whole. */
export class PythonFloat {
  /** Makes a Python float of a number. */
  constructor(
    /** The number. */
    readonly value: number,
  ) {}
}

/**
 * A value that a PyTorch checkpoint can hold: arrays become lists, or tuples if of class Tuple; maps become dictionaries, ordered ones
 * if of class OrderedDict; whole numbers and bigints become ints, other numbers floats.
 */
export type PyTorchWritable =
  | PyTorchKey
  | PythonFloat
  | PyTorchTensor
  | readonly PyTorchWritable[]
  | ReadonlyMap<PyTorchKey, PyTorchWritable>;

/** Options of encodePyTorch(): the type of the numbers, and how the archive is written. */
export interface PyTorchWriteOptions extends ZipWriteOptions {
  /** The type of floating-point tensors; those of a single number stay as they are. By default each keeps its own, or f32. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
}

const STORAGE_NAMES: Readonly<Record<StoredDType, string | null>> = {
  f64: 'DoubleStorage',
  f32: 'FloatStorage',
  f16: 'HalfStorage',
  bf16: 'BFloat16Storage',
  i64: 'LongStorage',
  i32: 'IntStorage',
  i16: 'ShortStorage',
  i8: 'CharStorage',
  u8: 'ByteStorage',
  bool: 'BoolStorage',
  // PyTorch has had unsigned numbers of 16 bits since 2.3 alone, and no storage type of that name.
  u16: null,
};
const FLOATS: ReadonlySet<StoredDType> = new Set<StoredDType>(['f64', 'f32', 'f16', 'bf16']);
/** Of the archive; all versions of PyTorch since 1.6 read it. */
const FORMAT_VERSION = '3\n';
const FOLDER = 'archive';

/**
 * A checkpoint as torch.save writes it, in parts: an archive that torch.load reads, also with weights_only. Tensors are
 * read and written one at a time; a tensor that is there twice is stored once. The same values give the same bytes.
 *
 * @throws INVALID_ARGUMENT for a value that no state dictionary has, a tensor whose numbers do not fill its shape, and
 *   numbers that a tensor's type does not have; WEIGHTS_UNSUPPORTED for a number past the range of a short type
 */
export async function* encodePyTorch(value: PyTorchWritable, options: PyTorchWriteOptions = {}): AsyncGenerator<Uint8Array> {
  yield* encodeZip(records(value, options), options);
}

async function* records(value: PyTorchWritable, { dtype }: PyTorchWriteOptions): AsyncGenerator<ZipRecord> {
  const pickler = new Pickler(dtype);
  pickler.write(value);
  const text = new TextEncoder();
  yield { name: `${FOLDER}/data.pkl`, bytes: pickler.pickle.finish() };
  yield { name: `${FOLDER}/byteorder`, bytes: text.encode('little') };
  for (const [tensor, { key, name }] of pickler.storages) {
    const bytes = writeNumbers(await tensor.read(), { name, shape: tensor.shape }, storedAs(tensor, dtype));
    yield { name: `${FOLDER}/data/${key}`, bytes };
  }
  yield { name: `${FOLDER}/version`, bytes: text.encode(FORMAT_VERSION) };
}

function storedAs({ dtype = 'f32', shape }: PyTorchTensor, wanted: StoredDType | undefined): StoredDType {
  return wanted !== undefined && FLOATS.has(dtype) && shape.length > 0 ? wanted : dtype;
}

function invalid(what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', `${what} to write into a PyTorch file`, {
    expected,
    received,
    fix: `give ${expected}, or leave it out`,
  });
}

class Pickler {
  readonly pickle = new PickleWriter();
  /** Of each tensor, the key of its storage and the keys that lead to it, with dots between them; in the order in which they are met. */
  readonly storages = new Map<PyTorchTensor, { readonly key: string; readonly name: string }>();

  constructor(private readonly dtype: StoredDType | undefined) {}

  /** @param path the keys that lead to the value */
  write(value: PyTorchWritable, path: readonly PyTorchKey[] = []): void {
    if (value === null) this.pickle.none();
    else if (typeof value === 'boolean') this.pickle.bool(value);
    else if (typeof value === 'bigint') this.pickle.int(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') this.pickle.text(value);
    else if (value instanceof PythonFloat) this.pickle.float(value.value);
    else if (Array.isArray(value)) this.items(value as readonly PyTorchWritable[], value instanceof Tuple, path);
    else if (value instanceof Map) this.map(value as ReadonlyMap<PyTorchKey, PyTorchWritable>, path);
    else if (isTensor(value)) this.tensor(value, path);
    else
      throw invalid(
        'a value',
        'a tensor, number, string, truth value, null, array or map',
        `${typeof value} ${Object.prototype.toString.call(value)}`,
      );
  }

  /** A float64 that is whole is a Python int unless it is -0 or so large that it is hardly meant as one. */
  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.pickle.int(value);
    else this.pickle.float(value);
  }

  private items(values: readonly PyTorchWritable[], tuple: boolean, path: readonly PyTorchKey[]): void {
    const write = (): void => values.forEach((value, index) => this.write(value, [...path, index]));
    if (tuple) this.pickle.tuple(write);
    else this.pickle.list(write);
  }

  private map(values: ReadonlyMap<PyTorchKey, PyTorchWritable>, path: readonly PyTorchKey[]): void {
    const write = (): void => {
      for (const [key, value] of values) {
        if (typeof key === 'object' && key !== null) throw invalid('a key of a map', 'a string or a number', typeof key);
        this.write(key);
        this.write(value, [...path, key]);
      }
    };
    if (values instanceof OrderedDict) this.pickle.orderedDict(write);
    else this.pickle.dict(write);
  }

  private tensor(tensor: PyTorchTensor, path: readonly PyTorchKey[]): void {
    const { shape } = tensor;
    const length = numberCount(shape);
    if (!Number.isSafeInteger(length) || shape.some((each) => !Number.isSafeInteger(each) || each < 0))
      throw invalid('the shape of a tensor', 'whole lengths', `[${shape.join(', ')}]`);
    const { key } = this.storages.get(tensor) ?? { key: String(this.storages.size) };
    if (!this.storages.has(tensor)) this.storages.set(tensor, { key, name: path.join('.') || 'tensor' });
    const { pickle } = this;
    const dtype = storedAs(tensor, this.dtype);
    const storage = STORAGE_NAMES[dtype];
    if (storage === null)
      throw invalid(
        'a tensor',
        Object.keys(STORAGE_NAMES)
          .filter((each) => each !== dtype)
          .join(', '),
        dtype,
      );
    pickle.call('torch._utils', '_rebuild_tensor_v2', () => {
      pickle.persistent(() => {
        pickle.text('storage');
        pickle.global('torch', storage);
        pickle.text(key);
        pickle.text('cpu');
        pickle.int(length);
      });
      pickle.int(0);
      pickle.tuple(() => shape.forEach((each) => pickle.int(each)));
      pickle.tuple(() => rowMajorStrides(shape).forEach((each) => pickle.int(each)));
      pickle.bool(false);
      pickle.orderedDict(() => {});
    });
  }
}

function isTensor(value: unknown): value is PyTorchTensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'shape' in value &&
    'read' in value &&
    Array.isArray(value.shape) &&
    typeof value.read === 'function'
  );
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides.unshift(stride);
    stride *= Math.max(1, shape[axis]!);
  }
  return strides;
}
