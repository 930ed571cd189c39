import { ShadegradError } from '../errors.js';
import { isFloat } from '../gpu/params.js';
import { elementCount, expectShape, formatShape, type Shape } from '../tensor/shape.js';
import { Tensor, type DType } from '../tensor/tensor.js';
import { grid, storedTypes, type Constants } from './kernel.js';
import elementsSource from '../../shaders/shared/elements.wgsl';
import stretchSource from '../../shaders/shared/stretch.wgsl';

/** WGSL that kernels need which walk their elements by `elementGrid()`: `stretch`, and for tensors of one shape `address`. */
export const walkSource = `${stretchSource}\n${elementsSource}`;

const WORKGROUP = 64;
/** Adam over 8 million parameters, GB/s on lavapipe: 11.5 with 1, 15.2 with 8, 19.6 with 32, 19.2 with 64. */
const MOST_ELEMENTS_EACH = 32;
/** Small tensors still occupy all cores. */
const FEWEST_SOFTWARE_WORKGROUPS = 16;

/**
 * The walk of an elementwise kernel through tensors of one shape, made by walkElements(): the host half of
 * shaders/shared/stretch.wgsl and elements.wgsl.
 */
export interface ElementWalk {
  /** WGSL with the functions `stretch` and `address`, to stand before the kernel. */
  readonly source: string;
  /** Constants of that WGSL, for specialise(). */
  readonly constants: Constants;
  /** Type aliases of that WGSL, for specialise(): `element` is f32 or vec4f. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Those aliases and NAME_element for each binding that may hold f16, by the names of the bindings: see storedTypes(). */
  types(tensors: Readonly<Record<string, Tensor>>): Readonly<Record<string, string>>;
  /** Whether an element is four numbers. */
  readonly vectorized: boolean;
  /** Elements in all. */
  readonly count: number;
  /** Elements in a row. */
  readonly columns: number;
  /** Workgroups of 64 invocations, for gpu.dispatch(). */
  readonly workgroups: readonly [number, number, number];
  /**
   * Where a tensor lies in its binding, in elements: the first one, and how far it is from row to row; 0 where the kernel does not use
   * that.
   */
  place(tensor: Tensor): [base: number, stride: number];
}

/**
 * Chooses the walk of an elementwise kernel: four numbers at a time where all tensors allow; as one long row where none has gaps, so
 * that three-channel images are read four numbers at a time too.
 *
 * ```ts
 * const walk = walkElements([x, y]);
 * const params = new Params().u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(y));
 * ```
 *
 * @param tensors all of one shape (or, by channel, one row long)
 * @param byChannel keeps the channels apart, for kernels that need to know which one an element belongs to
 */
export function walkElements(tensors: readonly Tensor[], byChannel = false): ElementWalk {
  const { size, channels } = tensors[0]!;
  const strided = tensors.some((tensor) => !tensor.contiguous);
  const rowLength = strided || byChannel ? channels : size;
  const aligned = tensors.every(({ offset, rowStride }) => offset % 4 === 0 && (!strided || rowStride % 4 === 0));
  const width = aligned && rowLength % 4 === 0 ? 4 : 1;
  const aliases = { element: width === 4 ? 'vec4f' : 'f32' };
  return {
    source: walkSource,
    constants: { STRIDED: strided },
    aliases,
    types: (bindings) => ({ ...aliases, ...storedTypes(width, bindings) }),
    vectorized: width === 4,
    count: size / width,
    columns: rowLength / width,
    workgroups: elementGrid(size / width, tensors[0]!.gpu.adapter.software),
    place: (tensor) => [tensor.base / width, strided ? tensor.rowStride / width : 0],
  };
}

/** An invocation costs a CPU adapter as much as several elements; a GPU would rather have many. */
export function elementGrid(count: number, software: boolean): [number, number, number] {
  if (!software) return grid(count, WORKGROUP);
  const each = Math.min(MOST_ELEMENTS_EACH, Math.ceil(count / (WORKGROUP * FEWEST_SOFTWARE_WORKGROUPS)));
  return grid(count, WORKGROUP * each);
}

/** The tensors of an operation by the names that its caller knows them by; those that may be left out may be absent. */
export type Operands = Readonly<Record<string, Tensor | null | undefined>>;

const TYPE_ADVICE: Partial<Record<DType, string>> = {
  u8: 'make bytes with Tensor.fromBytes() or floatToImage()',
  i32: 'make it with Tensor.from(gpu, new Int32Array([...]), shape)',
};

const CONVERSIONS: Record<Exclude<DType, 'f32'>, string> = {
  f16: "it with cast(x, 'f32')",
  i32: 'labels and indices with oneHot() or embedding()',
  u8: 'images with imageToFloat()',
};

/** The types of numbers that are computed with: what a kernel takes whose bindings have types by storedTypes(). */
export const FLOATS: readonly DType[] = ['f32', 'f16'];

