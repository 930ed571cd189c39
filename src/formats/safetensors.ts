import { ShadegradError } from '../errors.js';
import { oneLine } from './names.js';

/** Bytes of one number of each type that safetensors files hold. */
const DTYPE_BYTES: Readonly<Record<SafetensorsDType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** The type of a tensor's numbers, as safetensors files name it. */
export type SafetensorsDType =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'U16'
  | 'I16'
  | 'F16'
  | 'BF16'
  | 'U32'
  | 'I32'
  | 'F32'
  | 'U64'
  | 'I64'
  | 'F64';

/** A tensor as a header names it. */
export interface SafetensorsEntry {
  /** The name, as the file has it. */
  readonly name: string;
  /** The type of the numbers. */
  readonly dtype: SafetensorsDType;
  /** The lengths of the axes, outermost first; none for a single number. */
  readonly shape: readonly number[];
}

/** A tensor of a safetensors file, and where its bytes lie. */
export interface SafetensorsTensor extends SafetensorsEntry {
  /** The first of its bytes, counted from the start of the file. */
  readonly start: number;
  /** The byte after its last, counted from the start of the file. */
  readonly end: number;
}

/** The header of a safetensors file, read by parseHeader(). */
export interface SafetensorsHeader {
  /** The tensors, in the order of their bytes. */
  readonly tensors: readonly SafetensorsTensor[];
  /** What the file says of itself in words, by key. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The number of bytes before the first tensor's. */
  readonly dataStart: number;
}

/** Bytes of the field that holds the header's length. */
export const LENGTH_BYTES = 8;
/** The limit of the reference implementation: a longer header is an attack or another kind of file. */
const MAX_HEADER_BYTES = 100_000_000;
/** The root, a tensor or the metadata, a shape or a range. */
const MAX_NESTING = 3;
const METADATA = '__metadata__';
/** Parts of names that would reach an object's prototype in a program that stores tensors under their names. */
const UNSAFE_PARTS = new Set(['__proto__', 'prototype', 'constructor']);

/** Counts the bytes that a tensor takes. NaN when its shape is no shape or there are too many to count. */
export function tensorBytes({ dtype, shape }: Pick<SafetensorsEntry, 'dtype' | 'shape'>): number {
  let bytes = DTYPE_BYTES[dtype];
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(length) || length < 0 || !Number.isSafeInteger(bytes)) return NaN;
  }
  return bytes;
}

export function hasUnsafePart(name: string): boolean {
  return name.split('.').some((part) => UNSAFE_PARTS.has(part));
}

/**
 * Encodes the start of a safetensors file: the header's length, the header padded with spaces to a multiple of 8 bytes. The tensors'
 * bytes follow in the order of `entries`, without gaps, little-endian.
 *
 * @throws INVALID_ARGUMENT for a name that is used twice or cannot be read back, and for a shape that is none
 */
