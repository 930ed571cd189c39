import { checkNumbers } from '../formats/finite.js';
import { quoteName } from '../formats/names.js';
import type { StoredDType, TensorToWrite, WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { OneMoment } from '../gpu/one-moment.js';
import type { Storage } from '../gpu/storage.js';
import { UploadPace } from '../gpu/upload-pace.js';
import { formatShape, sameShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { inverseAxes, permuteNumbers, permuteShape } from './axes.js';
import { checkChoice } from './options.js';
import type { ModuleTensor } from './parameter.js';

/** The order in which the axes of weights lie: this library's ([h, w, in, out], [in, out]), or PyTorch's ([out, in, h, w], [out, in]). */
export type WeightLayout = 'shadegrad' | 'pytorch';

const LAYOUTS: readonly string[] = ['shadegrad', 'pytorch'] satisfies WeightLayout[];
/** Where a file of this library says in JSON what it is. */
const INFO_KEY = 'shadegrad';
/** Differences named in one message: the first ones tell of what kind they are. */
const NAMED_DIFFERENCES = 3;
/** What torch.nn.DataParallel puts before every name. */
const PARALLEL = 'module.';

/** A tensor of a module's state; its numbers are read from the device when they are asked for. */
export interface StateTensor extends TensorToWrite {
  /** The type that the numbers are to have in a file: 'i64' of PyTorch's counters; absent for the type that the file has otherwise. */
  readonly dtype?: StoredDType;
}

/**
 * The parameters and buffers of a module by name, as they are read: what Module.stateDict() gives, Module.loadStateDict() takes, and
 * the encoders of files write. Knows its layout.
 */
export class StateDict extends Map<string, StateTensor> {
  /** The memory that the numbers are read from. @internal */
  storages: ReadonlySet<Storage> = new Set();

  /** Makes a state dict of tensors by name, for Module.loadStateDict(). */
  constructor(
    /** How the weights lie. */
    readonly layout: WeightLayout,
    entries: Iterable<readonly [string, StateTensor]> = [],
  ) {
    super(entries);
  }
}

/** Options of Module.stateDict(): how weights lie, and what stands before the names. */
export interface StateDictOptions {
  /** How the weights lie. Default 'shadegrad'. */
  layout?: WeightLayout;
  /** What stands before each name, such as "generator.". Default nothing. */
  prefix?: string;
}

/** What a module's state consists of. */
export interface ModuleState {
  readonly tensors: ReadonlyMap<string, ModuleTensor>;
  /** Names that PyTorch has besides, of one whole number each. */
  readonly counters: readonly string[];
}

/** See Module.stateDict(). */
export function readState({ tensors, counters }: ModuleState, { layout = 'shadegrad', prefix = '' }: StateDictOptions = {}): StateDict {
  checkChoice('layout of a state dict', layout, LAYOUTS);
  const moment = new OneMoment(
    'a network',
    [...tensors.values()].map(({ value }) => ({ storage: value.storage, region: value.region })),
  );
  const seen = new Set<string>();
  const read = async (name: string, { value }: ModuleTensor): Promise<Float32Array> => {
    // A name for the second time, or all names read: whoever reads begins anew.
    if (seen.has(name) || seen.size === tensors.size) seen.clear();
    if (seen.size === 0) moment.begin();
    else moment.check();
    seen.add(name);
    return value.data();
  };
  const state = new StateDict(layout);
  state.storages = new Set([...tensors.values()].map(({ value }) => value.storage));
  for (const [name, tensor] of tensors) {
    const { shape } = tensor;
    const axes = layout === 'pytorch' ? tensor.pytorchAxes : null;
    const numbers = (): Promise<Float32Array> => read(name, tensor);
    state.set(prefix + name, {
      name: prefix + name,
      shape: axes ? permuteShape(shape, axes) : shape,
      read: axes ? async () => permuteNumbers(await numbers(), shape, axes) : numbers,
    });
  }
  if (layout === 'shadegrad') return state;
  for (const counter of counters) {
    const name = prefix + counter;
    state.set(name, { name, shape: [], dtype: 'i64', read: async () => new Float32Array(1) });
  }
  return state;
}

/** A tensor to load: of a file, of a state dict, or on a device. */
export type LoadableTensor = Tensor | { readonly shape: Shape; read(): Promise<Float32Array> };

/** Options of Module.loadStateDict(): how the tensors lie, which of them are meant, and whether all must fit. */
export interface LoadStateDictOptions {
  /**
   * How the tensors lie. By default as the file or the StateDict says; a file or map that does not say is refused when it makes
   * a difference.
   */
  layout?: WeightLayout;
  /** Whether a tensor that is missing, or that the module has no place for, is an error. Other shapes always are. Default true. */
  strict?: boolean;
  /** Takes the names that begin with this, such as "generator.", without it; other names are left alone. Default: all names. */
  prefix?: string;
}

/** What loading with `strict: false` left out; names are the module's own. */
export interface LoadedState {
  /** Tensors of the module that keep their numbers. */
  readonly missing: readonly string[];
  /** Tensors that the module has no place for. */
  readonly unexpected: readonly string[];
}

/** See Module.loadStateDict(). */
export async function loadState(
  gpu: Gpu,
  { tensors, counters }: ModuleState,
  source: WeightFile | ReadonlyMap<string, LoadableTensor>,
  { layout: given, strict = true, prefix = '' }: LoadStateDictOptions = {},
): Promise<LoadedState> {
  expectSource(source);
  const file = isMap(source) ? null : source;
  const label = file?.name ?? 'the state dict';
  const found = ownNames(isMap(source) ? source : source.tensors, prefix, tensors);
  const layout = layoutOf(source, given, tensors, label);
  const shapeIn = (lying: WeightLayout, { shape, pytorchAxes }: ModuleTensor): Shape =>
    lying === 'pytorch' && pytorchAxes ? permuteShape(shape, pytorchAxes) : shape;
  const shapeOf = (tensor: ModuleTensor): Shape => shapeIn(layout, tensor);

  const missing = [...tensors.keys()].filter((name) => !found.has(name));
  const unexpected = [...found.keys()].filter((name) => !tensors.has(name) && !counters.includes(name));
  const unequal = [...tensors].filter(([name, tensor]) => found.has(name) && !sameShape(found.get(name)!.shape, shapeOf(tensor)));
  if (unequal.length > 0 || (strict && missing.length + unexpected.length > 0)) {
    const other = layout === 'pytorch' ? 'shadegrad' : 'pytorch';
    const turned = unequal.length > 0 && unequal.every(([name, tensor]) => sameShape(found.get(name)!.shape, shapeIn(other, tensor)));
    throw mismatch(
      label,
      tensors,
      [
        ...(strict ? missing.map((name) => `${quoteName(name)} is missing`) : []),
        ...unequal.map(
          ([name, tensor]) =>
            `${quoteName(name)} is ${formatShape(found.get(name)!.shape)} where ${formatShape(shapeOf(tensor))} is needed`,
        ),
        ...(strict ? unexpected.map((name) => `${quoteName(name)} has no place`) : []),
      ],
      turned ? `pass { layout: '${other}' }: its shapes are those` : mend([...found.keys()], strict ? missing : [], prefix),
    );
  }

  const wanted = [...tensors].flatMap(([name, tensor]) => (found.has(name) ? [{ name, tensor, stored: found.get(name)! }] : []));
  // Numbers in the very memory that is to be filled are read before any of it is overwritten.
  const sources = new Set([...(source instanceof StateDict ? source.storages : []), ...storagesIn(found.values())]);
  const overlapping = wanted.some(({ tensor }) => sources.has(tensor.value.storage));
  const kept = new Map<string, Float32Array>();
  // Twice over, so that the module is as it was when one of the tensors cannot be read or is refused.
  for (const { name, tensor, stored } of wanted) {
    const numbers = await numbersOf(stored, { label, name, size: tensor.size });
    if (overlapping) kept.set(name, numbers);
  }
  await fillTensors(
    gpu,
    wanted.map(({ name, tensor, stored }) => ({
      tensor,
      async read() {
        const numbers = kept.get(name) ?? (await numbersOf(stored, { label, name, size: tensor.size }));
        const axes = layout === 'pytorch' ? tensor.pytorchAxes : null;
        return axes ? permuteNumbers(numbers, stored.shape, inverseAxes(axes)) : numbers;
      },
    })),
  );
  return { missing, unexpected };
}

/** Writes numbers to tensors of a module, one tensor after the other: more of them are never in memory. @throws what read() throws */
export async function fillTensors(
  gpu: Gpu,
  all: Iterable<{ readonly tensor: ModuleTensor; read(): Promise<Float32Array> }>,
): Promise<void> {
  const pace = new UploadPace(gpu);
  for (const { tensor, read } of all) {
    const numbers = await read();
    tensor.value.write(numbers);
    await pace.wrote(numbers.byteLength);
  }
  await pace.finish();
}

const storagesIn = (stored: Iterable<LoadableTensor>): Storage[] =>
  [...stored].flatMap((each) => (each instanceof Tensor ? [each.storage] : []));

type StateSource = WeightFile | ReadonlyMap<string, LoadableTensor>;

function expectSource(source: unknown): void {
  if (isMap(source as StateSource) || isMap((source as Partial<WeightFile> | null)?.tensors as StateSource)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'what loadStateDict() is to load', {
    expected: 'a Map of tensors by name, what stateDict() returns, or an open file of weights',
    received: source === null ? 'null' : typeof source === 'object' ? 'an object that is none of these' : typeof source,
    fix: 'make a Map of an object: new Map(Object.entries(tensors)); open a file with loadModule(path, module)',
  });
}

const isMap = (source: StateSource): source is ReadonlyMap<string, LoadableTensor> => source instanceof Map;

/** What is to be loaded, by the module's own names. */
function ownNames(
  all: ReadonlyMap<string, LoadableTensor>,
  prefix: string,
  tensors: ReadonlyMap<string, ModuleTensor>,
): Map<string, LoadableTensor> {
  const chosen = [...all].filter(([name]) => name.startsWith(prefix));
  const found = new Map(chosen.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  const parallel = (names: Iterable<string>): boolean => [...names].every((name) => name.startsWith(PARALLEL));
  if (found.size === 0 || !parallel(found.keys()) || (tensors.size > 0 && parallel(tensors.keys()))) return found;
  return new Map([...found].map(([name, tensor]) => [name.slice(PARALLEL.length), tensor]));
}

function layoutOf(
  source: StateSource,
  given: WeightLayout | undefined,
  tensors: ReadonlyMap<string, ModuleTensor>,
  label: string,
): WeightLayout {
  if (given !== undefined) {
    checkChoice('layout of a state dict', given, LAYOUTS);
    return given;
  }
  if (source instanceof StateDict) return source.layout;
  const said = isMap(source) ? null : layoutOfFile(source);
  if (said) return said;
  const matters = [...tensors].find(([, { pytorchAxes }]) => pytorchAxes !== null);
  if (!matters) return 'shadegrad';
  throw new ShadegradError('INVALID_ARGUMENT', `${label} does not say how its tensors lie`, {
    expected: `the layout of ${quoteName(matters[0])}: this library's or PyTorch's`,
    received: isMap(source) ? 'a map of tensors alone' : 'a file without a word of it',
    fix: "pass { layout: 'pytorch' } for what PyTorch has written, { layout: 'shadegrad' } for what this library has",
  });
}

function layoutOfFile({ format, metadata }: WeightFile): WeightLayout | null {
  if (format === 'pytorch') return 'pytorch';
  const info = metadata.get(INFO_KEY);
  if (info !== undefined) return describedLayout(info);
  return metadata.get('format') === 'pt' ? 'pytorch' : null;
}

/** This library's files lie as it has them, unless they say otherwise. */
function describedLayout(info: string): WeightLayout {
  try {
    return (JSON.parse(info) as { layout?: unknown } | null)?.layout === 'pytorch' ? 'pytorch' : 'shadegrad';
  } catch {
    return 'shadegrad';
  }
}

async function numbersOf(
  stored: LoadableTensor,
  { label, name, size }: { label: string; name: string; size: number },
): Promise<Float32Array> {
  const numbers = stored instanceof Tensor ? Float32Array.from(await stored.data()) : await stored.read();
  if (numbers.length !== size) {
    throw new ShadegradError('WEIGHTS_MISMATCH', `contents of ${quoteName(name)}`, {
      expected: `${size} numbers`,
      received: `${numbers.length} numbers`,
      fix: 'return as many numbers from read() as the shape has',
    });
  }
  checkNumbers(numbers, { label, name, shape: stored.shape });
  return numbers;
}

function mismatch(label: string, tensors: ReadonlyMap<string, ModuleTensor>, differences: readonly string[], fix: string): ShadegradError {
  const rest = differences.length - NAMED_DIFFERENCES;
  return new ShadegradError('WEIGHTS_MISMATCH', `${label}: the tensors are not those of this module`, {
    expected: `${tensors.size} tensors of its names and shapes`,
    received: differences.slice(0, NAMED_DIFFERENCES).join('; ') + (rest > 0 ? `; and ${rest} more differences` : ''),
    fix,
  });
}

/** What helps most: the prefix under which a missing tensor would be found. */
function mend(names: readonly string[], missing: readonly string[], prefix: string): string {
  const [first] = missing;
  const full = first === undefined ? undefined : names.find((name) => name.endsWith(`.${first}`));
  if (full !== undefined) return `pass { prefix: ${JSON.stringify(prefix + full.slice(0, -first!.length))} }: it is there under that`;
  return 'build the module as the one that was saved; where names alone differ, { strict: false } loads those that are the same';
}
