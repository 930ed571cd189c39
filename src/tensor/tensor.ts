import { makeDisposable } from '../gpu/disposable.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Scoped } from '../gpu/scope.js';
import type { Binding, Storage } from '../gpu/storage.js';
import { span as wholeSpan, type Region, type Write } from '../gpu/write-log.js';
import { bytesOf, expectCount, wordsOf, type Numbers } from './contents.js';
import { decodeHalves } from './halves.js';
import { checkShape, elementCount, formatShape, inferredShape, sameShape, type Shape } from './shape.js';

declare global {
  // Not in the libraries of ES2022; the same as in those that have it.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/**
 * The type of a tensor's elements. `f32` is what is computed with. `f16` holds the same numbers in half the bytes, with 11 binary digits
 * instead of 24 and up to 65,504: kernels read and write it and compute in f32; cast() makes it. `i32` is for labels and indices: what
 * counts or points, never what is computed with. `u8` is for images on their way to the device: four to a 32-bit word, read by the image
 * kernels alone.
 */
export type DType = 'f32' | 'f16' | 'i32' | 'u8';

const BYTES: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u8: 1 };

/** Bytes that so many elements take, in whole words. */
export const bytesFor = (dtype: DType, elements: number): number => Math.ceil((elements * BYTES[dtype]) / 4) * 4;

/** WebGPU's largest minStorageBufferOffsetAlignment. */
const ALIGNMENT = 256;

/** Elements of a row: the length of the last axis, or 1 for a scalar. */
const lastAxis = (shape: Shape): number => shape[shape.length - 1] ?? 1;

const dtypeOf = (data: Float32Array | Int32Array): DType => (data[Symbol.toStringTag] === 'Int32Array' ? 'i32' : 'f32');

/**
 * Checks that kernels can read and write 16-bit numbers.
 *
 * @throws NO_ADAPTER where the adapter has no `shader-f16`
 */
export function expectHalf({ features }: Gpu): void {
  if (features.has('shader-f16')) return;
  throw new ShadegradError('NO_ADAPTER', 'half precision on an adapter without it', {
    expected: 'the WebGPU feature "shader-f16"',
    received: [...features].join(', ') || 'no features',
    fix: 'choose another adapter ("shadegrad doctor" lists their features), or compute in f32: --precision f32',
  });
}

/** How a tensor came about; filled in by autograd, opaque here. */
export interface Origin {
  readonly op: string;
}

/** Where autograd keeps a leaf's gradient, whether there is one now or not. */
export interface GradientPlace {
  readonly tensor: Tensor;
}

/**
 * What autograd does with a view that a method made: ties it to the tensor it is a view of, so that the gradient flows on.
 * Autograd puts its functions here when it is loaded; before that no tensor can have a gradient.
 */
export const viewTracking = {
  sliceChannels: (_x: Tensor, view: Tensor, _start: number, _end: number): Tensor => view,
  reshape: (_x: Tensor, view: Tensor): Tensor => view,
};

interface TensorParts {
  gpu: Gpu;
  storage: Storage;
  shape: Shape;
  dtype?: DType;
  offset?: number;
  rowStride?: number;
  /** What errors call it. Default: the label of its storage. */
  label?: string;
}

/**
 * A tensor: a block of numbers on the device, like PyTorch's and TensorFlow.js's. The last axis is contiguous; the axes before it
 * form rows, which may lie apart, so that a tensor can be a range of the channels of a wider one. Made by `Tensor.from()`, by
 * `zeros()` and its like, and by operations; freed by `gpu.scope()`, by `using`, or by `dispose()`.
 *
 * ```ts
 * const x = Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
 * console.log(await x.mul(2).data());      // [2, 4, 6, 8]
 * ```
 */
export class Tensor implements Scoped {
  /** The Gpu that the tensor lies on. */
  readonly gpu: Gpu;
  /** What errors call the tensor. */
  readonly label: string;
  /** Lengths of the axes, outermost first; empty for a tensor of one number without axes. */
  readonly shape: Shape;
  /** The type of the elements. */
  readonly dtype: DType;
  /** The memory, which views share. @internal */
  readonly storage: Storage;
  /** Elements from the start of the storage to the first element. @internal */
  readonly offset: number;
  /** Elements from one row to the next. @internal */
  readonly rowStride: number;
  /** Whether gradients flow to (leaf) or through (result) this tensor. */
  requiresGrad = false;
  /** The gradient that backward() has left, of the tensor's shape, for leaves that require one; null when there is none. */
  grad: Tensor | null = null;
  /** @internal */
  origin: Origin | null = null;
  /** @internal */
  gradientPlace: GradientPlace | null = null;
  /** Whether the memory was given back: using the tensor is an error then. */
  disposed = false;

