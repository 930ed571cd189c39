import { ShadegradError } from '../errors.js';
import { elementCount } from '../tensor/shape.js';
import type { ByteSource } from './byte-source.js';
import { decodeNumbers, STORED_DTYPE_BYTES } from './half.js';
import { isObject, quote } from './safetensors.js';
import { refuseStranger } from './stranger.js';
import type { StoredDType, StoredTensor, WeightFile } from './weight-file.js';

/** A TensorFlow.js layers model: its weights, and the Keras topology that says what they are of. */
export interface TfjsLayersFile extends WeightFile {
  /** The format of the file. */
  readonly format: 'tfjs-layers';
  /** The model's `modelTopology` as it stands in the file: any JSON. */
  readonly topology: unknown;
}

/** That of the tutorial's U-Net takes 60 KB; parsed JSON takes many times its text. */
const MAX_JSON_BYTES = 1 << 22;
/** The converter cuts weights into shards of 4 MiB: this is 16 GiB. */
const MAX_SHARDS = 4096;
const MAX_AXES = 8;

const DTYPES: Readonly<Record<string, StoredDType>> = { float32: 'f32', float16: 'f16', int32: 'i32', uint8: 'u8', bool: 'bool' };
/** What quantised numbers are stored as. */
const QUANTISED: Readonly<Record<string, StoredDType>> = { uint8: 'u8', uint16: 'u16', float16: 'f16' };

/** How to make a number q of a quantised weight what it stands for: q * scale + min. */
interface Affine {
  readonly scale: number;
  readonly min: number;
  /** The weight is one of whole numbers. */
  readonly round: boolean;
}

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: StoredDType;
  readonly affine: Affine | null;
}

interface Group {
  readonly paths: readonly string[];
  readonly entries: readonly Entry[];
}