export function encodeHeader(entries: readonly SafetensorsEntry[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set(METADATA, metadata);
  let position = 0;
  for (const { name, dtype, shape } of entries) {
    const bytes = tensorBytes({ dtype, shape });
    if (header.has(name) || name === METADATA || hasUnsafePart(name) || Number.isNaN(bytes)) {
      throw new ShadegradError('INVALID_ARGUMENT', `tensor "${name}" [${shape.join(', ')}] of a safetensors file`, {
        expected: `a name used once, without "${METADATA}" or "__proto__", and axes of whole lengths`,
        fix: 'rename the tensor or correct its shape',
      });
    }
    header.set(name, { dtype, shape, data_offsets: [position, position + bytes] });
    position += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const result = new Uint8Array(LENGTH_BYTES + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(result.buffer).setBigUint64(0, BigInt(result.length - LENGTH_BYTES), true);
  result.set(json, LENGTH_BYTES);
  return result;
}

/** Makes the error for a file that is not what it should be. */
function corrupt(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${label}: ${what}`, {
    expected,
    received,
    fix: 'the file is damaged, cut short or no safetensors file: copy it again, or use an earlier one',
  });
}

/**
 * Tells how many bytes the header of a safetensors file takes, its length field included: read so many, then call `parseHeader()`.
 *
 * @throws WEIGHTS_CORRUPT for a length that cannot be
 */
export function headerBytes(start: Uint8Array, fileSize: number, label = 'safetensors file'): number {
  if (start.length < LENGTH_BYTES || fileSize < LENGTH_BYTES) {
    throw corrupt(label, 'too short for a header', `at least ${LENGTH_BYTES} bytes`, `${Math.min(start.length, fileSize)} bytes`);
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw corrupt(label, 'this is no safetensors file', `a header of at most ${MAX_HEADER_BYTES} bytes`, `the first 8 bytes say ${length}`);
  }
  if (Number(length) > fileSize - LENGTH_BYTES) {
    throw corrupt(label, 'the file is cut short', `a header of ${length} bytes`, `${fileSize - LENGTH_BYTES} bytes after the first 8`);
  }
  return LENGTH_BYTES + Number(length);
}

/**
 * Reads a header as strictly as the reference implementation does, and stricter about names: every byte of the file
 * belongs to exactly one tensor, so that no header can make a reader allocate more than the file's size.
 *
 * @param start the file's first bytes: as many as `headerBytes` says, or more
 * @param fileSize bytes of the whole file
 * @param label names the file in errors
 * @throws WEIGHTS_CORRUPT with what is wrong
 */
export function parseHeader(start: Uint8Array, fileSize: number, label = 'safetensors file'): SafetensorsHeader {
  const dataStart = headerBytes(start, fileSize, label);
  if (start.length < dataStart) throw corrupt(label, 'the header is cut short', `${dataStart} bytes`, `${start.length} bytes`);
  const root = parseJson(start.subarray(LENGTH_BYTES, dataStart), label);

  const tensors: SafetensorsTensor[] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(root)) {
    if (name === METADATA) metadata = parseMetadata(value, label);
    else tensors.push(parseEntry(name, value, dataStart, label));
  }
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);

  let position = dataStart;
  for (const { name, start: tensorStart, end } of tensors) {
    if (tensorStart !== position) {
      throw corrupt(
        label,
        `tensor ${quote(name)} ${tensorStart < position ? 'overlaps the one before it' : 'leaves a gap before it'}`,
        `it starts at byte ${position - dataStart} of the data`,
        `byte ${tensorStart - dataStart}`,
      );
    }
    position = end;
  }
  if (position !== fileSize) {
    throw corrupt(
      label,
      position > fileSize ? 'the file is cut short' : 'there are bytes after the last tensor',
      `${position} bytes in all`,
      `${fileSize} bytes`,
    );
  }
  return { tensors, metadata, dataStart };
}

/**
 * An object in JSON as untrusted files may hold it: UTF-8, no name twice, no deep nesting. Also for an index of shards.
 *
 * @throws WEIGHTS_CORRUPT
 */
export function parseJson(bytes: Uint8Array, label: string): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text[0] !== '{') throw new SyntaxError(`it begins with ${quote(text.slice(0, 8))}`);
    checkStructure(text);
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw corrupt(label, 'the header cannot be read', 'a JSON object in UTF-8, each name once', (cause as Error).message);
  }
}

/**
 * What JSON.parse does not do: refuses a name that is used twice, and nesting so deep that parsing it would take far
 * more memory than the file. One pass over the text; what is no JSON at all is left to JSON.parse.
 */
function checkStructure(text: string): void {
  /** For each open bracket its names so far; null for an array. */
  const open: (Set<string> | null)[] = [];
  let nameNext = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') {
      let end = i + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      const names = open[open.length - 1];
      if (nameNext && names) {
        const name = JSON.parse(text.slice(i, end + 1)) as string;
        if (names.has(name)) throw new SyntaxError(`${quote(name)} is there twice`);
        names.add(name);
      }
      nameNext = false;
      i = end;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null);
      if (open.length > MAX_NESTING) throw new SyntaxError(`brackets are nested more than ${MAX_NESTING} deep`);
      nameNext = true;
    } else if (character === '}' || character === ']') {
      open.pop();
      nameNext = false;
    } else if (character === ',') {
      nameNext = true;
    }
  }
}

function parseMetadata(value: unknown, label: string): Map<string, string> {
  const entries = isObject(value) ? Object.entries(value) : null;
  if (!entries || entries.some(([name, text]) => typeof text !== 'string' || hasUnsafePart(name))) {
    throw corrupt(label, 'the metadata cannot be read', 'an object whose values are strings', quote(value));
  }
  return new Map(entries as [string, string][]);
}

function parseEntry(name: string, value: unknown, dataStart: number, label: string): SafetensorsTensor {
  const what = `tensor ${quote(name)}`;
  if (hasUnsafePart(name)) throw corrupt(label, what, 'a name without "__proto__", "prototype" or "constructor"', quote(name));
  if (!isObject(value)) throw corrupt(label, what, 'an object with dtype, shape and data_offsets', quote(value));
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw corrupt(label, `${what}: unknown dtype`, Object.keys(DTYPE_BYTES).join(', '), quote(dtype));
  }
  if (!isCounts(shape)) throw corrupt(label, `${what}: bad shape`, 'whole numbers of at least 0', quote(shape));
  if (!isCounts(range) || range.length !== 2 || range[1]! < range[0]!) {
    throw corrupt(label, `${what}: bad data_offsets`, 'its first byte and the one after its last', quote(range));
  }
  const entry = { name, dtype: dtype as SafetensorsDType, shape };
  const [first, end] = range as [number, number];
  const bytes = tensorBytes(entry);
  if (end - first !== bytes) {
    throw corrupt(
      label,
      `${what}: its shape and its data_offsets disagree`,
      `${Number.isNaN(bytes) ? 'more bytes than can be counted' : `${bytes} bytes`} for ${dtype} ${quote(shape)}`,
      `${end - first} bytes`,
    );
  }
  return { ...entry, start: dataStart + first, end: dataStart + end };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

/** A part of an untrusted file for a message: short, and without control characters. */
export function quote(value: unknown): string {
  return oneLine(JSON.stringify(value) ?? 'nothing', 80);
}