  /** Not for programs, whose compilers refuse every argument: `Tensor.from()`, `zeros()` and operations make tensors. @hidden */
  constructor(parts: never);
  /** Takes over one reference to `storage`. @internal */
  constructor(parts: TensorParts);
  constructor({ gpu, storage, shape, dtype = 'f32', offset = 0, rowStride, label }: TensorParts) {
    checkShape(shape, storage.label);
    if (dtype === 'f16') expectHalf(gpu);
    this.gpu = gpu;
    this.label = label ?? storage.label;
    this.storage = storage;
    this.shape = Object.freeze([...shape]);
    this.dtype = dtype;
    this.offset = offset;
    this.rowStride = rowStride ?? lastAxis(shape);
    gpu.liveTensors++;
    gpu.scopes.add(this);
  }

  /**
   * Makes a tensor with undefined contents, for a kernel to write; torch.empty.
   *
   * @param label what errors call the tensor
   * @throws INVALID_ARGUMENT for a shape that is none; LIMIT_EXCEEDED for more than one buffer of the adapter holds
   */
  static empty(gpu: Gpu, shape: Shape, label = 'tensor', dtype: DType = 'f32'): Tensor {
    checkShape(shape, label);
    return new Tensor({ gpu, shape, dtype, storage: gpu.allocate(bytesFor(dtype, elementCount(shape)), label) });
  }

  /**
   * Makes a tensor of numbers, in row-major order: an i32 tensor of an Int32Array, else an f32 tensor; NaN and infinity are numbers,
   * too. torch.tensor, tf.tensor.
   *
   * @param label what errors call the tensor
   * @throws SHAPE_MISMATCH when their count does not fit the shape; INVALID_ARGUMENT for what is no list of numbers
   */
  static from(gpu: Gpu, numbers: Numbers, shape: Shape, label = 'tensor'): Tensor {
    checkShape(shape, label);
    const data = wordsOf(numbers, label);
    expectCount(data, 'numbers', shape, label, 'make the shape and the data agree');
    const dtype = dtypeOf(data);
    const tensor = new Tensor({ gpu, shape, dtype, storage: gpu.allocatePersistent(data.length * 4, label) });
    tensor.write(data);
    return tensor;
  }

  /**
   * Makes a u8 tensor of bytes such as pixels, in row-major order, for imageToFloat() and the other image kernels.
   *
   * @param label what errors call the tensor
   * @throws SHAPE_MISMATCH when their count does not fit the shape; INVALID_ARGUMENT for what is no list of bytes
   */
  static fromBytes(gpu: Gpu, bytes: Uint8Array | Uint8ClampedArray | readonly number[], shape: Shape, label = 'bytes'): Tensor {
    checkShape(shape, label);
    const data = bytesOf(bytes, label);
    expectCount(data, 'bytes', shape, label, 'make the shape and the data agree');
    const tensor = new Tensor({ gpu, shape, dtype: 'u8', storage: gpu.allocatePersistent(Math.ceil(data.length / 4) * 4, label) });
    tensor.writeBytes(data);
    return tensor;
  }

  /** The number of elements: the product of all axes. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** The length of the last axis; 1 for a tensor without axes. */
  get channels(): number {
    return lastAxis(this.shape);
  }

  /** The number of rows: the product of all axes but the last. */
  get rows(): number {
    return this.size / this.channels;
  }

  /** Whether the rows follow each other without gaps; false for a range of the channels of a wider tensor. */
  get contiguous(): boolean {
    return this.rowStride === this.channels || this.rows === 1;
  }

  /** True if every row starts on a multiple of four elements and is a multiple of four long. @internal */
  get vectorizable(): boolean {
    return this.channels % 4 === 0 && this.offset % 4 === 0 && (this.rowStride % 4 === 0 || this.rows === 1);
  }