function corrupt(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${label}: ${what}`, {
    expected,
    received,
    fix: "model.json or its weights are damaged, or no TensorFlow.js model: copy or export all of the model's files again",
  });
}

function unsupported(label: string, what: string, expected: string, received: string, fix: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, { expected, received, fix });
}

/** Opened files as one run of bytes. */
class Shards {
  private constructor(
    private readonly parts: readonly { readonly start: number; readonly source: ByteSource }[],
    readonly size: number,
  ) {}

  static of(sources: readonly ByteSource[]): Shards {
    let start = 0;
    const parts = sources.map((source) => ({ start: (start += source.size) - source.size, source }));
    return new Shards(parts, start);
  }

  /** Fills `target` with the bytes from `start` on, which may lie in several files. */
  async read(start: number, target: Uint8Array): Promise<void> {
    for (const { start: first, source } of this.parts) {
      const from = Math.max(start, first);
      const to = Math.min(start + target.length, first + source.size);
      if (from < to) await source.read(from - first, target.subarray(from - start, to - start));
    }
  }
}

/**
 * Opens a TensorFlow.js layers model: `model.json`, whose `weightsManifest` lists groups of weights and the files that
 * hold them, one weight after the other across the files of a group. Quantised weights (uint8, uint16, float16) are
 * made float32 when read. Every size is checked against the files before anything is allocated.
 *
 * @param source model.json
 * @param open gives a file of the manifest by its path, relative to model.json's folder, with "/" between folders;
 * paths that leave the folder never get here
 * @throws WEIGHTS_CORRUPT; WEIGHTS_UNSUPPORTED for graph models and other types of numbers; what `open` throws
 */
export async function openTfjsLayers(source: ByteSource, open: (path: string) => Promise<ByteSource>): Promise<TfjsLayersFile> {
  const { name: label } = source;
  const model = await readModel(source);
  const groups = parseManifest(model.weightsManifest, label);
  const tensors = new Map<string, StoredTensor>();
  for (const { paths, entries } of groups) {
    const sources: ByteSource[] = [];
    for (const path of paths) sources.push(await open(path));
    const shards = Shards.of(sources);
    let start = 0;
    for (const entry of entries) {
      if (tensors.has(entry.name)) throw corrupt(label, `weight ${quote(entry.name)}`, 'each name once', 'it is there twice');
      tensors.set(entry.name, storedTensor(shards, entry, start));
      start += elementCount(entry.shape) * STORED_DTYPE_BYTES[entry.dtype];
    }
    if (start !== shards.size) {
      for (const each of sources) await refuseStranger(each);
      throw corrupt(
        label,
        `size of ${paths.length === 1 ? quote(paths[0]) : `${paths.length} files from ${quote(paths[0])} on`}`,
        `${start} bytes for the shapes of ${entries.length} weights`,
        `${shards.size} bytes`,
      );
    }
  }
  const words = ['format', 'generatedBy', 'convertedBy'].filter((key) => typeof model[key] === 'string');
  return {
    format: 'tfjs-layers',
    name: label,
    tensors,
    metadata: new Map(words.map((key) => [key, model[key] as string])),
    topology: model.modelTopology,
  };
}

function storedTensor(shards: Shards, { name, shape, dtype, affine }: Entry, start: number): StoredTensor {
  return {
    name,
    shape,
    dtype,
    async read() {
      const bytes = new Uint8Array(elementCount(shape) * STORED_DTYPE_BYTES[dtype]);
      await shards.read(start, bytes);
      const numbers = decodeNumbers(bytes, dtype);
      if (!affine) return numbers;
      const { scale, min, round } = affine;
      // In double precision and rounded once, as TensorFlow.js does.
      for (let i = 0; i < numbers.length; i++) {
        const value = numbers[i]! * scale + min;
        numbers[i] = round ? Math.round(value) : value;
      }
      return numbers;
    },
  };
}

async function readModel(source: ByteSource): Promise<Record<string, unknown>> {
  await refuseStranger(source, { json: true });
  const { name: label, size } = source;
  if (size > MAX_JSON_BYTES) throw corrupt(label, 'this is no model.json', `at most ${MAX_JSON_BYTES} bytes`, `${size} bytes`);
  const bytes = new Uint8Array(size);
  await source.read(0, bytes);
  let model: unknown;
  try {
    model = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt(label, 'model.json cannot be read', 'JSON in UTF-8', quote((cause as Error).message));
  }
  if (!isObject(model)) throw corrupt(label, 'this is no model.json', 'an object with modelTopology and weightsManifest', quote(model));
  const { format, modelTopology } = model;
  if (format === 'graph-model' || (isObject(modelTopology) && Array.isArray(modelTopology.node))) {
    throw unsupported(
      label,
      'this is a graph model, which has no layers any more',
      'a layers model',
      quote(format),
      'export the Keras model as a layers model: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model',
    );
  }
  if (modelTopology === undefined && model.weightsManifest === undefined) {
    const keys = Object.keys(model).slice(0, 4).map(quote).join(', ');
    const received = `an object with ${keys || 'nothing in it'}`;
    throw corrupt(label, 'this is no model.json', 'an object with modelTopology and weightsManifest', received);
  }
  if (!isObject(modelTopology)) throw corrupt(label, 'modelTopology', 'an object', quote(modelTopology));
  return model;
}

function parseManifest(manifest: unknown, label: string): Group[] {
  if (!Array.isArray(manifest)) throw corrupt(label, 'weightsManifest', 'a list of groups of weights', quote(manifest));
  const seen = new Set<string>();
  return manifest.map((group: unknown) => {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
      throw corrupt(label, 'a group of weightsManifest', 'an object with paths and weights', quote(group));
    }
    const paths = group.paths.map((path: unknown) => {
      const checked = checkPath(path, label);
      if (seen.has(checked)) throw corrupt(label, `file ${quote(checked)} of weightsManifest`, 'each file once', 'it is there twice');
      seen.add(checked);
      return checked;
    });
    if (seen.size > MAX_SHARDS) throw corrupt(label, 'weightsManifest', `at most ${MAX_SHARDS} files`, 'more');
    let numbers = 0;
    const entries = group.weights.map((weight: unknown) => {
      const entry = parseWeight(weight, label);
      numbers += elementCount(entry.shape);
      if (!Number.isSafeInteger(numbers * 8))
        throw corrupt(label, `shape of weight ${quote(entry.name)}`, 'fewer numbers than bytes in the files', quote(entry.shape));
      return entry;
    });
    return { paths, entries };
  });
}

/** A path below the model's own folder, without a leading "./" (browsers' downloads have one). */
function checkPath(path: unknown, label: string): string {
  const relative = typeof path === 'string' ? path.replace(/^\.\//, '') : '';
  // Neither an address nor a drive, neither the folder above nor the root; %2e is a dot to whoever decodes addresses.
  const safe = relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\:%?#\u0000-\u001f]/.test(relative);
  if (safe) return relative;
  throw corrupt(label, 'a path of weightsManifest', "a file in model.json's folder, such as group1-shard1of1.bin", quote(path));
}

function parseWeight(weight: unknown, label: string): Entry {
  if (!isObject(weight) || typeof weight.name !== 'string' || !Array.isArray(weight.shape)) {
    throw corrupt(label, 'a weight of weightsManifest', 'an object with name, shape and dtype', quote(weight));
  }
  const { name, dtype, quantization } = weight;
  const shape = weight.shape as unknown[];
  if (shape.length > MAX_AXES || !shape.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)) {
    throw corrupt(label, `shape of weight ${quote(name)}`, `at most ${MAX_AXES} whole numbers of at least 0`, quote(shape));
  }
  const stored = typeof dtype === 'string' && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype]! : null;
  if (stored === null) {
    throw unsupported(
      label,
      `weight ${quote(name)} has numbers of type ${quote(dtype)}`,
      Object.keys(DTYPES).join(', '),
      quote(dtype),
      'export the model with float32 weights',
    );
  }
  const entry = { name, shape: shape as number[], dtype: stored, affine: null };
  return quantization === undefined ? entry : { ...entry, ...parseQuantisation(quantization, entry, label) };
}

function parseQuantisation(quantisation: unknown, { name, dtype }: Entry, label: string): Pick<Entry, 'dtype' | 'affine'> {
  const what = `quantization of weight ${quote(name)}`;
  if (!isObject(quantisation)) throw corrupt(label, what, 'an object with dtype', quote(quantisation));
  const { dtype: code, min, scale } = quantisation;
  const stored = typeof code === 'string' && Object.hasOwn(QUANTISED, code) ? QUANTISED[code]! : null;
  const half = stored === 'f16';
  if (stored === null || (dtype !== 'f32' && (half || dtype !== 'i32'))) {
    throw unsupported(
      label,
      what,
      'uint8 or uint16 for float32 and int32, float16 for float32',
      `${quote(code)} for a weight of type ${dtype}`,
      'export the model without quantisation',
    );
  }
  if (half) return { dtype: stored, affine: null };
  if (!Number.isFinite(min) || !Number.isFinite(scale))
    throw corrupt(label, what, 'numbers min and scale', `${quote(min)} and ${quote(scale)}`);
  return { dtype: stored, affine: { min: min as number, scale: scale as number, round: dtype === 'i32' } };
}