/**
 * Checks the tensors of an operation before anything is dispatched or allocated. Every host half calls it first: what
 * it forgets is refused when the kernel binds it (Tensor.read()), but then an operation of several kernels is half done.
 * @throws USE_AFTER_FREE for a disposed tensor; INVALID_ARGUMENT for one of another type; DEVICE_MISMATCH unless all are
 *   on one Gpu
 */
export function expectOperands(operation: string, operands: Operands, dtype: DType | readonly DType[] = 'f32'): void {
  const types = typeof dtype === 'string' ? [dtype] : dtype;
  let first: [name: string, tensor: Tensor] | null = null;
  for (const name in operands) {
    const tensor = operands[name];
    if (tensor === undefined || tensor === null) continue;
    expectTensor(operation, name, tensor);
    tensor.assertLive();
    tensor.storage.assertLive();
    if (!types.includes(tensor.dtype)) {
      throw new ShadegradError('INVALID_ARGUMENT', `${operation}: ${name} "${tensor.label}" has the wrong type`, {
        expected: types.join(' or '),
        received: `${tensor.dtype} ${formatShape(tensor.shape)}`,
        fix: TYPE_ADVICE[types[0]!] ?? `convert ${CONVERSIONS[tensor.dtype as Exclude<DType, 'f32'>]} first`,
      });
    }
    first ??= [name, tensor];
    expectOneDevice(operation, first, [name, tensor]);
  }
}

/**
 * The same for an operation whose kernel converts what it reads and writes.
 *
 * @param floats of f32 or f16
 * @param singles of f32 alone, such as statistics and parameters
 * @throws as expectOperands()
 */
export function expectFloats(operation: string, floats: Operands, singles: Operands = {}): void {
  expectOperands(operation, floats, FLOATS);
  expectOperands(operation, singles);
  const [one, other] = [floats, singles].map((operands) => Object.entries(operands).find(([, tensor]) => tensor) as [string, Tensor]);
  if (one && other) expectOneDevice(operation, one, other);
}

/** The type of what is computed from several tensors: f16 where all are. */
export const widestType = (tensors: readonly Tensor[]): DType => (tensors.every(({ dtype }) => dtype === 'f16') ? 'f16' : 'f32');

/** @throws INVALID_ARGUMENT for what is no tensor: programs without types may pass numbers in its place. */
export function expectTensor(operation: string, name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${operation}: ${name} is no tensor`, {
    expected: 'a tensor',
    received: ArrayBuffer.isView(value) || Array.isArray(value) ? 'a list of numbers' : value === null ? 'null' : typeof value,
    fix: 'make one of numbers with Tensor.from(gpu, numbers, shape), or of a single one with scalar(gpu, number)',
  });
}

/**
 * Checks tensors whose kernel reads or writes them as one run of numbers.
 * @throws INVALID_ARGUMENT for a channel slice, which has gaps between its rows
 */
export function expectWithoutGaps(operation: string, operands: Operands, fix: string): void {
  for (const name in operands) {
    const tensor = operands[name];
    if (!tensor || tensor.contiguous) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `${name} of ${operation}`, {
      expected: 'a tensor without gaps between its rows',
      received: `a channel slice, "${tensor.label}"`,
      fix,
    });
  }
}

/** The same for tensors that have no names of their own. */
export function expectTensors(operation: string, tensors: readonly Tensor[], dtypes: readonly DType[] = ['f32']): void {
  expectOperands(operation, Object.fromEntries(tensors.map((tensor, index) => [`tensor ${index}`, tensor])), dtypes);
}

/** @throws DEVICE_MISMATCH unless both tensors are on one Gpu */
export function expectOneDevice(
  operation: string,
  [name, tensor]: readonly [string, Tensor],
  [otherName, other]: readonly [string, Tensor],
): void {
  if (tensor.gpu === other.gpu) return;
  throw new ShadegradError('DEVICE_MISMATCH', `${operation}: ${name} and ${otherName} are on two Gpus`, {
    expected: `"${other.label}" on the Gpu of "${tensor.label}"`,
    received: `"${other.label}" on another one`,
    fix: 'make all tensors of a computation on one Gpu; data() and Tensor.from() carry numbers from one to another',
  });
}

/** `out` if there is one, checked, else a new tensor of the same type. @throws as expectOperands(); SHAPE_MISMATCH */
export function resultTensor(what: string, like: Tensor, out: Tensor | undefined, dtypes: readonly DType[] = ['f32']): Tensor {
  expectOperands(what, { input: like, out }, dtypes);
  if (!out) return Tensor.empty(like.gpu, like.shape, what, like.dtype);
  expectShape(`out of ${what}`, like.shape, out.shape);
  return out;
}

/** @throws SHAPE_MISMATCH unless the tensor holds one number, in whatever axes. */
export function expectScalar(what: string, shape: Shape): void {
  if (elementCount(shape) !== 1) expectShape(what, [1], shape);
}

/** @throws INVALID_ARGUMENT unless the number is finite. */
export function expectFinite(what: string, value: number): void {
  if (isFloat(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: 'a finite number',
    received: String(value),
    fix: 'check what it was computed from',
  });
}