  /** Elements from the start of the binding to the first element: what the 256-byte alignment left over. @internal */
  get base(): number {
    return this.offset % (ALIGNMENT / BYTES[this.dtype]);
  }

  /**
   * The memory as a kernel reads it: a binding for gpu.dispatch().
   *
   * @param dtype what the kernel takes the elements for
   * @throws USE_AFTER_FREE; INVALID_ARGUMENT when the tensor is of another type
   */
  read(dtype: DType = 'f32'): Binding {
    return this.binding('read', dtype);
  }

  /**
   * The memory as a kernel writes it: a binding for gpu.dispatch().
   *
   * @param dtype what the kernel writes
   * @throws USE_AFTER_FREE; INVALID_ARGUMENT when the tensor is of another type
   */
  written(dtype: DType = 'f32'): Binding {
    return this.binding('write', dtype);
  }

  private binding(access: 'read' | 'write', dtype: DType): Binding {
    this.assertLive();
    if (dtype !== this.dtype) {
      throw new ShadegradError('INVALID_ARGUMENT', `"${this.label}" has the wrong type for a kernel`, {
        expected: dtype,
        received: this.dtype,
        fix:
          this.dtype === 'f16'
            ? "convert it with cast(x, 'f32') first"
            : dtype === 'f32'
              ? 'convert images with imageToFloat() first'
              : 'make bytes with Tensor.fromBytes() or floatToImage()',
      });
    }
    const width = BYTES[this.dtype];
    const offset = (this.offset - this.base) * width;
    const span = (this.base + (this.rows - 1) * this.rowStride + this.channels) * width;
    return { storage: this.storage, offset, bytes: Math.ceil(span / 4) * 4, access, region: this.region };
  }

  /** The bytes of the storage that the elements lie in. @internal */
  get region(): Region {
    const width = BYTES[this.dtype];
    if (this.contiguous) return wholeSpan(this.offset * width, this.size * width);
    return { start: this.offset * width, rows: this.rows, length: this.channels * width, stride: this.rowStride * width };
  }

  /** The latest write to any element after a time of `writeTime()`; null if there was none. @internal */
  writtenSince(time: number): Write | null {
    return this.storage.writtenSince(time, this.region);
  }

  /**
   * Runs `body` while the elements are read from the memory of another tensor, which lies like this one, as a whole, and holds the same.
   * @internal
   */
  readFrom<T>(made: Tensor, body: () => T): T {
    const alike = made.dtype === this.dtype && made.contiguous && this.contiguous && made.offset === 0 && this.offset === 0;
    if (!alike || made.size !== this.size) throw new Error(`"${this.label}" is read from "${made.label}", which lies otherwise`);
    const { storage: other } = made;
    const place = this as { storage: Storage };
    const { storage } = place;
    place.storage = other;
    try {
      return body();
    } finally {
      place.storage = storage;
    }
  }

  /** @internal */
  storages(): Storage[] {
    return [this.storage];
  }

  /**
   * The channels from `start` to before `end`, numbers of the last axis, as a view that shares this tensor's memory. Gradients flow
   * through it. x[..., start:end] in PyTorch.
   *
   * @throws INVALID_ARGUMENT for channels that are not there; USE_AFTER_FREE
   */
  sliceChannels(start: number, end: number): Tensor {
    return viewTracking.sliceChannels(this, this.channelView(start, end), start, end);
  }

