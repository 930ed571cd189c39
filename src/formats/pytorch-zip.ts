import { ShadegradError } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { crc32 } from './crc32.js';
import { STORED_DTYPE_BYTES } from './half.js';
import { PickleCutShort, unpickle } from './pickle-read.js';
import { MAX_PICKLE_BYTES, type OpenContainer } from './pytorch-container.js';
import { corrupt, quote, unsupported } from './pytorch-errors.js';
import { PyTorchRules, type StorageRef } from './pytorch-globals.js';
import type { StorageBytes } from './pytorch-tensor.js';
import { readZipDirectory, type ZipEntry } from './zip-read.js';

/** Of the archive; checkpoints have had 2 and 3. */
const MAX_FORMAT_VERSION = 10;
/** A file of weights inside of an archive, as downloads are often packed. */
const PACKED = /\.(?:pth|pt|ckpt|safetensors|pict|h5)$|(?:^|\/)model\.json$/i;

/**
 * The archives that PyTorch writes since version 1.6: one folder of any name with a pickle and an entry for each storage.
 */
export async function openZipContainer(source: ByteSource): Promise<OpenContainer> {
  const entries = await readZipDirectory(source);
  const pickles = [...entries.values()].filter(({ name }) => /^(?:[^/]*\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  const packed = [...entries.keys()].find((name) => PACKED.test(name));
  if (!pickle && packed !== undefined) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${source.name}: this is a zip archive with a file of weights in it`, {
      expected: 'the file of weights itself',
      received: `an archive of ${entries.size} entries, such as ${quote(packed)}`,
      fix: 'unpack it, and name the file of weights in it',
    });
  }
  if (!pickle || pickles.length > 1)
    throw corrupt(
      source.name,
      'this archive is no PyTorch checkpoint',
      'one data.pkl',
      `${pickles.length} of them among ${entries.size} entries`,
    );
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`) || [...entries.keys()].some((name) => name.startsWith(`${folder}code/`))) {
    throw unsupported(
      source.name,
      'this is a TorchScript archive: a program, with its weights',
      'a checkpoint that torch.save wrote',
      'a file of torch.jit.save',
    );
  }
  for (const { name, method } of entries.values()) {
    if (method !== 0)
      throw unsupported(
        source.name,
        `entry ${quote(name)} is compressed`,
        'entries stored as they are, as torch.save does',
        `compression method ${method}`,
      );
  }
  await checkMarkers(source, entries, folder);

  if (pickle.size > MAX_PICKLE_BYTES)
    throw unsupported(source.name, 'its pickle is too large', `at most ${MAX_PICKLE_BYTES} bytes`, `${pickle.size}`);
  const bytes = await readEntry(source, pickle);
  const rules = new PyTorchRules(source.name, false, bytes.length);
  const root = unpickleWhole(source, bytes, rules);
  return {
    container: 'zip',
    root,
    pickleBytes: bytes.length,
    storages: locate(source, rules.storages, entries, folder),
    storedNumbers: rules.storedNumbers(),
  };
}

function unpickleWhole(source: ByteSource, bytes: Uint8Array, rules: PyTorchRules): unknown {
  try {
    return unpickle(bytes, 0, rules).value;
  } catch (error) {
    if (!(error instanceof PickleCutShort)) throw error;
    throw corrupt(source.name, 'its pickle is cut short', 'a whole one', error.message);
  }
}

/** The entries that say how the rest is to be read. */
async function checkMarkers(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>, folder: string): Promise<void> {
  const version = await readText(source, entries.get(`${folder}version`) ?? entries.get(`${folder}.data/version`));
  if (version === null || !/^\d{1,4}\s*$/.test(version))
    throw corrupt(source.name, 'the version of its format cannot be read', 'an entry "version" with a number', quote(version));
  if (Number(version) > MAX_FORMAT_VERSION)
    throw unsupported(source.name, 'it is of a newer format', `versions up to ${MAX_FORMAT_VERSION}`, version.trim());
  const order = await readText(source, entries.get(`${folder}byteorder`));
  if (order === 'big') throw unsupported(source.name, 'its numbers are big-endian', 'little-endian ones', 'a file of a big-endian machine');
  if (order !== null && order !== 'little') throw corrupt(source.name, 'its byte order cannot be read', 'little or big', quote(order));
}

async function readText(source: ByteSource, entry: ZipEntry | undefined): Promise<string | null> {
  if (!entry || entry.size > 16) return null;
  return String.fromCharCode(...(await readEntry(source, entry)));
}

async function readEntry(source: ByteSource, { name, start, size, crc }: ZipEntry): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  await source.read(start, bytes);
  if (crc !== 0 && crc32(bytes) !== crc)
    throw corrupt(source.name, `entry ${quote(name)} is damaged`, `bytes whose CRC-32 is ${crc}`, String(crc32(bytes)));
  return bytes;
}

function locate(
  source: ByteSource,
  storages: ReadonlyMap<string, StorageRef>,
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
): Map<string, StorageBytes> {
  const result = new Map<string, StorageBytes>();
  for (const { key, dtype, length } of storages.values()) {
    const entry = entries.get(`${folder}data/${key}`);
    const bytes = length * STORED_DTYPE_BYTES[dtype];
    if (entry?.size !== bytes)
      throw corrupt(
        source.name,
        `storage ${quote(key)} is not as it should be`,
        `an entry of ${bytes} bytes`,
        entry ? `${entry.size} bytes` : 'none',
      );
    result.set(key, entry);
  }
  return result;
}
