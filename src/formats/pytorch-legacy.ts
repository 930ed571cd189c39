import type { ByteSource } from './byte-source.js';
import { STORED_DTYPE_BYTES } from './half.js';
import { PickleCutShort, unpickle } from './pickle-read.js';
import { MAX_PICKLE_BYTES, type OpenContainer } from './pytorch-container.js';
import { corrupt, quote, unsupported } from './pytorch-errors.js';
import { PyTorchRules, type StorageRef } from './pytorch-globals.js';
import type { StorageBytes } from './pytorch-tensor.js';

/** A pickle of the number 0x1950a86a20f9469cfc6c, after its protocol, and the length that protocols from 4 on begin with. */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const PROTOCOL_BYTES = 2;
const FRAME = 0x95;
const FRAME_BYTES = 9;
const PROTOCOL_VERSION = 1001;
const FIRST_BYTES = 2 ** 18;
const LENGTH_BYTES = 8;

/** Whether a file that begins with these bytes is what PyTorch wrote before version 1.6. */
export function isLegacy(start: Uint8Array): boolean {
  return start[0] === 0x80 && MAGIC.every((byte, i) => start[magicAt(start) + i] === byte);
}

function magicAt(start: Uint8Array): number {
  return PROTOCOL_BYTES + (start[PROTOCOL_BYTES] === FRAME ? FRAME_BYTES : 0);
}

/**
 * Five pickles one after another (magic number, version, the machine, the value, the keys of the storages), then the
 * storages in the order of the keys: each the count of its numbers in 64 bits and the numbers.
 */
export async function openLegacy(source: ByteSource): Promise<OpenContainer> {
  // Nothing says how long the pickles are: read more whenever they go on.
  for (let length = FIRST_BYTES; ; length *= 4) {
    const bytes = new Uint8Array(Math.min(length, source.size, MAX_PICKLE_BYTES));
    await source.read(0, bytes);
    try {
      return await openPickles(source, bytes);
    } catch (error) {
      if (!(error instanceof PickleCutShort)) throw error;
      if (bytes.length === source.size) throw corrupt(source.name, 'the file is cut short', 'whole pickles', error.message);
      if (bytes.length === MAX_PICKLE_BYTES)
        throw unsupported(source.name, 'its pickle is too large', `at most ${MAX_PICKLE_BYTES} bytes`, 'more');
    }
  }
}

async function openPickles(source: ByteSource, bytes: Uint8Array): Promise<OpenContainer> {
  const rules = new PyTorchRules(source.name, true, bytes.length);
  const version = unpickle(bytes, magicAt(bytes) + MAGIC.length, rules);
  if (version.value !== PROTOCOL_VERSION)
    throw unsupported(source.name, 'it is of another format', `version ${PROTOCOL_VERSION}`, quote(version.value));
  const machine = unpickle(bytes, version.end, rules);
  const littleEndian = machine.value instanceof Map ? machine.value.get('little_endian') : null;
  if (littleEndian === false)
    throw unsupported(source.name, 'its numbers are big-endian', 'little-endian ones', 'a file of a big-endian machine');
  if (littleEndian !== true) throw corrupt(source.name, 'its byte order cannot be read', 'true or false', quote(littleEndian));
  const root = unpickle(bytes, machine.end, rules);
  const keys = unpickle(bytes, root.end, rules);
  return {
    container: 'legacy',
    root: root.value,
    pickleBytes: root.end - machine.end,
    storages: await readStorages(source, keys.value, keys.end, rules.storages),
    storedNumbers: rules.storedNumbers(),
  };
}

async function readStorages(
  source: ByteSource,
  keys: unknown,
  start: number,
  storages: ReadonlyMap<string, StorageRef>,
): Promise<Map<string, StorageBytes>> {
  const isList = Array.isArray(keys) && keys.every((key) => typeof key === 'string' || typeof key === 'number');
  const named = new Set<string>(isList ? keys.map(String) : []);
  if (!isList || keys.length !== named.size || named.size !== storages.size) {
    throw corrupt(source.name, 'the list of its storages cannot be read', `${storages.size} keys`, quote(keys));
  }
  const result = new Map<string, StorageBytes>();
  const count = new Uint8Array(LENGTH_BYTES);
  let position = start;
  for (const key of named) {
    const storage = storages.get(key);
    if (!storage) throw corrupt(source.name, `storage ${quote(key)} belongs to no tensor`, 'the keys of the tensors', quote(key));
    const size = storage.length * STORED_DTYPE_BYTES[storage.dtype];
    if (!(position + LENGTH_BYTES + size <= source.size)) {
      throw corrupt(
        source.name,
        'the file is cut short',
        `${size} bytes of storage ${quote(key)} after byte ${position}`,
        `${source.size} bytes in all`,
      );
    }
    await source.read(position, count);
    const length = new DataView(count.buffer).getBigUint64(0, true);
    if (length !== BigInt(storage.length))
      throw corrupt(source.name, `storage ${quote(key)} has another length`, `${storage.length} numbers`, String(length));
    result.set(key, { start: position + LENGTH_BYTES, size, crc: 0 });
    position += LENGTH_BYTES + size;
  }
  return result;
}
