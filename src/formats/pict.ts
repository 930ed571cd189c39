import { ShadegradError } from '../errors.js';
import { elementCount } from '../tensor/shape.js';
import type { ByteSource } from './byte-source.js';
import { isObject, quote } from './safetensors.js';
import { refuseStranger } from './stranger.js';
import type { StoredTensor, TensorToWrite, WeightFile } from './weight-file.js';

/** Entries of the codebook: what a byte can name. */
const CODES = 256;
const CODEBOOK_BYTES = 4 * CODES;
const LENGTH_BYTES = 4;
/** The published models list 44 tensors in 4 KB; parsed JSON takes many times its text. */
const MAX_LIST_BYTES = 1 << 20;
const MAX_AXES = 8;
/** Codes taken from the source at a time. */
const CHUNK = 1 << 20;
/** Curvature of the codebook, as in the original writer: steps near 0 are finer than the outermost by this factor. */
const MU = 255;

/** A .pict file, with what it takes to write the same bytes again. */
export interface PictFile extends WeightFile {
  /** The format of the file. */
  readonly format: 'pict';
  /** The value of each code. */
  readonly codebook: Float32Array;
}

function corrupt(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${label}: ${what}`, {
    expected,
    received,
    fix: 'the file is damaged, cut short or no .pict file: copy or download it again',
  });
}

/**
 * Opens a .pict file of pix2pix-tensorflow's browser demos: three records, each a big-endian u32 length and so many
 * bytes. First a JSON list of names and shapes, then 256 little-endian f32 values, then one code a number, tensor
 * after tensor in the order of the list. Tensors are looked up in the codebook when they are read.
 *
 * @throws WEIGHTS_CORRUPT with what is wrong
 */
export async function openPict(source: ByteSource): Promise<PictFile> {
  await refuseStranger(source);
  const { name: label, size } = source;
  let position = 0;
  /** The place of the next record; its length is checked against the file before anything is allocated. */
  const record = async (what: string): Promise<{ start: number; length: number }> => {
    if (size - position < LENGTH_BYTES)
      throw corrupt(label, `there is no ${what}`, `${LENGTH_BYTES} bytes of its length`, `${size - position} bytes after byte ${position}`);
    const bytes = new Uint8Array(LENGTH_BYTES);
    await source.read(position, bytes);
    const length = new DataView(bytes.buffer).getUint32(0);
    const start = position + LENGTH_BYTES;
    if (length > size - start)
      throw corrupt(label, `the ${what} is cut short`, `${length} bytes`, `${size - start} bytes after byte ${start}`);
    position = start + length;
    return { start, length };
  };
  const read = async ({ start, length }: { start: number; length: number }): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(length);
    await source.read(start, bytes);
    return bytes;
  };

  const list = await record('list of tensors');
  if (list.length > MAX_LIST_BYTES)
    throw corrupt(label, 'this is no .pict file', `a list of tensors of at most ${MAX_LIST_BYTES} bytes`, `${list.length} bytes`);
  const entries = parseList(await read(list), label);
  const values = await record('codebook');
  if (values.length !== CODEBOOK_BYTES)
    throw corrupt(label, 'the codebook', `${CODES} numbers, ${CODEBOOK_BYTES} bytes`, `${values.length} bytes`);
  const codebook = decodeCodebook(await read(values), label);
  const codes = await record('codes');
  if (position !== size) throw corrupt(label, 'there are bytes after the codes', `${position} bytes in all`, `${size} bytes`);

  const tensors = new Map<string, StoredTensor>();
  let start = codes.start;
  for (const { name, shape } of entries) {
    tensors.set(name, storedTensor(source, codebook, name, shape, start));
    start += elementCount(shape);
  }
  if (start !== position)
    throw corrupt(label, 'the shapes and the codes disagree', `${start - codes.start} codes for the shapes`, `${codes.length} codes`);
  return { format: 'pict', name: label, tensors, metadata: new Map(), codebook };
}

function storedTensor(source: ByteSource, codebook: Float32Array, name: string, shape: readonly number[], start: number): StoredTensor {
  return {
    name,
    shape,
    dtype: 'u8',
    async read() {
      const result = new Float32Array(elementCount(shape));
      const codes = new Uint8Array(Math.min(CHUNK, result.length));
      for (let done = 0; done < result.length; done += codes.length) {
        const part = codes.subarray(0, Math.min(codes.length, result.length - done));
        await source.read(start + done, part);
        for (let i = 0; i < part.length; i++) result[done + i] = codebook[part[i]!]!;
      }
      return result;
    },
  };
}

function parseList(bytes: Uint8Array, label: string): { name: string; shape: number[] }[] {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt(label, 'the list of tensors cannot be read', 'JSON in UTF-8', quote((cause as Error).message));
  }
  if (!Array.isArray(list)) throw corrupt(label, 'the list of tensors', 'a list of names and shapes', quote(list));
  const names = new Set<string>();
  let numbers = 0;
  return list.map((entry: unknown) => {
    if (!isObject(entry) || typeof entry.name !== 'string' || !Array.isArray(entry.shape)) {
      throw corrupt(label, 'an entry of the list of tensors', 'an object with name and shape', quote(entry));
    }
    const { name } = entry;
    const shape = entry.shape as unknown[];
    if (names.has(name)) throw corrupt(label, `tensor ${quote(name)}`, 'each name once', 'it is there twice');
    names.add(name);
    if (shape.length > MAX_AXES || !shape.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)) {
      throw corrupt(label, `shape of tensor ${quote(name)}`, `at most ${MAX_AXES} whole numbers of at least 0`, quote(shape));
    }
    numbers += elementCount(shape as number[]);
    if (!Number.isSafeInteger(numbers))
      throw corrupt(label, `shape of tensor ${quote(name)}`, 'fewer numbers than bytes in the file', quote(shape));
    return { name, shape: shape as number[] };
  });
}

function decodeCodebook(bytes: Uint8Array<ArrayBuffer>, label: string): Float32Array {
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: CODES }, (_, code) => {
    const value = view.getFloat32(4 * code, true);
    if (!Number.isFinite(value)) throw corrupt(label, `entry ${code} of the codebook`, 'a finite number', String(value));
    return value;
  });
}

/** Options of encodePict(): the values to write numbers with. */
export interface PictOptions {
  /** The 256 values to write the numbers with, such as those of the file that they come from. Default: see encodePict(). */
  codebook?: Float32Array;
}

/**
 * Encodes a .pict file, in parts. Tensors are sorted by name and each is read twice: to find the range of all numbers, and to write the
 * nearest codes.
 *
 * Without a codebook of your own: where all tensors together hold at most 256 different numbers, as they do when they come out of a
 * .pict file, those are the codebook and nothing is lost. Otherwise it is the original writer's: mu-law with mu 255, that is, almost
 * evenly spaced on a logarithmic scale between the smallest and the largest number. No number is then changed by more than 2.2 % of
 * itself plus 1e-4 of the largest magnitude.
 *
 * @throws INVALID_ARGUMENT for a name that is used twice, a shape that its numbers do not fill, a number that is not finite, and a
 *   codebook that is none; what the tensors' own read() throws
 */
export async function* encodePict(tensors: Iterable<TensorToWrite>, { codebook: given }: PictOptions = {}): AsyncGenerator<Uint8Array> {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let numbers = 0;
  for (const [index, { name, shape }] of sorted.entries()) {
    numbers += elementCount(shape);
    if (index > 0 && sorted[index - 1]!.name === name)
      throw invalid(`tensor "${name}" of a .pict file`, 'a name used once', 'it is there twice', 'rename one');
  }
  if (numbers > 0xffff_ffff)
    throw invalid('tensors of a .pict file', 'at most 4,294,967,295 numbers', String(numbers), 'use another format');
  if (given && (given.length !== CODES || !given.every(Number.isFinite))) {
    throw invalid(
      'codebook of a .pict file',
      `${CODES} finite numbers`,
      `${given.length} numbers`,
      'leave it out, or take that of a .pict file',
    );
  }
  const codebook = given ?? (await chooseCodebook(sorted));

  yield listRecord(sorted);
  yield codebookRecord(codebook);
  yield lengthField(numbers);
  const encode = encoder(codebook);
  for (const tensor of sorted) yield encode(await readChecked(tensor));
}

/** Written as Python's json.dumps writes it, so that a file that it made comes back to the byte. */
function listRecord(tensors: readonly TensorToWrite[]): Uint8Array {
  const items = tensors.map(({ name, shape }) => `{"name": ${JSON.stringify(name)}, "shape": [${shape.join(', ')}]}`);
  const json = new TextEncoder().encode(`[${items.join(', ')}]`);
  if (json.length > MAX_LIST_BYTES)
    throw invalid('list of tensors of a .pict file', `at most ${MAX_LIST_BYTES} bytes`, `${json.length} bytes`, 'use another format');
  const record = new Uint8Array(LENGTH_BYTES + json.length);
  record.set(lengthField(json.length));
  record.set(json, LENGTH_BYTES);
  return record;
}

function codebookRecord(codebook: Float32Array): Uint8Array {
  const record = new Uint8Array(LENGTH_BYTES + CODEBOOK_BYTES);
  record.set(lengthField(CODEBOOK_BYTES));
  const view = new DataView(record.buffer);
  codebook.forEach((value, code) => view.setFloat32(LENGTH_BYTES + 4 * code, value, true));
  return record;
}

function lengthField(length: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

async function readChecked(tensor: TensorToWrite): Promise<Float32Array> {
  const { name, shape } = tensor;
  const data = await tensor.read();
  if (data.length !== elementCount(shape))
    throw invalid(
      `numbers of tensor "${name}"`,
      `${elementCount(shape)} for its shape [${shape.join(', ')}]`,
      String(data.length),
      'correct its shape',
    );
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw invalid(
      `number ${index} of tensor "${name}"`,
      'a finite number: a codebook has no others',
      String(data[index]),
      'use safetensors to keep a diverged network',
    );
  return data;
}

async function chooseCodebook(tensors: readonly TensorToWrite[]): Promise<Float32Array> {
  let [smallest, largest] = [Infinity, -Infinity];
  /** By their bits, so that -0 stays -0. */
  const different = new Set<number>();
  for (const tensor of tensors) {
    const data = await readChecked(tensor);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < data.length; i++) {
      if (data[i]! < smallest) smallest = data[i]!;
      if (data[i]! > largest) largest = data[i]!;
      if (different.size <= CODES) different.add(bits[i]!);
    }
  }
  if (different.size > CODES) return muLaw(smallest, largest);
  const values = new Float32Array(Uint32Array.from(different).buffer).sort();
  // Entries that no number uses repeat the last, so that all stay sorted.
  const codebook = new Float32Array(CODES).fill(values.at(-1) ?? 0);
  codebook.set(values);
  return codebook;
}

/** Middles of 256 equal intervals between two numbers on the mu-law scale, back on the scale of the numbers. */
function muLaw(smallest: number, largest: number): Float32Array {
  const scale = Math.max(Math.abs(smallest), Math.abs(largest));
  const compress = (value: number): number => (Math.sign(value) * Math.log1p((MU * Math.abs(value)) / scale)) / Math.log1p(MU);
  const expand = (level: number): number => (Math.sign(level) * scale * Math.expm1(Math.abs(level) * Math.log1p(MU))) / MU;
  const [low, high] = [compress(smallest), compress(largest)];
  return Float32Array.from({ length: CODES }, (_, code) => expand(low + ((high - low) * (code + 0.5)) / CODES));
}

/** What turns numbers into the codes nearest to them; the lowest code where two are as near. */
function encoder(codebook: Float32Array): (values: Float32Array) => Uint8Array {
  const order = Uint8Array.from({ length: CODES }, (_, code) => code).sort((a, b) => codebook[a]! - codebook[b]! || a - b);
  const sorted = Float64Array.from(order, (code) => codebook[code]!);
  const exact = new Map<number, number>();
  const bits = new Uint32Array(codebook.buffer, codebook.byteOffset, CODES);
  for (let code = CODES - 1; code >= 0; code--) exact.set(bits[code]!, code);
  const middles = sorted.subarray(1).map((value, i) => (value + sorted[i]!) / 2);
  return (values) => {
    const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const codes = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const same = exact.get(source[i]!);
      if (same !== undefined) {
        codes[i] = same;
        continue;
      }
      const value = values[i]!;
      let low = 0;
      for (let step = CODES / 2; step >= 1; step /= 2) if (low + step < CODES && value > middles[low + step - 1]!) low += step;
      codes[i] = order[low]!;
    }
    return codes;
  };
}

function invalid(what: string, expected: string, received: string, fix: string): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });
}