  /** The view of `sliceChannels()` as kernels take it: no gradient flows through it. @internal */
  channelView(start: number, end: number): Tensor {
    this.assertLive();
    const most = this.shape.length === 0 ? 0 : this.channels;
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= most)) {
      throw new ShadegradError('INVALID_ARGUMENT', `channels of "${this.label}" to slice`, {
        expected: most === 0 ? 'a tensor with axes' : `0 <= start < end <= ${most}`,
        received: `start ${start}, end ${end}${most === 0 ? ', of shape []' : ''}`,
        fix: 'slice within the channels that are there',
      });
    }
    const { gpu, label, storage, dtype, offset, rowStride } = this;
    const shape = [...this.shape.slice(0, -1), end - start];
    return new Tensor({ gpu, label, storage: storage.retain(), shape, dtype, offset: offset + start, rowStride });
  }

  /**
   * Gives the same numbers another shape, as a view that shares this tensor's memory; torch.Tensor.view. One length may be -1, for what
   * is left of the elements, as in `x.reshape([2, -1])`. Only the axes before the last may be regrouped unless the tensor is contiguous.
   * Gradients flow through it.
   *
   * @throws SHAPE_MISMATCH for another number of elements, or rows that cannot be regrouped; INVALID_ARGUMENT; USE_AFTER_FREE
   */
  reshape(shape: Shape): Tensor {
    return viewTracking.reshape(this, this.viewAs(shape));
  }

  /** The view of `reshape()` as kernels take it: no gradient flows through it. @internal */
  viewAs(wanted: Shape): Tensor {
    this.assertLive();
    const shape = inferredShape(wanted, this.size, this.label);
    checkShape(shape, this.label);
    const keepsRows = this.contiguous || lastAxis(shape) === this.channels;
    if (elementCount(shape) !== this.size || !keepsRows) {
      throw new ShadegradError('SHAPE_MISMATCH', `reshape of "${this.label}"`, {
        expected: `${this.size} elements${this.contiguous ? '' : ` and a last axis of ${this.channels}`}`,
        received: formatShape(shape),
        fix: this.contiguous ? 'choose axes with the same product' : 'copy the channel slice first',
      });
    }
    const { gpu, label, storage, dtype, offset } = this;
    const rowStride = this.contiguous ? lastAxis(shape) : this.rowStride;
    return new Tensor({ gpu, label, storage: storage.retain(), shape, dtype, offset, rowStride });
  }

  /** A second handle on the same memory, through which no gradient flows; torch.Tensor.detach. @throws USE_AFTER_FREE */
  detach(): Tensor {
    this.assertLive();
    const { gpu, storage, shape, dtype, offset, rowStride, label } = this;
    return new Tensor({ gpu, storage: storage.retain(), shape, dtype, offset, rowStride, label });
  }

  /**
   * Overwrites the contents: an Int32Array those of an i32 tensor, other numbers those of an f32 one.
   * @throws SHAPE_MISMATCH when their count or type is not the tensor's; INVALID_ARGUMENT for what is no list of numbers
   */
  write(numbers: Numbers): void {
    this.assertLive();
    const data = wordsOf(numbers, this.label);
    const dtype = dtypeOf(data);
    if (data.length !== this.size || !this.contiguous || this.dtype !== dtype) {
      throw new ShadegradError('SHAPE_MISMATCH', `contents of "${this.label}"`, {
        expected: `${this.size} ${this.dtype} numbers, of shape ${formatShape(this.shape)}, for a tensor that is no channel slice`,
        received: `${data.length} ${dtype} numbers${this.contiguous ? '' : ', for a channel slice'}`,
        fix: 'write as many numbers as the tensor holds, of its type: an Int32Array is i32, other numbers are f32',
      });
    }
    this.gpu.write(this.storage, this.offset * 4, data);
  }

  /**
   * Overwrites a u8 tensor's contents.
   * @throws SHAPE_MISMATCH when their count is not the tensor's; INVALID_ARGUMENT for another tensor, or what is no list of bytes
   */
  writeBytes(bytes: Uint8Array | Uint8ClampedArray | readonly number[]): void {
    this.assertLive();
    this.expectBytes();
    const data = bytesOf(bytes, this.label);
    expectCount(data, 'bytes', this.shape, this.label, 'write as many bytes as the tensor holds');
    let words = data;
    if (data.length % 4 !== 0) {
      words = new Uint8Array(Math.ceil(data.length / 4) * 4);
      words.set(data);
    }
    this.gpu.write(this.storage, this.offset, words);
  }

  /**
   * Reads the numbers of an f32 or f16 tensor back, in row-major order. Resolves when the device has computed them.
   *
   * @throws INVALID_ARGUMENT for another type; USE_AFTER_FREE; RECORDING inside a recorded function; what went wrong on the device
   */
  async data(): Promise<Float32Array<ArrayBuffer>> {
    if (this.dtype === 'f16') return decodeHalves(new Uint16Array(await this.readElements()));
    return new Float32Array(await this.readWords('data()', 'f32'));
  }

  /** Reads the whole numbers of an i32 tensor back, in row-major order. @throws as data(): INVALID_ARGUMENT, USE_AFTER_FREE, RECORDING */
  async ints(): Promise<Int32Array<ArrayBuffer>> {
    return new Int32Array(await this.readWords('ints()', 'i32'));
  }

  private async readWords(what: string, dtype: DType): Promise<ArrayBuffer> {
    this.assertLive();
    if (this.dtype !== dtype) {
      throw new ShadegradError('INVALID_ARGUMENT', `${what} of "${this.label}"`, {
        expected: `an ${dtype} tensor`,
        received: this.dtype,
        fix: `use ${{ f32: 'data()', f16: 'data()', i32: 'ints()', u8: 'bytes()' }[this.dtype]}`,
      });
    }
    return this.readElements();
  }

  /** The bytes of the elements, without the gaps between the rows. */
  private async readElements(): Promise<ArrayBuffer> {
    this.assertLive();
    const width = BYTES[this.dtype];
    const [start, stride, length] = [this.offset * width, this.rowStride * width, this.channels * width];
    // Whole words are read: a half may begin in the middle of one.
    const from = Math.floor(start / 4) * 4;
    const end = Math.ceil((start + (this.rows - 1) * stride + length) / 4) * 4;
    const raw = await this.gpu.read(this.storage, from, end - from);
    const result = new Uint8Array(this.size * width);
    for (let row = 0; row < (this.contiguous ? 1 : this.rows); row++) {
      const at = start - from + row * stride;
      result.set(raw.subarray(at, at + (this.contiguous ? result.length : length)), row * length);
    }
    return result.buffer;
  }

  /** Reads the bytes of a u8 tensor back, in row-major order. @throws as data(): INVALID_ARGUMENT, USE_AFTER_FREE, RECORDING */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.assertLive();
    this.expectBytes();
    const words = await this.gpu.read(this.storage, this.offset, Math.ceil(this.size / 4) * 4);
    return words.subarray(0, this.size);
  }

  /** Bytes travel four to a word, so a slice of them cannot. */
  private expectBytes(): void {
    if (this.dtype === 'u8' && this.contiguous && this.offset === 0) return;
    throw new ShadegradError('INVALID_ARGUMENT', `bytes of "${this.label}"`, {
      expected: 'a whole u8 tensor',
      received: this.dtype === 'u8' ? 'a slice of one' : this.dtype,
      fix: 'read or write the tensor it was sliced from; use data() and write() for f32',
    });
  }

  /** Reads the number of a tensor of one element back, f32, f16 or i32. @throws SHAPE_MISMATCH for more elements; and as data() */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShadegradError('SHAPE_MISMATCH', `item() of "${this.label}"`, {
        expected: 'one element',
        received: formatShape(this.shape),
        fix: 'use data()',
      });
    }
    return (this.dtype === 'i32' ? await this.ints() : await this.data())[0]!;
  }

  /** Takes the tensor out of its scopes, so that it lives until dispose(). Returns the tensor. */
  keep(): this {
    this.gpu.scopes.keep(this);
    return this;
  }

  /** @throws USE_AFTER_FREE for a disposed tensor @internal */
  assertLive(): void {
    if (!this.disposed) return;
    throw new ShadegradError('USE_AFTER_FREE', `tensor "${this.label}" ${formatShape(this.shape)} is used after it was disposed`, {
      expected: 'a live tensor',
      fix: 'return it from the scope that made it, or keep() it there, or dispose it later',
    });
  }

  /** Gives the memory back once no view of it is left, and that of its gradient. Disposing twice is harmless. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.gpu.liveTensors--;
    this.origin = null;
    this.gradientPlace?.tensor.dispose();
    this.gradientPlace = null;
    this.grad = null;
    this.storage.release();
  }

  /** The dispose() of `using x = ...`, which ends the tensor with its block. */
  declare [Symbol.dispose]: () => void;

  static {
    makeDisposable(Tensor);
  }

  /** What the tensor is, in words: its label, type and shape. */
  toString(): string {
    return `Tensor "${this.label}" ${this.dtype} ${formatShape(this.shape)}`;
  }
}

/** True when `b` starts where `a`'s channels end in the same rows: together they are one wider tensor. */
export function adjacentChannels(a: Tensor, b: Tensor): boolean {
  return (
    a.storage === b.storage &&
    a.dtype === b.dtype &&
    a.rowStride === b.rowStride &&
    a.offset + a.channels === b.offset &&
    sameShape(a.shape.slice(0, -1), b.shape.slice(0, -1))
  );
}
